import { describe, expect, it } from "vitest";
import { added, type Part } from "./many";

const part = (more: Partial<Part>): Part => ({
  days: 28,
  n: 1,
  unseen: 0,
  quiet: 0,
  eventless: 1,
  part: 0,
  readings: 5,
  personDays: 28,
  more: 0,
  before: { alerts: 1, cases: 1, asked: 0 },
  after: { alerts: 2, cases: 2, asked: 1 },
  daily: { before: [0, 1], after: [1, 1] },
  events: { n: 0, before: 0, after: 0, list: [] },
  changed: [],
  people: 4,
  done: 1,
  next: "7",
  ...more,
});

describe("parts of a trial", () => {
  it("add up, and who changes most comes first", () => {
    const a = part({ changed: [{ patient: "a", name: "A", before: 1, after: 2 }] });
    const b = part({
      changed: [{ patient: "b", name: "B", before: 9, after: 2 }],
      done: 4,
      next: undefined,
    });
    const sum = added(a, b);
    expect(sum.before.cases).toBe(2);
    expect(sum.after.asked).toBe(2);
    expect(sum.daily.before).toEqual([0, 2]);
    expect(sum.changed.map((c) => c.patient)).toEqual(["b", "a"]);
    expect(sum.n).toBe(2);
    expect(sum.personDays).toBe(56);
    expect(sum.rules).toBeUndefined();
    const one = { id: "HF-WT-EWMA", tried: true, cases: 2, hit: 1, leads: [4] };
    expect(added(part({ rules: [one] }), part({ rules: [{ ...one, leads: [6] }] })).rules).toEqual([
      { ...one, cases: 4, hit: 2, leads: [4, 6] },
    ]);
    expect([sum.done, sum.people, sum.next]).toEqual([4, 4, undefined]);
  });
});
