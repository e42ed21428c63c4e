import { describe, expect, it } from "vitest";
import {
  type Action,
  audienceOf,
  daysOf,
  newStep,
  type Plan,
  STEP,
  stepsOf,
  withAudience,
  withDays,
  withSteps,
  withWords,
  wordsOf,
} from "./plan";

const code = (c: string): Action["code"] => [{ coding: [{ system: STEP, code: c }] }];
const plan: Plan = {
  resourceType: "PlanDefinition",
  action: [
    { id: "enrol", code: code("enrol") },
    { id: "a", code: code("message"), textEquivalent: "Hello" },
    { id: "silence", code: code("silence") },
  ],
};

describe("an outline", () => {
  it("keeps who enrols first and what follows silence last", () => {
    const more = withSteps(plan, [newStep(plan), ...stepsOf(plan)]);
    expect(more.action.map((a) => a.id)).toEqual(["enrol", "step-3", "a", "silence"]);
  });
  it("holds words by language, and takes them away again", () => {
    const a = withWords(withWords(plan.action[1]!, "es", "Hola"), "ar", "مرحبا");
    expect([wordsOf(a, "en"), wordsOf(a, "es"), wordsOf(a, "ar")]).toEqual([
      "Hello",
      "Hola",
      "مرحبا",
    ]);
    expect(wordsOf(withWords(a, "es", ""), "es")).toBe("");
  });
  it("counts days before and after", () => {
    expect(daysOf(withDays(plan.action[1]!, -2))).toBe(-2);
    expect(daysOf(withDays(plan.action[1]!, 10))).toBe(10);
  });
  it("names its audience once", () => {
    const p = withAudience(withAudience(plan, "Group/1"), "Group/2");
    expect(audienceOf(p)).toBe("Group/2");
    expect(p.extension).toHaveLength(1);
  });
});
