import { describe, expect, it } from "vitest";
import type { Team } from "../lib/hours";
import { diffOf, formOf, openingsOf, type Service, serviceOf, weekOf, wrongIn } from "./hours";

const team: Team = {
  service: "a",
  name: "Heart team",
  zone: "America/Chicago",
  phone: "555",
  emergency: "911",
  watching: true,
  programmes: [{ coding: [{ code: "heart-failure" }] }],
  availableTime: [
    {
      daysOfWeek: ["mon", "tue"],
      availableStartTime: "08:00:00",
      availableEndTime: "00:00:00",
    },
    { daysOfWeek: ["sun"], allDay: true },
  ],
  notAvailable: [
    { description: "Moving", during: { start: "2026-12-24", end: "2026-12-26" } },
    { description: "5 USC 6103", during: { start: "2027-01-01", end: "2027-01-01" } },
    {
      description: "Training",
      during: { start: "2027-02-01T12:00:00-06:00", end: "2027-02-01T13:00:00-06:00" },
    },
  ],
};

describe("hours as lines", () => {
  it("come back as they were", () => {
    const form = formOf(team);
    expect(form.week.mon).toBe("08:00-24:00");
    expect(form.week.sun).toBe("00:00-24:00");
    expect(form.week.sat).toBe("");
    expect(form.closed.split("\n")).toEqual([
      "2026-12-24 - 2026-12-26 Moving",
      "2027-01-01 5 USC 6103",
      "2027-02-01T12:00:00-06:00 - 2027-02-01T13:00:00-06:00 Training",
    ]);
    expect(wrongIn(form)).toEqual([]);
    const back = serviceOf(form);
    expect(back.availableTime).toEqual(team.availableTime);
    expect(back.notAvailable).toEqual(team.notAvailable);
    expect(back.program?.[0]?.coding?.[0]?.code).toBe("heart-failure");
  });
  it("keep what the form does not show, and the other numbers", () => {
    const had: Service = {
      resourceType: "HealthcareService",
      id: "a",
      type: [{ text: "x" }],
      telecom: [{ system: "phone", value: "1" }],
      extension: [{ url: "other", valueString: "y" }],
      notAvailable: team.notAvailable,
    };
    const back = serviceOf({ ...formOf(team), closed: "", programmes: "" }, had);
    expect(back.id).toBe("a");
    expect(back.type).toEqual([{ text: "x" }]);
    expect(back.telecom?.map((x) => x.value)).toEqual(["1", "555"]);
    expect(back.extension?.map((x) => x.url)).toContain("other");
    expect(back.notAvailable).toBeUndefined();
    expect(back.program).toBeUndefined();
  });
  it("say what cannot be understood", () => {
    const form = formOf(team);
    form.week.tue = "8-18";
    form.closed = "Christmas";
    expect(wrongIn({ ...form, zone: "Mars/Olympus", name: " " })).toEqual([
      "tue",
      "closed",
      "name",
      "zone",
    ]);
  });
  it("of two parts of a day are two openings", () => {
    const week = { ...weekOf([]), fri: "08:00-12:00, 13:00-18:00" };
    expect(openingsOf(week).map((o) => o.availableStartTime)).toEqual(["08:00:00", "13:00:00"]);
    expect(weekOf(openingsOf(week)).fri).toBe("08:00-12:00, 13:00-18:00");
  });
  it("show what would change, and nothing else", () => {
    const form = formOf(team);
    const next = {
      ...form,
      week: { ...form.week, sun: "" },
      closed: form.closed.replace(/.*\n/, ""),
    };
    expect(diffOf(form, next)).toEqual([
      { what: "sun", before: "00:00-24:00", after: "" },
      { what: "closed", before: "2026-12-24 - 2026-12-26 Moving", after: "" },
    ]);
    expect(diffOf(form, form)).toEqual([]);
  });
});
