import { describe, expect, it } from "vitest";
import type { Task } from "../lib/fhir";
import { inForce, restOf, type Team, teamOf } from "../lib/hours";
import { onceEach, reachedOf, type Step, unwatchedOf, upTo } from "./watch";

const team = (more: Partial<Team>): Team => ({
  service: "",
  name: "",
  zone: "UTC",
  phone: "",
  emergency: "911",
  watching: true,
  availableTime: [],
  notAvailable: [],
  ...more,
});
const heart = team({ service: "a", programmes: [{ coding: [{ code: "heart-failure" }] }] });
const house = team({});
const BASE = "https://weft.health/fhir/StructureDefinition/";
const at = (time: string): number => Date.parse(`2026-11-23T${time}:00Z`);

describe("whose hours hold", () => {
  it("the team that names the programme, else the one for all others", () => {
    expect(teamOf([heart, house], ["heart-failure"])).toBe(heart);
    expect(teamOf([heart, house], ["copd"])).toBe(house);
    expect(teamOf(undefined, [])).toBeUndefined();
  });
  it("the house's own hold for nobody where a team is for all others", () => {
    const others = team({ service: "b" });
    expect(inForce([heart, house])).toEqual([heart, house]);
    expect(inForce([heart, others, house])).toEqual([heart, others]);
    expect(inForce([{ ...others, wrong: "?" }, house]).at(-1)).toBe(house);
  });
  it("never hours that cannot be read", () => {
    expect(teamOf([{ ...heart, wrong: "?" }, house], ["heart-failure"])).toBe(house);
  });
  it("is asked again when the soonest changes, an hour at the latest", () => {
    const soon = team({ until: "2026-11-23T08:10:00Z" });
    const far = team({ until: "2026-11-25T08:00:00Z" });
    expect(restOf([far, soon], at("08:00"))).toBe(600_000);
    expect(restOf([far], at("08:00"))).toBe(3_600_000);
    expect(restOf([soon], at("08:10"))).toBe(3_600_000);
    expect(restOf(undefined, at("08:00"))).toBe(3_600_000);
  });
});

describe("the steps of a chain", () => {
  const step = (row: string, to: string, closed = false): Step => ({ row, to, closed, due: "" });
  it("are shown once, though the patient is told a little later", () => {
    const all = [
      step("P1-CLOSED", "on-call", true),
      step("P1-CLOSED-5", "on-call", true),
      step("P1-10", "lead"),
      step("P1-15", "on-call"),
    ];
    expect(onceEach(all).map((s) => s.row)).toEqual(["P1-CLOSED", "P1-10", "P1-15"]);
    const twice = [step("P2-30", "lead"), step("P2-HELD", "lead")];
    expect(onceEach(twice)).toEqual(twice);
  });
});

describe("a case that went up", () => {
  const step = (to: string) => ({
    url: `${BASE}case-step`,
    extension: [{ url: "to", valueCode: to }],
  });
  const task = (...extension: Task["extension"] & object): Task => ({
    resourceType: "Task",
    status: "requested",
    extension,
  });
  it("says whom it reached last; who only waits reached nobody", () => {
    expect(reachedOf(task(step("second"), step("lead")))).toBe("lead");
    expect(reachedOf(task(step("wait")))).toBe("");
    expect(reachedOf({ resourceType: "Task", status: "requested" })).toBe("");
  });
  it("is mine when it climbed to me, when I was paged, or when its step is mine", () => {
    const who = { url: "who", valueReference: { reference: "Practitioner/a" } };
    const named = {
      url: `${BASE}case-step`,
      extension: [{ url: "to", valueCode: "on-call" }, who],
    };
    const paged = { url: `${BASE}case-page`, extension: [who] };
    expect(upTo(task(named), "Practitioner/a", [])).toBe(true);
    expect(upTo(task(paged), "Practitioner/a", [])).toBe(true);
    expect(upTo(task(named, paged), "Practitioner/b", [])).toBe(false);
    expect(upTo(task(named), "Practitioner/b", ["on-call"])).toBe(true);
    expect(upTo(task(step("lead")), "", [])).toBe(false);
  });
  it("lay unseen until somebody came, took it, or still does", () => {
    const away = {
      url: `${BASE}case-unwatched`,
      valuePeriod: { start: "2026-11-23T02:00:00Z", end: "2026-11-23T08:00:00Z" },
    };
    expect(unwatchedOf(task(away), at("05:00"))).toBe(3 * 3_600_000);
    expect(unwatchedOf(task(away), at("12:00"))).toBe(6 * 3_600_000);
    const held = { url: `${BASE}case-held-since`, valueInstant: "2026-11-23T03:00:00Z" };
    expect(unwatchedOf(task(away, held), at("12:00"))).toBe(3_600_000);
    expect(unwatchedOf(task(), at("12:00"))).toBe(0);
  });
});
