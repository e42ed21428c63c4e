import { beforeAll, describe, expect, it } from "vitest";
import { startWords } from "../lib/i18n";
import kit from "../words/kit.en";
import { type Bounds, METRICS, type Metric, type Point } from "./series";
import {
  beyond,
  changeOf,
  changeText,
  drawnBounds,
  spreadText,
  usualText,
  type View,
} from "./view";

beforeAll(() => startWords({ en: async () => kit, es: async () => kit, ar: async () => kit }));

const NOW = Date.parse("2026-11-24T10:00:00Z");
const metric = (id: Metric["id"]): Metric => METRICS.find((m) => m.id === id)!;
const point = (v: number, v2?: number): Point => ({ t: NOW, v, v2, id: "x" });
const band = (low: number, high: number) => ({
  ready: true,
  n: 28,
  days: 28,
  low,
  high,
  middle: 0,
});
const plain = (text: string): string => text.replace(/[\u2060-\u2069]/g, "");
function view(
  id: Metric["id"],
  last: Point,
  usual: [number, number],
  over: Partial<View> = {},
): View {
  const none: Bounds = { low: undefined, high: undefined };
  return {
    metric: metric(id),
    points: [last],
    doubts: [],
    last,
    band: band(...usual),
    band2: undefined,
    bounds: none,
    bounds2: undefined,
    over: false,
    ...over,
  };
}

describe("how far from usual", () => {
  it("is counted from the range that stands beside it", () => {
    expect(plain(changeText(view("bp", point(126, 75), [115, 125])))).toBe("1 above usual 115–125");
    expect(plain(changeText(view("glucose", point(51), [91, 115])))).toBe("40 below usual 91–115");
    expect(plain(changeText(view("weight", point(92.4), [88.61, 88.94])))).toBe(
      "3.5 above usual 88.6–88.9",
    );
  });
  it("is nothing within the range as it is shown", () => {
    const edge = view("hr", point(88), [81.6, 87.8]); // shown as 82–88
    expect(beyond(edge)).toBe(0);
    expect(changeOf(edge)).toBe("usual");
    expect(changeOf(view("hr", point(89), [81.6, 87.8]))).toBe("above");
    expect(changeOf(view("hr", point(81), [81.6, 87.8]))).toBe("below");
  });
  it("names both numbers of a pair", () => {
    const both = view("bp", point(127, 72), [121, 131], { band2: band(68, 77) });
    expect(plain(usualText(both))).toBe("121–131/68–77");
    expect(plain(spreadText([point(118, 70), point(129, 77)], metric("bp")))).toBe("118–129/70–77");
  });
});

describe("the limits of a pair", () => {
  const limits = { bounds: { low: 80, high: 180 }, bounds2: { low: undefined, high: 120 } };
  it("are not drawn through the other number's values", () => {
    const calm = view("bp", point(127, 72), [121, 131], limits);
    const [upper, lower] = drawnBounds(calm, calm.points);
    expect(upper).toEqual({ low: undefined, high: 180 });
    expect(lower?.high).toBeUndefined();
  });
  it("are drawn beside a reading that is beyond them", () => {
    const [, lower] = drawnBounds(view("bp", point(170, 124), [121, 131], limits), [
      point(170, 124),
    ]);
    expect(lower?.high).toBe(120);
    const [upper] = drawnBounds(view("bp", point(74, 50), [121, 131], limits), [point(74, 50)]);
    expect(upper.low).toBe(80);
  });
  it("of one number are drawn as they are", () => {
    const one = view("spo2", point(97), [96, 98], { bounds: { low: 91, high: undefined } });
    expect(drawnBounds(one, one.points)[0]).toEqual({ low: 91, high: undefined });
  });
});
