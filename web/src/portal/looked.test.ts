import { beforeAll, describe, expect, it } from "vitest";
import type { AuditEvent } from "../lib/fhir";
import { startWords } from "../lib/i18n";
import { session } from "../lib/session";
import kit from "../words/kit.en";
import app from "../words/portal.en";
import { lookOf, merged } from "./looked";

const words = { ...kit, ...app };
beforeAll(async () => {
  session.value = { user: "p", name: "P", role: "patient", patient: "p1" };
  await startWords({ en: async () => words, es: async () => words, ar: async () => words });
});

const at = (hour: number): string => new Date(2026, 10, 24, hour).toISOString();
const event = (
  who: string,
  type: string,
  hour: number,
  more: Partial<AuditEvent> = {},
): AuditEvent => ({
  resourceType: "AuditEvent",
  recorded: at(hour),
  action: "R",
  outcome: "0",
  purposeOfEvent: [{ coding: [{ code: "TREAT" }] }],
  agent: [{ who: { reference: who }, role: [{ coding: [{ code: "nurse" }] }], requestor: true }],
  entity: [{ what: { reference: "Patient/x" } }, { what: { reference: `${type}/1` } }],
  ...more,
});

describe("who looked", () => {
  it("says what was looked at, why, and whether it was refused", () => {
    const look = lookOf(event("Practitioner/a", "Observation", 9));
    expect(look).toMatchObject({ did: "did_read", what: ["what_Observation"], own: false });
    expect(look.why).toBe(words.why_care);
    expect(lookOf(event("Practitioner/a", "Observation", 9, { outcome: "4" })).did).toBe(
      "did_refused",
    );
    const printed = event("Practitioner/a", "Patient", 9, {
      action: "U",
      subtype: [{ code: "print" }],
    });
    expect(lookOf(printed).did).toBe("did_print");
    expect(lookOf(event("Patient/p1", "Observation", 9)).own).toBe(true);
  });
  it("reads the type of a search from its description", () => {
    const e = event("Practitioner/a", "x", 9, {
      action: "E",
      entity: [{ what: { reference: "Patient/x" } }, { description: "Task" }],
    });
    expect(lookOf(e).what).toEqual(["what_Task"]);
  });
  it("puts one person's acts of a day into one line, and keeps refusals apart", () => {
    const events = [
      event("Practitioner/a", "Observation", 9),
      event("Practitioner/a", "Condition", 10),
      event("Practitioner/a", "Condition", 11, { outcome: "4" }),
      event("Practitioner/b", "Condition", 12),
    ];
    const [[, lines]] = merged(events.map(lookOf)) as [[number, ReturnType<typeof lookOf>[]]];
    expect(lines.map((l) => [l.who, l.did, l.times])).toEqual([
      ["Practitioner/b", "did_read", 1],
      ["Practitioner/a", "did_refused", 1],
      ["Practitioner/a", "did_read", 2],
    ]);
    expect(lines[2]!.what).toEqual(["what_Condition", "what_Observation"]);
  });
});
