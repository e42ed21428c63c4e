// What this browser remembers: theme, density of the list, single-key shortcuts, the unit of glucose. Nothing personal.
import { signal } from "@preact/signals";

export type Theme = "auto" | "light" | "dark";
const KEY = "weft.theme";
const KEYS = "weft.keys";

export type GlucoseUnit = "mg/dL" | "mmol/L";
const GLUCOSE = "weft.glucose";
export const glucoseUnit = signal<GlucoseUnit>(
  localStorage.getItem(GLUCOSE) === "mmol/L" ? "mmol/L" : "mg/dL",
);
export function setGlucoseUnit(unit: GlucoseUnit): void {
  glucoseUnit.value = unit;
  localStorage.setItem(GLUCOSE, unit);
}

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
