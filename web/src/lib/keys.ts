// Keyboard commands. Screens register what they can do; the palette and the help sheet list exactly
// that. Single keys never fire while someone types, never with Alt, and can be switched off
// (WCAG 2.1.4). Letters match event.key, so they follow the keyboard layout.
import { signal } from "@preact/signals";
import { useLayoutEffect } from "preact/hooks";
import { singleKeys } from "./prefs";

export interface Command {
  id: string;
  /** "j", "g w" (a sequence), "mod+k", "mod+enter", "?", "escape"; empty: palette only */
  keys: string;
  label: string;
  run: () => void;
  /** also while typing (only for mod+… and escape) */
  always?: boolean;
}

export const commands = signal<Command[]>([]);
const SEQUENCE_MS = 1200;
let first = "";
let firstAt = 0;

/** Adds the commands while the component is on screen, from the frame in which it appears; the newest wins a key. */
export function useCommands(list: Command[]): void {
  useLayoutEffect(() => {
    commands.value = [...commands.peek(), ...list];
    return () => {
      commands.value = commands.peek().filter((c) => !list.includes(c));
    };
  });
}

function typing(target: EventTarget | null): boolean {
  const el = target as HTMLElement | null;
  if (!el?.matches) return false;
  if (el.matches("input")) {
    const kind = (el as HTMLInputElement).type;
    return !["checkbox", "radio", "button", "submit", "range"].includes(kind);
  }
  return el.matches("textarea, select, [contenteditable]");
}

function nameOf(e: KeyboardEvent): string {
  const key = e.key.toLowerCase();
  return e.ctrlKey || e.metaKey ? `mod+${key}` : key;
}

function find(keys: string): Command | undefined {
  return commands.peek().findLast((c) => c.keys === keys);
}

export function onKey(e: KeyboardEvent): void {
  if (e.altKey || e.isComposing || e.defaultPrevented) return;
  const name = nameOf(e);
  const inText = typing(e.target);
  const modal = document.querySelector("dialog[open]");
  const plain = !name.startsWith("mod+") && name !== "escape";
  if (plain && (inText || modal || !singleKeys.value)) return;
  const sequence = first && Date.now() - firstAt < SEQUENCE_MS ? `${first} ${name}` : name;
  first = "";
  const command = find(sequence) ?? find(name);
  if (command) {
    if ((inText || modal) && !command.always) return;
    if (name === "enter" && (e.target as HTMLElement).closest?.("a,button,summary")) return;
    e.preventDefault();
    command.run();
  } else if (commands.peek().some((c) => c.keys.startsWith(`${name} `))) {
    first = name;
    firstAt = Date.now();
  }
}

export function installKeys(): void {
  document.addEventListener("keydown", onKey);
}

/** "mod+k" → ["Ctrl", "K"] for <kbd>. */
export function keyCaps(keys: string): string[] {
  const mac = /Mac|iPhone|iPad/.test(navigator.platform ?? "");
  const caps: Record<string, string> = { mod: mac ? "⌘" : "Ctrl", enter: "Enter", escape: "Esc" };
  return keys
    .split(/[ +]/)
    .filter(Boolean)
    .map((k) => caps[k] ?? k.toUpperCase());
}
