import { describe, expect, it } from "vitest";
import { clockOf, inUnit, linePath, type Profile, ribbonPath, usualDay } from "./profile";

const same = (v: number): number => v;
describe("a glucose profile", () => {
  it("leaves a hole where nothing was measured", () => {
    expect(linePath([1, 2, null, 3, null], same, same)).toBe("M0 1L1 2M3 3h1");
    expect(linePath([null], same, same)).toBe("");
  });
  it("draws a ribbon there and back", () => {
    const p: Profile = [[1, 2, 3, 4, 5], [2, 3, 4, 5, 6], null];
    expect(ribbonPath(p, 0, 4, same, same)).toBe("M0 5L1 6L1 2L0 1Z");
  });
  it("says when the usual day is lowest and highest", () => {
    const p: Profile = [null, [0, 0, 120, 0, 0], [0, 0, 90, 0, 0], [0, 0, 200, 0, 0]];
    expect(usualDay(p)).toEqual({ low: 90, lowAt: 2, high: 200, highAt: 3 });
    expect(usualDay([null])).toBeNull();
  });
  it("names quarters of the patient's day, and knows moles", () => {
    expect([clockOf(0), clockOf(27), clockOf(95)]).toEqual(["00:00", "06:45", "23:45"]);
    expect(inUnit(70, "mmol/L")).toBeCloseTo(3.9, 1);
    expect(inUnit(250, "mmol/L")).toBeCloseTo(13.9, 1);
    expect(inUnit(70, "mg/dL")).toBe(70);
  });
});
