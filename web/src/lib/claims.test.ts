import { expect, it } from "vitest";
import { claimsConsent, lastDay, standing } from "./claims";
import type { Consent } from "./fhir";

const at = Date.parse("2026-11-23T12:00:00Z");
const until = (end?: string): Consent =>
  claimsConsent("p", { how: "oral", until: end }) as unknown as Consent;

it("a word to share claims stands until its last day is over", () => {
  const all = [until("2026-11-22"), until("2026-11-23"), until(), until("2026-11-23T11:59:00Z")];
  const today = standing(all, at);
  expect(today.map((c) => c.provision?.period?.end)).toEqual(["2026-11-23", undefined]);
  expect(standing([{ ...until(), status: "inactive" }], at)).toEqual([]);
  expect(lastDay(today)).toBeUndefined();
  expect(lastDay(today.slice(0, 1))).toBe("2026-11-23");
});
