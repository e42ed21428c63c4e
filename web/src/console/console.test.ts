import { beforeAll, describe, expect, it } from "vitest";
import type { Task } from "../lib/fhir";
import { lang, startWords } from "../lib/i18n";
import { session } from "../lib/session";
import app from "../words/console.en";
import kit from "../words/kit.en";
import { type Check, sayOf } from "./composer";
import { ordered, sentenceOf } from "./data";
import { conversations, type Letter } from "./outbox";
import { markOf, saidOf } from "./picture";
import { purposeOf } from "./purpose";
import { inOrder, kindOf } from "./since";
import { passes } from "./worklist";

const words = { ...kit, ...app };
beforeAll(() =>
  startWords({ en: async () => words, es: async () => words, ar: async () => words }),
);

const task = (
  id: string,
  priority: string,
  authoredOn: string,
  more: Partial<Task> = {},
): Task => ({
  resourceType: "Task",
  id,
  status: "requested",
  priority,
  authoredOn,
  ...more,
});

describe("the worklist", () => {
  it("orders by severity, then by who has waited longest", () => {
    const list = [
      task("d", "routine", "2026-01-01"),
      task("b", "asap", "2026-01-03"),
      task("a", "stat", "2026-01-05"),
      task("c", "asap", "2026-01-04"),
      task("e", "unheard-of", "2025-01-01"),
    ];
    expect(ordered(list).map((x) => x.id)).toEqual(["a", "b", "c", "e", "d"]);
  });
  it("says why in the reader's language, older cases in English", () => {
    const said = (language: string, text: string) => ({
      url: "http://hl7.org/fhir/StructureDefinition/translation",
      extension: [
        { url: "lang", valueCode: language },
        { url: "content", valueString: text },
      ],
    });
    const old: Task = { resourceType: "Task", status: "requested", description: "Weight up." };
    const task: Task = {
      ...old,
      _description: { extension: [said("es", "Peso: subió."), said("ar", "الوزن: ارتفاع.")] },
    };
    expect([sentenceOf(task, "en"), sentenceOf(task, "es"), sentenceOf(task, "ar")]).toEqual([
      "Weight up.",
      "Peso: subió.",
      "الوزن: ارتفاع.",
    ]);
    expect(sentenceOf(old, "ar")).toBe("Weight up.");
  });
  it("filters by owner, snooze and severity", () => {
    session.value = {
      expires: "",
      user: "n",
      name: "N",
      role: "nurse",
      reference: "Practitioner/1",
    };
    const mine = task("m", "asap", "", { owner: { reference: "Practitioner/1" } });
    const held = task("h", "asap", "", { status: "on-hold" });
    const all = { show: "all", severity: "", programme: "" } as const;
    expect(passes(mine, { ...all, show: "mine" })).toBe(true);
    expect(passes(mine, { ...all, show: "free" })).toBe(false);
    expect(passes(held, all)).toBe(false);
    expect(passes(held, { ...all, show: "snoozed" })).toBe(true);
    expect(passes(mine, { ...all, severity: "critical" })).toBe(false);
  });
});

describe("the send button says what pressing it does", () => {
  const check = (decision: string, until?: string): Check => ({
    verdict: { decision, hold: until ? { until } : undefined },
  });
  const now = new Date(2026, 10, 24, 21).getTime();
  it("allows, holds, refuses; what is unknown never sends", () => {
    lang.value = "en";
    expect(sayOf(check("allow"))).toMatchObject({ can: true, button: "Send" });
    const held = sayOf(check("hold_until", new Date(2026, 10, 25, 9).toISOString()), now);
    expect(held.can).toBe(true);
    expect(held.button).toContain("tomorrow, 9:00");
    for (const decision of ["deny", "require", "", "anything"])
      expect(sayOf(check(decision)).can, decision).toBe(false);
    expect(sayOf(null).can).toBe(false);
  });
});

it("conversations: newest first outside, oldest first inside, channels apart", () => {
  const letter = (id: string, channel: string, direction: "in" | "out", who: string): Letter => ({
    id,
    channel,
    direction,
    to: direction === "out" ? who : "clinic",
    from: direction === "in" ? who : "clinic",
    text: id,
    time: 0,
  });
  const all = [
    letter("3", "sms", "in", "+1"),
    letter("2", "sms", "out", "+2"),
    letter("1", "sms", "out", "+1"),
    letter("0", "email", "out", "a@b"),
  ];
  expect(conversations(all, "sms").map(([who, l]) => [who, l.map((x) => x.id)])).toEqual([
    ["+1", ["1", "3"]],
    ["+2", ["2"]],
  ]);
});

describe("what a screen is for", () => {
  it("is care where patients are, and operations elsewhere", () => {
    expect(purposeOf("nurse", "/")).toBe("TREAT");
    expect(purposeOf("nurse", "/patient/x1")).toBe("TREAT");
    expect(purposeOf("nurse", "/lending")).toBe("HOPERAT");
    expect(purposeOf("nurse", "/rules/x")).toBe("HOPERAT");
  });
  it("is left to roles that have one", () => {
    for (const role of ["agent", "privacy", "admin", undefined])
      expect(purposeOf(role, "/rules")).toBe("");
  });
});

describe("since you left", () => {
  const left = Date.parse("2026-03-02T08:00:00Z");
  const before = "2026-03-02T07:00:00Z";
  const after = "2026-03-02T09:00:00Z";
  const call = { code: { coding: [{ code: "call" }] } };
  it("says of each case what there is to know", () => {
    const kind = (x: Task, was?: string) => kindOf(x, left, was);
    expect(kind(task("a", "asap", after))).toBe("new");
    expect(kind(task("a", "asap", before))).toBe("");
    expect(kind(task("a", "asap", before, { lastModified: after }))).toBe("changed");
    expect(kind(task("a", "asap", before, { lastModified: after }), "urgent")).toBe("worse");
    expect(kind(task("a", "asap", before, { lastModified: after }), "stat")).toBe("changed");
    expect(kind(task("a", "urgent", before, { reasonCode: { text: "MISS-3" } }))).toBe("missed");
    expect(kind(task("a", "asap", before, { executionPeriod: { end: after } }))).toBe("promised");
    expect(kind(task("a", "asap", before, { status: "on-hold" }))).toBe("snoozed");
    expect(kind(task("a", "asap", before, { status: "completed", lastModified: after }))).toBe(
      "resolved",
    );
    expect(kind(task("a", "asap", before, { status: "completed", lastModified: before }))).toBe("");
    expect(kind(task("a", "asap", before, call))).toBe("promised");
    expect(kind(task("a", "asap", after, { ...call, status: "completed" }))).toBe("");
  });
  it("puts what falls due first, and others' work before one's own", () => {
    const ids = (list: Task[]) => list.map((x) => x.id).join("");
    const by = (id: string, end?: string) => task(id, "asap", before, { executionPeriod: { end } });
    expect(ids(inOrder("promised", [by("c"), by("b", after), by("a", before)], "me"))).toBe("abc");
    const of = (id: string, reference: string, lastModified: string) =>
      task(id, "asap", before, { owner: { reference }, lastModified });
    const closed = [of("c", "me", after), of("b", "you", before), of("a", "you", after)];
    expect(ids(inOrder("resolved", closed, "me"))).toBe("abc");
  });
});

describe("the whole picture", () => {
  it("R467: a medicine that was stopped was not taken", () => {
    const said = (resourceType: string, status: string) => {
      const medicine = { medicationCodeableConcept: { text: "Furosemide" } };
      const r = { resourceType, status, effectiveDateTime: "2026-11-20T08:00:00Z", ...medicine };
      return markOf("medicines", r)?.what;
    };
    expect(said("MedicationStatement", "completed")).toBe("Furosemide: taken");
    expect(said("MedicationStatement", "not-taken")).toBe("Furosemide: missed");
    expect(said("MedicationStatement", "stopped")).toBe("Furosemide: did not take place");
    expect(said("MedicationAdministration", "on-hold")).toBe("Furosemide: did not take place");
  });

  it("says of a claim what was done, when and by whom; of one taken back nothing", () => {
    const claim = {
      resourceType: "Claim",
      status: "active",
      created: "2026-10-09",
      type: { text: "professional" },
      provider: { display: "Lakeside Hospital" },
      item: [{ productOrService: { text: "Chest X-ray" }, servicedDate: "2026-10-08" }],
    };
    const mark = markOf("claims", claim);
    expect(mark?.what).toBe("Chest X-ray · Lakeside Hospital");
    expect(mark?.at).toBe(Date.parse("2026-10-08"));
    expect(markOf("claims", { ...claim, item: undefined })?.what).toBe(
      "professional · Lakeside Hospital",
    );
    const back = { ...claim, status: "cancelled" };
    expect(markOf("claims", back)).toBeNull();
    const whole = { role: false, kept: false, unshared: false, more: false };
    const lane = { lane: "claims" as const, entry: [back], ...whole };
    expect(saidOf(lane, [])).toBe("Nothing in these days");
    expect(saidOf(lane, [mark!])).toBe("");
  });
});
