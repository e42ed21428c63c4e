import { afterEach, describe, expect, it } from "vitest";
import consoleAr from "../words/console.ar";
import consoleEn from "../words/console.en";
import consoleEs from "../words/console.es";
import kitAr from "../words/kit.ar";
import kitEn from "../words/kit.en";
import kitEs from "../words/kit.es";
import portalAr from "../words/portal.ar";
import portalEn from "../words/portal.en";
import portalEs from "../words/portal.es";
import { grade } from "./grade";
import {
  type Catalogue,
  dayInText,
  dayTime,
  dayTimeInText,
  format,
  fullDate,
  type Lang,
  lang,
  number,
  setLanguage,
  span,
  startWords,
  type Word,
  wantedLanguage,
} from "./i18n";

const SETS: Record<string, Record<Lang, Catalogue>> = {
  kit: { en: kitEn, es: kitEs, ar: kitAr },
  console: { en: consoleEn, es: consoleEs, ar: consoleAr },
  portal: { en: portalEn, es: portalEs, ar: portalAr },
};
const forms = (w: Word): string[] => (typeof w === "string" ? [w] : Object.values(w));
const names = (w: Word): string[] =>
  [...new Set(forms(w).flatMap((s) => [...s.matchAll(/\{(\w+)\}/g)].map((m) => m[1]!)))].sort();

afterEach(() => {
  lang.value = "en";
});

describe.each(Object.entries(SETS))("catalogue %s", (_, set) => {
  it.each(["es", "ar"] as const)("has every key in %s, with the same names", (l) => {
    expect(Object.keys(set[l]).sort()).toEqual(Object.keys(set.en).sort());
    for (const [key, word] of Object.entries(set.en)) {
      const extra = names(set[l][key]!).filter((n) => !names(word).includes(n));
      expect(extra, key).toEqual([]);
      const lost = names(word).filter((n) => n !== "n" && !names(set[l][key]!).includes(n));
      expect(lost, key).toEqual([]);
    }
  });
  it.each(["en", "es", "ar"] as const)("has every plural form that %s needs", (l) => {
    const needed = new Intl.PluralRules(l).resolvedOptions().pluralCategories;
    for (const [key, word] of Object.entries(set[l])) {
      if (typeof word === "string") continue;
      expect(
        needed.filter((f) => !(f in word)),
        key,
      ).toEqual([]);
    }
  });
  it("leaves nothing empty", () => {
    for (const l of ["en", "es", "ar"] as const)
      for (const [key, word] of Object.entries(set[l]))
        for (const s of forms(word)) expect(s.trim().length, `${l} ${key}`).toBeGreaterThan(0);
  });
});

describe("plain words", () => {
  const patientWords = { ...kitEn, ...portalEn } as Catalogue;
  // Words of staff screens only, and the one clinical name a patient's device shows.
  const staffOnly = [
    "band_note",
    "m_spo2",
    "chart_learning",
    "palette",
    "palette_hint",
    "help_title",
    "single_keys",
  ];
  const said = Object.entries(patientWords)
    .filter(([key]) => !staffOnly.includes(key))
    .flatMap(([key, w]) =>
      forms(w).map((s) => [key, s.replace(/\{n\}/g, "3").replace(/\{\w+\}/g, "Ana")] as const),
    );

  it("no sentence is longer than 20 words", () => {
    for (const [key, s] of said)
      for (const sentence of s.split(/[.!?](?:\s|$)/))
        expect(sentence.split(/\s+/).filter(Boolean).length, key).toBeLessThanOrEqual(20);
  });
  it("sentences are at grade 6 or below", () => {
    const hard = said.filter(([, s]) => s.split(/\s+/).length >= 5 && grade(s) > 6);
    expect(hard.map(([key, s]) => `${key} ${grade(s).toFixed(1)}: ${s}`)).toEqual([]);
  });
});

describe("formats", () => {
  it("isolates names and picks plurals", () => {
    expect(format("With {name}", "en", { name: "أنا" })).toBe("With \u2068أنا\u2069");
    expect(format({ one: "{n} case", other: "{n} cases" }, "en", { n: 1 })).toBe("1 case");
    expect(format({ one: "{n} case", other: "{n} cases" }, "en", { n: 0 })).toBe("0 cases");
    expect(format(consoleAr.wl_open, "ar", { n: 2 })).toBe("حالتان مفتوحتان");
  });
  it("keeps Latin digits in Arabic", () => {
    lang.value = "ar";
    expect(number(88.5)).toMatch(/88[.,٫]5/);
  });
  it("puts Arabic's own comma between a day and its time", () => {
    const now = new Date(2026, 10, 24, 10).getTime();
    for (const [l, sign] of [
      ["en", ", "],
      ["es", ", "],
      ["ar", "، "],
    ] as const) {
      lang.value = l;
      for (const said of [dayTime(now, now), dayTimeInText(now - 3 * 86_400_000, now)])
        expect(said).toContain(sign);
      expect(dayTime(now, now).includes(",")).toBe(l !== "ar");
    }
  });
  it("says today and yesterday, then the day", () => {
    const now = new Date(2026, 10, 24, 10).getTime();
    expect(dayInText(now, now)).toBe("today");
    expect(dayInText(now - 86_400_000, now)).toBe("yesterday");
    expect(dayInText(now - 3 * 86_400_000, now)).toContain("21");
  });
  it("R367: no time zone moves a day of the calendar", () => {
    expect(new Date(2026, 10, 1).getTimezoneOffset()).toBeGreaterThan(0); // as in America
    expect(fullDate("2026-11-01")).toBe("Nov 1, 2026");
    expect(fullDate("1950-03")).toBe("Mar 1, 1950");
    expect(fullDate("2026-11-01T03:00:00Z")).toBe("Oct 31, 2026");
    expect(fullDate("")).toBe("");
  });
  it("says a wait in the unit that fits", () => {
    expect(span(5 * 60_000)).toBe("5 min");
    expect(span(3 * 3_600_000)).toBe("3 hr");
    expect(span(50 * 3_600_000)).toBe("2 days");
  });
});

it("the grade gate tells hard text from plain", () => {
  expect(
    grade("Utilization of pharmaceutical interventions necessitates immediate consultation."),
  ).toBeGreaterThan(12);
  expect(grade("Please take a new reading now and rest.")).toBeLessThan(5);
});

it("keeps the language that was chosen before its words are here", async () => {
  localStorage.setItem("weft.language", "en");
  let here = (_: Catalogue): void => {};
  const slow = new Promise<Catalogue>((done) => {
    here = done;
  });
  await startWords({ en: async () => kitEn, es: async () => kitEs, ar: () => slow });
  const chosen = setLanguage("ar");
  expect(wantedLanguage()).toBe("ar");
  here(kitAr);
  await chosen;
  await setLanguage("en");
});
