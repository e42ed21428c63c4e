// The parts of a Part 2 form are those of the rule; what a form holds and how long.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Consent } from "../lib/fhir";
import { ELEMENTS, eventOf, holds, stateOf } from "./part2";

test("the screen asks what the rule requires, in its order", () => {
  const rules = JSON.parse(readFileSync("../spec/rules/p2.json", "utf8")) as {
    rules?: { id: string; params: { elements: string[] } }[];
  };
  const all = rules.rules ?? (rules as unknown as { id: string; params: { elements: string[] } }[]);
  expect(all.find((r) => r.id === "P2-02")?.params.elements).toEqual([...ELEMENTS]);
});

test("an end is a day, an event or a none that the form says", () => {
  const none = { discloser: " ", description: "", recipient: "", date: "" };
  const form = { ticked: [], typed: none, ends: "" as const, until: "", event: "" };
  expect(ELEMENTS.filter((e) => holds(form, e))).toEqual([]);
  expect(holds({ ...form, ends: "none" }, "expiry")).toBe(true);
  expect(holds({ ...form, ends: "day" }, "expiry")).toBe(false);
  expect(holds({ ...form, ends: "day", until: "2030-01-01" }, "expiry")).toBe(true);
  expect(holds({ ...form, ends: "event", until: "2030-01-01", event: " " }, "expiry")).toBe(false);
  expect(holds({ ...form, typed: { ...none, discloser: "House" } }, "discloser")).toBe(true);
});

test("it holds through its last day, until it is taken back", () => {
  const of = (end?: string, status = "active"): Consent => ({
    resourceType: "Consent",
    status,
    meta: { lastUpdated: "2026-02-03T00:00:00Z" },
    provision: end ? { period: { end } } : {},
  });
  const end = "2030-01-02T00:00:00.000Z";
  expect(stateOf(of(end), Date.parse("2030-01-01T23:59:59Z"))).toEqual([
    "p2_state_until",
    "2030-01-01",
  ]);
  expect(stateOf(of(end), Date.parse(end))).toEqual(["p2_state_over", "2030-01-01"]);
  expect(stateOf(of(), 0)).toEqual(["p2_state_open", undefined]);
  const event = {
    ...of(),
    extension: [
      {
        url: "https://weft.health/fhir/StructureDefinition/consent-ends-with",
        valueString: "When care ends",
      },
    ],
  };
  expect(stateOf(event, 0)).toEqual(["p2_state_event", undefined]);
  expect(eventOf(event)).toBe("When care ends");
  expect(stateOf(of(end, "inactive"), 0)).toEqual(["p2_state_revoked", "2026-02-03T00:00:00Z"]);
});
