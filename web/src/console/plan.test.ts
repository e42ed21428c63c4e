import { describe, expect, it } from "vitest";
import {
  type Action,
  actionAt,
  added,
  audienceOf,
  endsOf,
  hoursOf,
  indented,
  moved,
  outdented,
  type Plan,
  pathAdded,
  placeOf,
  put,
  remove,
  rowsOf,
  STEP,
  tidy,
  whenOf,
  withAudience,
  withEnd,
  withHours,
  withKind,
  withWhen,
  withWords,
  wordsOf,
} from "./plan";

const code = (c: string): Action["code"] => [{ coding: [{ system: STEP, code: c }] }];
const plan: Plan = {
  resourceType: "PlanDefinition",
  action: [
    { id: "enrol", code: code("enrol") },
    {
      id: "ask",
      code: code("ask"),
      textEquivalent: "How are you? 1 Worse 2 OK",
      action: [
        { prefix: "1", code: code("path"), action: [{ id: "case", code: code("case") }] },
        { prefix: "2", code: code("path") },
      ],
    },
    { id: "bye", code: code("message"), textEquivalent: "Bye" },
    { id: "silence", code: code("silence"), action: [{ id: "phone", code: code("call") }] },
  ],
};
const ids = (p: Plan): string =>
  rowsOf(p)
    .map((r) => `${"-".repeat(r.at.length - 1)}${r.a.id ?? "path"}`)
    .join(" ");

describe("an outline", () => {
  it("is read from above, without who enrols and the head of what follows silence", () => {
    expect(ids(plan)).toBe("ask -path --case -path bye -phone");
  });
  it("moves a step among its own, never before who enrols or after silence", () => {
    expect(ids(moved(plan, [2], -1)!.plan)).toBe("bye ask -path --case -path -phone");
    expect(moved(plan, [2], 1)).toBeNull();
    expect(moved(plan, [1], -1)).toBeNull();
    expect(tidy(moved(plan, [1, 1], -1)!.plan).action[1]!.action!.map((a) => a.prefix)).toEqual([
      "1",
      "2",
    ]);
  });
  it("takes a step into the answer above and out again", () => {
    const into = indented(plan, [2])!;
    expect(ids(into.plan)).toBe("ask -path --case -path --bye -phone");
    expect(into.at).toEqual([1, 1, 0]);
    expect(ids(outdented(into.plan, into.at)!.plan)).toBe(ids(plan));
    expect(indented(plan, [1])).toBeNull();
    expect(outdented(plan, [3, 0])).toBeNull();
    expect(outdented(plan, [2])).toBeNull();
  });
  it("adds steps and answers where one stands", () => {
    expect(ids(added(plan, [2]).plan)).toBe("ask -path --case -path bye step-5 -phone");
    expect(added(plan, [1, 1]).at).toEqual([1, 1, 0]);
    expect(added({ ...plan, action: [plan.action[0]!] }, null).at).toEqual([1]);
    expect(ids(pathAdded(plan, [1, 0])!.plan)).toBe("ask -path --case -path -path bye -phone");
    expect(pathAdded(plan, [2])).toBeNull();
  });
  it("loses its answers when it is no question any more", () => {
    expect(ids(put(plan, [1], withKind(plan.action[1]!, "message")))).toBe("ask bye -phone");
    expect(ids(remove(plan, [1]))).toBe("bye -phone");
  });
  it("is sent without what is empty, and each step names the one before", () => {
    const late = put(plan, [2], withWhen({ ...plan.action[2]!, title: " " }, "step", 2, "d"));
    const sent = tidy(late).action[2]!;
    expect(sent.relatedAction![0]!.actionId).toBe("ask");
    expect("title" in sent).toBe(false);
    const first = put(plan, [1], withWhen(plan.action[1]!, "step", 2, "d"));
    expect(tidy(first).action[1]!.relatedAction![0]!.actionId).toBe("before");
  });
  it("holds words by language, and takes them away again", () => {
    const a = withWords(withWords(plan.action[1]!, "es", "Hola"), "ar", "مرحبا");
    expect([wordsOf(a, "es"), wordsOf(a, "ar")]).toEqual(["Hola", "مرحبا"]);
    expect(wordsOf(withWords(a, "es", ""), "es")).toBe("");
  });
  it("knows when a step comes", () => {
    expect(whenOf(withWhen({}, "before", 2, "wk"))).toEqual({
      from: "before",
      value: 2,
      code: "wk",
    });
    expect(whenOf(withWhen({}, "start", 4, "h")).from).toBe("start");
    expect(whenOf({}).from).toBe("step");
  });
  it("names its audience and its hours once", () => {
    const ending = withEnd(withEnd(withEnd(plan, "a", true), "b", true), "a", false);
    expect(endsOf(ending)).toEqual(["b"]);
    expect(endsOf(withEnd(ending, "b", true))).toEqual(["b"]);
    const p = withAudience(withAudience(plan, "Group/1"), "Group/2");
    expect(audienceOf(p)).toBe("Group/2");
    expect(p.extension).toHaveLength(1);
    expect(hoursOf(withHours(p, "09:00", ""))).toEqual(["09:00", "23:59"]);
    expect(hoursOf(withHours(withHours(p, "09:00", "19:00"), "", ""))).toEqual(["", ""]);
  });
  it("finds the step that a fault names", () => {
    expect(placeOf("PlanDefinition.action[1].action[0].answer")).toEqual([1, 0]);
    expect(actionAt(plan, placeOf("PlanDefinition.action[1].action[0].action[0].code"))!.id).toBe(
      "case",
    );
    expect(placeOf("PlanDefinition.title")).toEqual([]);
  });
});
