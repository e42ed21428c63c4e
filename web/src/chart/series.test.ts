import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Limit, Observation } from "../lib/fhir";
import {
  bandOf,
  boundsOf,
  CARDS,
  CLOCK_OFF_MS,
  decimate,
  METRICS,
  metricOf,
  NOTE_SYSTEM,
  outside,
  type Point,
  percentile,
  searchCode,
  segments,
  seriesOf,
  stampsOf,
  ticks,
  withClocks,
} from "./series";
import { markText } from "./view";

const DAY = 86_400_000;
const NOW = Date.parse("2026-11-24T10:00:00Z");
const point = (daysAgo: number, v: number): Point => ({
  t: NOW - daysAgo * DAY,
  v,
  id: `${daysAgo}`,
});

describe("percentile", () => {
  it("interpolates between ranks (type 7)", () => {
    expect(percentile([1, 2, 3, 4], 0.5)).toBe(2.5);
    expect(percentile([10, 20, 30, 40, 50], 0.9)).toBeCloseTo(46);
    expect(percentile([7], 0.1)).toBe(7);
    expect(percentile([], 0.5)).toBeNaN();
  });
});

describe("the patient's own band", () => {
  it("uses days -31 to -4 only, so the newest days cannot become normal", () => {
    const calm = Array.from({ length: 27 }, (_, i) => point(i + 4, 90 + (i % 3)));
    const band = bandOf([...calm, point(0, 120), point(2.9, 118), point(40, 10)], NOW, (p) => p.v);
    expect(band.ready).toBe(true);
    expect(band.n).toBe(27);
    expect(band.high).toBeLessThanOrEqual(92);
    expect(band.low).toBeGreaterThanOrEqual(90);
  });
  it("still learns with fewer than 10 readings or 7 days", () => {
    const nine = Array.from({ length: 9 }, (_, i) => point(i + 4, 90));
    expect(bandOf(nine, NOW, (p) => p.v).ready).toBe(false);
    const oneDay = Array.from({ length: 20 }, (_, i) => point(10 + i / 100, 90));
    expect(bandOf(oneDay, NOW, (p) => p.v).ready).toBe(false);
  });
});

describe("gaps and extremes", () => {
  it("breaks the line where readings are missing", () => {
    const list = [point(10, 1), point(9, 1), point(8, 1), point(3, 1), point(2, 1)];
    expect(segments(list.sort((a, b) => a.t - b.t)).map((s) => s.length)).toEqual([3, 2]);
  });
  it("keeps one missed day joined", () => {
    const list = [point(4, 1), point(3, 1), point(2, 1), point(0.6, 1)];
    expect(segments(list).length).toBe(1);
  });
  it("never loses an extreme", () => {
    const many = Array.from({ length: 5000 }, (_, i) => ({ t: i, v: Math.sin(i), id: `${i}` }));
    many[2500]!.v = 99;
    many[3100]!.v = -99;
    const kept = decimate(many, 100);
    expect(kept.length).toBeLessThanOrEqual(400);
    expect(kept.some((p) => p.v === 99)).toBe(true);
    expect(kept.some((p) => p.v === -99)).toBe(true);
    expect(kept.every((p, i) => i === 0 || p.t >= kept[i - 1]!.t)).toBe(true);
  });
});

describe("limits", () => {
  const row = (low: number | null, high: number | null, source = "default"): Limit => ({
    metric: "x",
    loinc: "8867-4",
    unit: "/min",
    low,
    high,
    source,
  });
  it("takes the tightest default of each side", () => {
    expect(boundsOf([row(40, 130), row(50, null), row(null, 120)], ["8867-4"])).toEqual({
      low: 50,
      high: 120,
    });
  });
  it("lets the patient's own plan replace one side only", () => {
    expect(boundsOf([row(50, 120), row(null, 135, "CarePlan/1")], ["8867-4"])).toEqual({
      low: 50,
      high: 135,
    });
  });
  it("counts the limit itself as inside", () => {
    expect(outside(120, { high: 120 })).toBe(false);
    expect(outside(120.1, { high: 120 })).toBe(true);
    expect(outside(undefined, { high: 120 })).toBe(false);
  });
});

const DOUBT = { system: NOTE_SYSTEM, code: "soft-confirm" };

describe("readings to series", () => {
  const bp: Observation = {
    resourceType: "Observation",
    id: "b",
    status: "final",
    code: { coding: [{ code: "85354-9" }] },
    effectiveDateTime: "2026-11-24T08:00:00Z",
    component: [
      { code: { coding: [{ code: "8480-6" }] }, valueQuantity: { value: 144 } },
      { code: { coding: [{ code: "8462-4" }] }, valueQuantity: { value: 88 } },
    ],
  };
  it("reads a pair from components", () => {
    expect(seriesOf([bp], METRICS[1]!)[0]).toMatchObject({ v: 144, v2: 88 });
  });
  it("brings other units to ours", () => {
    const kpa = structuredClone(bp);
    for (const c of kpa.component!)
      c.valueQuantity = { value: c.valueQuantity!.value! / 7.50061683, code: "kPa" };
    expect(seriesOf([kpa], METRICS[1]!)[0]!.v).toBeCloseTo(144, 6);
    const lb: Observation = {
      ...bp,
      code: { coding: [{ code: "29463-7" }] },
      valueQuantity: { value: 200, unit: "lb" },
    };
    expect(seriesOf([lb], METRICS[0]!)[0]!.v).toBeCloseTo(90.72, 2);
  });
  it("knows temperature and breathing, and Fahrenheit", () => {
    const temp = METRICS.find((m) => m.id === "temp")!;
    const fever: Observation = {
      ...bp,
      code: { coding: [{ code: "8331-1" }] },
      component: undefined,
      valueQuantity: { value: 102.2, code: "[degF]" },
    };
    expect(seriesOf([fever], temp)[0]!.v).toBeCloseTo(39, 6);
    const breath: Observation = { ...fever, code: { coding: [{ code: "9279-1" }] } };
    expect(metricOf(breath)?.id).toBe("breath");
  });
  it("takes the time where a device says it", () => {
    const pulse: Observation = {
      resourceType: "Observation",
      id: "p",
      status: "final",
      code: { coding: [{ code: "8867-4" }] },
      valueQuantity: { value: 61, code: "/min" },
    };
    const at = (o: Partial<Observation>): number | undefined =>
      seriesOf([{ ...pulse, ...o }], METRICS[2]!)[0]?.t;
    const seven = Date.parse("2026-11-24T07:00:00Z");
    expect(at({ effectiveInstant: "2026-11-24T07:00:00Z" })).toBe(seven);
    expect(at({ effectivePeriod: { end: "2026-11-24T07:00:00Z" } })).toBe(seven);
    expect(at({ effectivePeriod: { start: "2026-11-24T07:00:00Z" } })).toBe(seven);
    expect(at({})).toBeUndefined();
  });
  it("reads a sensor's hours sent as one, and a fast one as its mean", () => {
    const day: Observation = {
      resourceType: "Observation",
      id: "s",
      status: "final",
      code: { coding: [{ code: "105272-9" }] },
      effectivePeriod: { start: "2026-11-24T07:00:00Z" },
      valueSampledData: {
        origin: { value: 0, code: "mmol/L" },
        period: 300_000,
        lowerLimit: 2.2,
        data: "10 E  L",
      },
    };
    const glucose = METRICS.find((m) => m.id === "glucose")!;
    const points = seriesOf([day], glucose);
    const seven = Date.parse("2026-11-24T07:00:00Z");
    expect(points.map((p) => [p.t - seven, Math.round(p.v)])).toEqual([
      [0, 180],
      [600_000, 40],
    ]);
    const fast = { ...day, valueSampledData: { ...day.valueSampledData, period: 1000 } };
    expect(seriesOf([fast], glucose).map((p) => Math.round(p.v))).toEqual([110]);
    expect(
      seriesOf([{ ...day, valueSampledData: { origin: { value: 0 }, data: "E" } }], glucose),
    ).toEqual([]);
  });
  it("makes days of steps, sleep and medicines taken", () => {
    const of = (code: string, at: string, value: number, unit: string): Observation => ({
      resourceType: "Observation",
      id: at,
      status: "final",
      code: { coding: [{ code }] },
      effectiveDateTime: at,
      valueQuantity: { value, unit, code: unit },
    });
    const [steps, sleep, taken] = (["steps", "sleep", "taken"] as const).map(
      (id) => CARDS.find((m) => m.id === id)!,
    );
    const noon = (d: number, h = 12): string => new Date(2026, 10, d, h).toISOString();
    const walked = [
      of("55423-8", noon(20, 9), 1200, "{steps}"),
      of("55423-8", noon(20, 18), 2300, "{steps}"),
      of("41950-7", noon(21), 900, "{steps}"),
      { ...of("55423-8", noon(21, 13), 90_000, "{steps}"), meta: { tag: [DOUBT] } },
    ];
    expect(seriesOf(walked, steps!).map((p) => p.v)).toEqual([3500, 900, 90_000]);
    expect(seriesOf(walked, steps!)[0]!.t).toBe(Date.parse(noon(20, 18)));
    expect(seriesOf([of("93832-4", noon(20, 7), 390, "min")], sleep!)[0]!.v).toBeCloseTo(6.5, 6);
    const doses = [of("418633004", noon(20, 8), 100, "%"), of("418633004", noon(20, 20), 50, "%")];
    expect(seriesOf(doses, taken!).map((p) => p.v)).toEqual([75]);
    expect(searchCode(taken!)).toBe("http://snomed.info/sct|418633004");
  });
  it("leaves out what was entered in error, has no time or no value", () => {
    const none = [
      { ...bp, status: "entered-in-error" },
      { ...bp, effectiveDateTime: undefined },
      { ...bp, component: [] },
    ];
    expect(seriesOf(none, METRICS[1]!)).toEqual([]);
  });
});

it("ticks are round and inside", () => {
  expect(ticks(87.3, 92.1, 4)).toEqual([88, 90, 92]);
  expect(ticks(0, 1, 4).every((v) => v >= 0 && v <= 1)).toBe(true);
});

describe("a device's clock", () => {
  const reading = (id: string, ...from: string[]): Observation => ({
    resourceType: "Observation",
    id,
    status: "final",
    code: { coding: [{ system: "http://loinc.org", code: "29463-7" }] },
    effectiveDateTime: "2026-11-24T09:00:00Z",
    valueQuantity: { value: 80, unit: "kg", code: "kg" },
    derivedFrom: from.map((reference) => ({ reference })),
  });
  const stamp = (id: string, device: string, gateway?: string): Observation => ({
    resourceType: "Observation",
    id,
    status: "final",
    code: { coding: [{ system: "urn:iso:std:iso:11073:10101", code: "67975" }] },
    effectiveDateTime: gateway,
    valueDateTime: device,
  });
  const ahead = (s: Observation): number | undefined => {
    const seen = withClocks(
      [reading("r", "QuestionnaireResponse/q", `Observation/${s.id}/_history/1`)],
      [s],
    );
    return seriesOf(seen, METRICS[0]!)[0]!.ahead;
  };

  it("is off from where DEV-CLOCK says", () => {
    const spec = join(import.meta.dirname, "../../../spec/fleet/rules.json");
    const row = (
      JSON.parse(readFileSync(spec, "utf8")).rules as { id: string; limit: number }[]
    ).find((r) => r.id === "DEV-CLOCK");
    expect(CLOCK_OFF_MS).toBe(row!.limit * 1000);
  });

  it("is told only past the limit, and only where the gateway corrected it", () => {
    expect(ahead(stamp("s", "2026-11-24T08:58:00Z", "2026-11-24T09:00:00Z"))).toBeUndefined();
    expect(ahead(stamp("s", "2026-11-24T08:57:59Z", "2026-11-24T09:00:00Z"))).toBe(-121_000);
    expect(ahead(stamp("s", "2026-11-24T04:02:01-05:00", "2026-11-24T09:00:00Z"))).toBe(121_000);
    expect(ahead(stamp("s", "2026-11-24T05:00:00Z"))).toBeUndefined();
    expect(
      ahead({
        ...stamp("s", "2026-11-24T05:00:00Z", "2026-11-24T09:00:00Z"),
        status: "entered-in-error",
      }),
    ).toBeUndefined();
  });

  it("asks for each stamp once", () => {
    expect(
      stampsOf([reading("a", "Observation/s"), reading("b", "Observation/s", "Device/d")]),
    ).toEqual(["s"]);
    expect(stampsOf([reading("a")])).toEqual([]);
  });

  it("is said beside the other marks", () => {
    const p = { t: NOW, v: 80, id: "r", ahead: -7_200_000 };
    expect(markText(p, NOW)).toBe("rn_clock_behind"); // words are loaded by the apps
    expect(markText({ ...p, ahead: 7_200_000, note: "late" }, NOW)).toBe(
      "rn_late · rn_clock_ahead",
    );
    expect(markText({ t: NOW, v: 80, id: "r" }, NOW)).toBe("");
  });
});
