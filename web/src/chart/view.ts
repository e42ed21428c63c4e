// What a vital sign says at a glance, in numbers first and words second: the latest value, how far it
// is from the patient's own usual, and whether a hard limit is crossed.
import type { Limit, Observation } from "../lib/fhir";
import { dayTimeInText, number, span, t } from "../lib/i18n";
import {
  type Band,
  type Bounds,
  bandOf,
  boundsOf,
  isDoubtful,
  type Metric,
  outside,
  type Point,
  seriesOf,
} from "./series";

export interface View {
  metric: Metric;
  points: Point[];
  /** kept, but nothing counts them until somebody has looked; newest first */
  doubts: Point[];
  last: Point | undefined;
  band: Band;
  band2: Band | undefined;
  bounds: Bounds;
  bounds2: Bounds | undefined;
  over: boolean;
}

export function viewOf(all: Observation[], metric: Metric, limits: Limit[], now: number): View {
  const every = seriesOf(all, metric);
  const points = every.filter((p) => !isDoubtful(p));
  const last = points[points.length - 1];
  const bounds = boundsOf(limits, metric.pair ? [metric.pair[0]] : metric.codes);
  const bounds2 = metric.pair ? boundsOf(limits, [metric.pair[1]]) : undefined;
  return {
    metric,
    points,
    doubts: every.filter(isDoubtful).reverse(),
    last,
    band: bandOf(points, now, (p) => p.v),
    band2: metric.pair ? bandOf(points, now, (p) => p.v2) : undefined,
    bounds,
    bounds2,
    over: !!last && (outside(last.v, bounds) || (!!bounds2 && outside(last.v2, bounds2))),
  };
}

/** The limits to draw. The least of a pair's upper number and the most of its lower one lie among the values of the
 * other, where a line would seem to be theirs: those are drawn only beside a reading that is beyond them. */
export function drawnBounds(view: View, points: Point[]): [Bounds, Bounds?] {
  const { bounds, bounds2 } = view;
  if (!view.metric.pair || !bounds2) return [bounds, bounds2];
  const { low } = bounds;
  const { high } = bounds2;
  const under = points.some((p) => outside(p.v, { low, high: undefined }));
  const over = points.some((p) => outside(p.v2, { low: undefined, high }));
  return [
    { ...bounds, low: under ? low : undefined },
    { ...bounds2, high: over ? high : undefined },
  ];
}

export function valueText(p: Point, m: Metric): string {
  const v = number(p.v, m.digits);
  return p.v2 === undefined ? v : `${v}/${number(p.v2, m.digits)}`;
}

/** From the least to the most of some: "66–99", of a pair "118–129/70–77". */
export function spreadText(points: Point[], m: Metric): string {
  const range = (all: number[]): string => rangeOf(Math.min(...all), Math.max(...all), m);
  const second = points.flatMap((p) => p.v2 ?? []);
  const first = range(points.map((p) => p.v));
  return second.length ? `${first}/${range(second)}` : first;
}

/** What is strange about a reading, in words; empty: nothing. */
export function markText(p: Point, now?: number): string {
  const clock =
    p.ahead === undefined
      ? ""
      : t(p.ahead > 0 ? "rn_clock_ahead" : "rn_clock_behind", {
          said: dayTimeInText(p.t + p.ahead, now),
          by: span(Math.abs(p.ahead)),
        });
  return [p.note ? t(`rn_${p.note}`) : "", clock].filter(Boolean).join(" · ");
}

export type Change = "learning" | "usual" | "above" | "below" | "none";
/** How far beyond the usual range, counted in the digits that are shown, so that the sum can be checked; 0: within. */
export function beyond(view: View): number {
  if (!view.last || !view.band.ready) return 0;
  const shown = (v: number): number => Math.round(v * 10 ** view.metric.digits);
  const v = shown(view.last.v);
  const over = Math.max(0, v - shown(view.band.high));
  const under = Math.min(0, v - shown(view.band.low));
  return (over + under) / 10 ** view.metric.digits;
}
export function changeOf(view: View): Change {
  if (!view.last) return "none";
  if (!view.band.ready) return "learning";
  const by = beyond(view);
  if (by > 0) return "above";
  return by < 0 ? "below" : "usual";
}

/** "68–74": kept left to right and on one line in every language. */
function rangeOf(low: number, high: number, { digits }: Metric): string {
  return `\u2066${number(low, digits)}\u2060–\u2060${number(high, digits)}\u2069`;
}
const rangeText = (view: View): string => rangeOf(view.band.low, view.band.high, view.metric);
/** The same, of both numbers of a pair: "121–131/68–77". */
export function usualText(view: View): string {
  const second = view.band2?.ready
    ? `/${rangeOf(view.band2.low, view.band2.high, view.metric)}`
    : "";
  return rangeText(view) + second;
}

/** "2.4 above usual 88.9–90.6", "within usual …", "learning usual: 6 of 10". */
export function changeText(view: View): string {
  const change = changeOf(view);
  if (change === "none") return t("chart_none");
  if (change === "learning") return t("chart_learning", { n: Math.min(view.band.n, 10) });
  const range = rangeText(view);
  if (change === "usual") return t("chart_usual", { range });
  const values = { by: number(Math.abs(beyond(view)), view.metric.digits), range };
  return change === "above" ? t("chart_above", values) : t("chart_below", values);
}
