import { beforeAll, expect, it } from "vitest";
import type { Resource } from "../lib/fhir";
import { startWords } from "../lib/i18n";
import words from "../words/console.en";
import kit from "../words/kit.en";
import { heldOn, markOf } from "./picture";

const all = { ...kit, ...words };
beforeAll(() => startWords({ en: async () => all, es: async () => all, ar: async () => all }));
const plain = (text: string): string => text.replace(/[\u2060-\u2069]/g, "");

const reading = (code: string, value: number, unit: string) =>
  markOf("vitals", {
    resourceType: "Observation",
    status: "final",
    code: { coding: [{ system: "http://loinc.org", code }] },
    effectiveDateTime: "2026-11-24T10:00:00Z",
    valueQuantity: { value, unit, system: "http://unitsofmeasure.org", code: unit },
  } as Resource)!;

it("tells many readings of one measure as one, where the first of them stood", () => {
  const marks = [
    reading("29463-7", 56, "kg"),
    ...[99, 66, 72].map((v) => reading("8867-4", v, "/min")),
    reading("29463-7", 56.2, "kg"),
  ];
  expect(heldOn(marks).map(plain)).toEqual([
    "Weight 56.0 kg",
    "Heart rate 66–99 /min (3 entries)",
    "Weight 56.2 kg",
  ]);
});
