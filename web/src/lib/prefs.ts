// What this browser remembers: theme, density of the list, single-key shortcuts. Nothing personal.
import { signal } from "@preact/signals";

export type Theme = "auto" | "light" | "dark";
const KEY = "weft.theme";
const KEYS = "weft.keys";

const stored = localStorage.getItem(KEY);
export const theme = signal<Theme>(stored === "light" || stored === "dark" ? stored : "auto");
export const singleKeys = signal(localStorage.getItem(KEYS) !== "off");

export function setTheme(next: Theme): void {
  theme.value = next;
  localStorage.setItem(KEY, next);
  applyTheme();
}
export function applyTheme(): void {
  const root = document.documentElement;
  if (theme.value === "auto") root.removeAttribute("data-theme");
  else root.setAttribute("data-theme", theme.value);
}
export function setSingleKeys(on: boolean): void {
  singleKeys.value = on;
  localStorage.setItem(KEYS, on ? "on" : "off");
}
