import { describe, expect, it } from "vitest";
import {
  daysOf,
  diffOfRole,
  emptyRoleForm,
  formOfRole,
  newRole,
  partsOf,
  type Role,
  type Roster,
  roleOf,
  rowsOf,
  swapped,
  wrongInRole,
} from "./oncall";

const shift = (role: string, from: string, until: string) => ({
  role,
  to: "on-call",
  from,
  until,
});
const roster: Roster = {
  service: "",
  name: "",
  zone: "America/Chicago",
  from: "2026-11-22T12:00:00Z",
  until: "2026-11-29T12:00:00Z",
  shifts: [
    shift("a", "2026-11-23T00:00:00Z", "2026-11-23T14:00:00Z"), // Sunday 18:00 to Monday 08:00 there
    shift("a", "2026-11-24T00:00:00Z", "2026-11-24T06:00:00Z"), // Monday 18:00 to midnight
    shift("b", "2026-11-23T14:00:00Z", "2026-11-24T00:00:00Z"),
  ],
  gaps: [],
};
const role = (more: Partial<Role>): Role => ({ resourceType: "PractitionerRole", ...more });

describe("the week on the team's clock", () => {
  it("has seven days from today there", () => {
    expect(daysOf(roster)[0]).toBe("2026-11-22");
    expect(daysOf(roster)).toHaveLength(7);
    expect(daysOf({ ...roster, from: "2026-11-22T03:00:00Z" })[0]).toBe("2026-11-21");
  });
  it("cuts a night at midnight, and a midnight's end is the day before", () => {
    expect([...partsOf(roster.shifts[0]!, roster.zone)]).toEqual([
      ["2026-11-22", "18:00–24:00"],
      ["2026-11-23", "00:00–08:00"],
    ]);
    expect([...partsOf(roster.shifts[1]!, roster.zone)]).toEqual([["2026-11-23", "18:00–24:00"]]);
  });
  it("has a row each role", () => {
    const rows = rowsOf(roster);
    expect(rows.map((r) => r.role)).toEqual(["a", "b"]);
    expect(rows[0]!.cells.get("2026-11-23")).toEqual(["00:00–08:00", "18:00–24:00"]);
  });
});

describe("a role as it is typed", () => {
  const had = role({
    telecom: [{ system: "sms", value: "+13125550100" }],
    availableTime: [
      { daysOfWeek: ["mon"], availableStartTime: "08:00:00", availableEndTime: "18:00:00" },
    ],
  });
  it("goes there and back, and shows what changes", () => {
    const form = formOfRole(had);
    expect(form.week.mon).toBe("08:00-18:00");
    expect(diffOfRole(form, form)).toEqual([]);
    const next = { ...form, week: { ...form.week, tue: "08:00-12:00" }, mail: "a@example.org" };
    expect(diffOfRole(form, next).map((c) => c.what)).toEqual(["tue", "mail"]);
    const saved = roleOf(next, had);
    expect(formOfRole(saved)).toEqual(next);
    expect(saved.telecom?.map((c) => c.system)).toEqual(["sms", "email"]);
  });
  it("who says no hours is always there", () => {
    expect(formOfRole(role({})).week.sun).toBe("00:00-24:00");
  });
  it("is refused when it cannot be read", () => {
    const form = formOfRole(had);
    expect(wrongInRole(form)).toEqual([]);
    expect(wrongInRole({ ...form, number: "555" })).toEqual(["number"]);
    expect(wrongInRole({ ...form, week: { ...form.week, mon: "8 to 9" } })).toEqual(["mon"]);
    expect(wrongInRole({ ...form, week: { ...form.week, mon: "" } })).toEqual(["week"]);
  });
  it("two change places and keep their own numbers", () => {
    const other = role({ practitioner: { reference: "Practitioner/b" }, id: "2" });
    const [a, b] = swapped(
      { ...had, id: "1", practitioner: { reference: "Practitioner/a" } },
      other,
    );
    expect([a.id, a.practitioner?.reference, a.telecom]).toEqual([
      "1",
      "Practitioner/b",
      undefined,
    ]);
    expect(a.availableTime).toEqual(had.availableTime);
    expect([b.id, b.practitioner?.reference, b.telecom]).toEqual([
      "2",
      "Practitioner/a",
      had.telecom,
    ]);
  });
});

describe("somebody new", () => {
  it("stands at a step of the team, there all the time until hours are typed", () => {
    const who = { reference: "Practitioner/p", display: "Ida" };
    const role = roleOf(emptyRoleForm(), newRole("s1", who, "lead"));
    expect(role.id).toBeUndefined();
    expect(role.active).toBe(true);
    expect(role.practitioner).toEqual(who);
    expect(role.healthcareService).toEqual([{ reference: "HealthcareService/s1" }]);
    expect(role.code?.[0]?.coding?.[0]?.code).toBe("lead");
    expect(role.availableTime?.[0]?.allDay).toBe(true);
    expect(role.availableTime?.[0]?.daysOfWeek).toHaveLength(7);
    expect(newRole("", who, "on-call").healthcareService).toBeUndefined();
  });
});
