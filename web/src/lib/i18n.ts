// Words and formats. A catalogue is a plain object: text with {names}, or plural forms chosen by
// Intl.PluralRules on {n}. English is loaded with the app, the others when chosen. Interpolated text
// is wrapped in Unicode isolates, so a Latin name inside an Arabic sentence cannot reorder it.
import { signal } from "@preact/signals";
import type consoleEn from "../words/console.en";
import type kitEn from "../words/kit.en";
import type portalEn from "../words/portal.en";

export type Plural = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };
export type Word = string | Plural;
export type Catalogue = Record<string, Word>;
export type Key = keyof typeof kitEn | keyof typeof consoleEn | keyof typeof portalEn;
export type Lang = "en" | "es" | "ar";
export type Values = Record<string, string | number>;

export const LANGS: Record<Lang, { name: string; dir: "ltr" | "rtl" }> = {
  en: { name: "English", dir: "ltr" },
  es: { name: "Español", dir: "ltr" },
  ar: { name: "العربية", dir: "rtl" },
};
const STORE = "weft.language";

export const lang = signal<Lang>("en");
const catalogue = signal<Catalogue>({});
let loaders: Record<Lang, () => Promise<Catalogue>>;

const plurals = new Map<string, Intl.PluralRules>();
function pluralOf(l: string, n: number): Intl.LDMLPluralRule {
  let r = plurals.get(l);
  if (!r) {
    r = new Intl.PluralRules(l);
    plurals.set(l, r);
  }
  return r.select(n);
}

export function format(word: Word, l: Lang, values: Values = {}): string {
  const text =
    typeof word === "string" ? word : (word[pluralOf(l, Number(values.n ?? 0))] ?? word.other);
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const v = values[name];
    if (typeof v === "number") return number(v);
    return v === undefined || v === "" ? "" : `\u2068${v}\u2069`;
  });
}

export function t(key: Key, values?: Values): string {
  const word = catalogue.value[key];
  return word === undefined ? key : format(word, lang.value, values);
}

export function has(key: string): key is Key {
  return key in catalogue.value;
}
/** The word for a code that the server may say; one that we have no word for as it came. */
export function wordOf(prefix: string, code: string): string {
  const key = `${prefix}${code}`;
  return has(key) ? t(key) : code;
}

const UNITS: Record<string, Key> = {
  kg: "unit_kg",
  mmHg: "unit_mmhg",
  "mm[Hg]": "unit_mmhg",
  "/min": "unit_min",
  "mg/dL": "unit_mgdl",
  "mmol/L": "unit_mmol",
  Cel: "unit_c",
  "{steps}": "unit_steps",
  h: "unit_h",
};
/** A unit as people write it; one that we have no word for as it came. */
export function unitWord(unit: string): string {
  const key = UNITS[unit];
  return key ? t(key) : unit;
}

/** What is chosen is kept at once: who goes to another page while its words load has it there. */
export async function setLanguage(l: Lang, keep = true): Promise<void> {
  if (keep) localStorage.setItem(STORE, l);
  catalogue.value = await loaders[l]();
  lang.value = l;
  document.documentElement.lang = l;
  document.documentElement.dir = LANGS[l].dir;
}

const isLang = (x: string | undefined | null): x is Lang => !!x && x in LANGS;

/** The language chosen here before, else what the account or the browser asks for. */
export function wantedLanguage(account?: string): Lang {
  const browser = navigator.languages?.map((l) => l.split("-")[0]).find(isLang);
  const stored = localStorage.getItem(STORE);
  const short = account?.split("-")[0];
  if (isLang(stored)) return stored;
  if (isLang(short)) return short;
  return browser ?? "en";
}

export async function startWords(all: Record<Lang, () => Promise<Catalogue>>): Promise<void> {
  loaders = all;
  await setLanguage(wantedLanguage(), false);
}

/** A language by its name in the reader's own; what is no language stays as it is. */
export function languageName(code: string | undefined): string {
  if (!code) return "";
  try {
    return (
      new Intl.DisplayNames([lang.value], { type: "language" }).of(code.split("-")[0]!) ?? code
    );
  } catch {
    return code;
  }
}

/* Formats. Latin digits in every language: the numbers are read next to devices that show them so. */
const locale = (): string => `${lang.value}-u-nu-latn`;
const cache = new Map<string, Intl.DateTimeFormat | Intl.NumberFormat | Intl.RelativeTimeFormat>();
function cached<T extends Intl.DateTimeFormat | Intl.NumberFormat | Intl.RelativeTimeFormat>(
  key: string,
  make: () => T,
): T {
  const k = locale() + key;
  const found = (cache.get(k) as T | undefined) ?? make();
  cache.set(k, found);
  return found;
}
export function number(v: number, digits?: number): string {
  return cached(
    `n${digits}`,
    () =>
      new Intl.NumberFormat(locale(), {
        minimumFractionDigits: digits ?? 0,
        maximumFractionDigits: digits ?? 1,
      }),
  ).format(v);
}
type When = string | number | Date | undefined;
/** A day, a month or a year without a time is of the calendar: no time zone may move it. */
const CALENDAR = /^\d{4}(-\d\d){0,2}$/;
const date = (w: When): Date =>
  new Date(typeof w === "string" && CALENDAR.test(w) ? `${w}T00:00` : (w ?? Number.NaN));
function dateFormat(key: string, w: When, o: Intl.DateTimeFormatOptions): string {
  const d = date(w);
  return Number.isNaN(d.getTime())
    ? ""
    : cached(key, () => new Intl.DateTimeFormat(locale(), o)).format(d);
}
export const day = (w: When): string =>
  dateFormat("d", w, { weekday: "short", day: "numeric", month: "short" });
export const fullDate = (w: When): string =>
  dateFormat("f", w, { day: "numeric", month: "short", year: "numeric" });
export const shortDay = (w: When): string => dateFormat("x", w, { day: "numeric", month: "short" });
export const time = (w: When): string => dateFormat("t", w, { hour: "numeric", minute: "2-digit" });
export const clock = (w: When): string =>
  dateFormat("c", w, { hour: "numeric", minute: "2-digit", second: "2-digit" });

const DAY = 86_400_000;
export function startOfDay(w: When): number {
  const d = date(w);
  d.setHours(0, 0, 0, 0);
  return d.getTime();
}
/** "yesterday", "today", else "Tue 24 Nov": for the middle of a sentence. */
export function dayInText(w: When, now = Date.now()): string {
  const days = Math.round((startOfDay(w) - startOfDay(now)) / DAY);
  if (Math.abs(days) > 1) return Math.abs(days) > 300 ? fullDate(w) : day(w);
  return cached("r", () => new Intl.RelativeTimeFormat(locale(), { numeric: "auto" })).format(
    days,
    "day",
  );
}
/** The same to stand alone: "Yesterday". */
export function dayName(w: When, now?: number): string {
  const s = dayInText(w, now);
  return s.charAt(0).toLocaleUpperCase(lang.value) + s.slice(1);
}
/** Between two things of a line; Arabic has a sign of its own. */
export const comma = (): string => (lang.value === "ar" ? "، " : ", ");
export const dayTime = (w: When, now?: number): string =>
  Number.isNaN(date(w).getTime()) ? "" : dayName(w, now) + comma() + time(w);
export const dayTimeInText = (w: When, now?: number): string =>
  Number.isNaN(date(w).getTime()) ? "" : dayInText(w, now) + comma() + time(w);

/** "a, b and c" in the language. */
export const list = (parts: string[]): string =>
  new Intl.ListFormat(lang.value, { type: "conjunction" }).format(parts);

/** How long ago, short: "12 min", "3 h", "2 days". */
export function span(ms: number): string {
  const min = Math.max(0, Math.floor(ms / 60_000));
  const [v, unit] =
    min < 60
      ? [min, "minute"]
      : min < 2880
        ? [Math.floor(min / 60), "hour"]
        : [Math.floor(min / 1440), "day"];
  return cached(
    `u${unit}`,
    () =>
      new Intl.NumberFormat(locale(), {
        style: "unit",
        unit: unit as string,
        unitDisplay: "short",
      }),
  ).format(v as number);
}
