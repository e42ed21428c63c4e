import { beforeAll, describe, expect, it } from "vitest";
import type { Task } from "../lib/fhir";
import type { Team } from "../lib/hours";
import { startWords } from "../lib/i18n";
import kit from "../words/kit.en";
import app from "../words/portal.en";
import { caseWords } from "./home";

const words = { ...kit, ...app };
beforeAll(() =>
  startWords({ en: async () => words, es: async () => words, ar: async () => words }),
);

const open = (priority: string, focus: string, owner?: string) =>
  ({
    resourceType: "Task",
    status: "requested",
    priority,
    focus: { reference: focus },
    ...(owner && { owner: { display: owner } }),
  }) as Task;
const asleep = { watching: false, until: "2026-11-24T08:00:00Z" } as Team;

describe("what a patient is told of a case", () => {
  it("does not make light of what is critical, and says what to do in danger", () => {
    const said = caseWords(open("stat", "Observation/1"), undefined);
    expect(said.why).toMatch(/past your limit/);
    expect(said.grave).toBe(true);
    expect(caseWords(open("stat", "Observation/1"), asleep).why).toMatch(
      /past your limit.*will look/,
    );
    expect(caseWords(open("stat", "Observation/1", "Ana"), undefined).grave).toBe(true);
  });
  it("names who has it, whether the case carries the name or not", () => {
    expect(caseWords(open("stat", "Observation/1", "Ana"), asleep).why).toMatch(/Ana. has it now/);
    expect(caseWords(open("stat", "Observation/1"), asleep, "Ana").why).toMatch(/Ana. has it now/);
  });
  it("is calm about the others", () => {
    const said = caseWords(open("asap", "Observation/1"), undefined);
    expect(said.why).toMatch(/a bit different/);
    expect(said.grave).toBe(false);
  });
  it("speaks of no numbers where the case began with words", () => {
    const said = caseWords(open("urgent", "Communication/1"), asleep);
    expect(said.title).not.toMatch(/numbers/);
    expect(said.why).not.toMatch(/reading/);
    expect(said.why).toMatch(/will look/);
  });
});
