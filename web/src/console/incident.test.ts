import { describe, expect, it } from "vitest";
import { assessmentOf } from "./assess";
import { criteriaOf } from "./incidents";

describe("an incident's forms", () => {
  it("names only the criteria that were filled in", () => {
    const data = new FormData();
    data.set("what", " A list was lost. ");
    data.set("user", "");
    data.set("patients", "Patient/a, b  c");
    data.set("from", "2026-03-01T10:00");
    expect(criteriaOf(data, "")).toEqual({
      what: "A list was lost.",
      patients: ["a", "b", "c"],
      from: new Date("2026-03-01T10:00").toISOString(),
    });
    data.set("everybody", "on");
    expect(criteriaOf(data, "t1")).toMatchObject({ everybody: true, case: "t1" });
  });

  it("sends a notice only where it is due, other languages only where written", () => {
    const said = { nature: "n", happened: "h", "ar-happened": "ح" };
    expect(assessmentOf({ low: "low", said })).not.toHaveProperty("notice");
    const { notice } = assessmentOf({ low: "notice", said }) as { notice: object };
    expect(notice).toMatchObject({ happened: "h", ar: { happened: "ح", steps: "" } });
    expect(notice).not.toHaveProperty("es");
  });
});
