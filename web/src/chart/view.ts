// What a vital sign says at a glance, in numbers first and words second: the latest value, how far it
// is from the patient's own usual, and whether a hard limit is crossed.
import type { Limit, Observation } from "../lib/fhir";
import { number, signed, t } from "../lib/i18n";
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

export function valueText(p: Point, m: Metric): string {
  const v = number(p.v, m.digits);
  return p.v2 === undefined ? v : `${v}/${number(p.v2, m.digits)}`;
}

export type Change = "learning" | "usual" | "above" | "below" | "none";
export function changeOf(view: View): Change {
  if (!view.last) return "none";
  if (!view.band.ready) return "learning";
  if (view.last.v > view.band.high) return "above";
  return view.last.v < view.band.low ? "below" : "usual";
}

/** "68–74": kept left to right and on one line in every language. */
export function rangeText(view: View): string {
  const { digits } = view.metric;
  return `\u2066${number(view.band.low, digits)}\u2060–\u2060${number(view.band.high, digits)}\u2069`;
}

/** "2.4 above usual 88.9–90.6", "within usual …", "learning usual: 6 of 10". */
export function changeText(view: View): string {
  const change = changeOf(view);
  if (change === "none") return t("chart_none");
  if (change === "learning") return t("chart_learning", { n: Math.min(view.band.n, 10) });
  const range = rangeText(view);
  if (change === "usual") return t("chart_usual", { range });
  const by = Math.abs(view.last!.v - view.band.middle);
  const values = { by: number(by, view.metric.digits), range };
  return change === "above" ? t("chart_above", values) : t("chart_below", values);
}

export function deltaText(view: View): string {
  if (!view.last || !view.band.ready) return "";
  return signed(view.last.v - view.band.middle, view.metric.digits);
}
