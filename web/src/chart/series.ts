// Vital signs as series of numbers: which codes they come from, the patient's own band, the change
// against it, and where the gaps are. Pure functions; the same inputs always give the same answer.
import type { Concept, Limit, Observation, Quantity } from "../lib/fhir";
import { type Key, startOfDay } from "../lib/i18n";

export interface Point {
  t: number;
  v: number;
  /** the lower one of a pair (diastolic) */
  v2?: number;
  id: string;
  /** what intake found strange about the reading */
  note?: Note;
  /** ms that the device's clock was ahead (less than 0: behind); its gateway corrected the time */
  ahead?: number;
}
/** Codes of READING_NOTES, the gravest first. */
const NOTES = [
  "other-person",
  "soft-confirm",
  "unit-unknown",
  "future-dated",
  "late",
  "time-of-receipt",
  "self-reported",
] as const;
export type Note = (typeof NOTES)[number];
export const NOTE_SYSTEM = "https://weft.health/fhir/reading-note";
/** No rule has read it, so it stands beside the chart and not in it. */
export const isDoubtful = (p: Point): boolean =>
  p.note === "other-person" || p.note === "soft-confirm" || p.note === "unit-unknown";
function noteOf(o: Observation): Note | undefined {
  const codes = (o.meta?.tag ?? []).filter((c) => c.system === NOTE_SYSTEM).map((c) => c.code);
  return NOTES.find((n) => codes.includes(n));
}
/** A device's clock and its gateway's at one moment (HL7 PHD: Observation of MDC 67975). */
export const STAMP = "urn:iso:std:iso:11073:10101|67975";
/** From here on DEV-CLOCK calls a clock wrong (spec/fleet/rules.json). */
export const CLOCK_OFF_MS = 120_000;
const stampOf = (o: Observation): string[] =>
  (o.derivedFrom ?? [])
    .map((r) => r.reference ?? "")
    .filter((r) => r.startsWith("Observation/"))
    .map((r) => r.slice("Observation/".length).split("/")[0]!);
/** The stamps that readings name, newest readings first. */
export const stampsOf = (all: Observation[]): string[] => [...new Set(all.flatMap(stampOf))];
/** Readings with what their stamps say. Without the gateway's time the device's own was kept, and
 * nothing was corrected. */
export function withClocks(all: Observation[], stamps: Observation[]): Observation[] {
  const ahead = new Map<string, number>();
  for (const s of stamps) {
    const by = Date.parse(s.valueDateTime ?? "") - Date.parse(s.effectiveDateTime ?? "");
    if (s.status !== "entered-in-error" && Math.abs(by) > CLOCK_OFF_MS) ahead.set(s.id ?? "", by);
  }
  return all.map((o) => {
    const stamp = stampOf(o).find((id) => ahead.has(id));
    return stamp === undefined ? o : { ...o, clockAhead: ahead.get(stamp)! };
  });
}
export interface Metric {
  id: "weight" | "bp" | "hr" | "spo2" | "glucose" | "temp" | "breath" | "steps" | "sleep" | "taken";
  /** LOINC codes that mean this sign; the first is ours */
  codes: string[];
  /** of the codes, where it is not LOINC */
  system?: string;
  /** what a day's readings make, where only days mean something (as in spec/monitor/rules.json) */
  day?: "sum" | "mean";
  name: Key;
  plain: Key;
  unit: string;
  digits: number;
  pair?: [string, string];
}

export const LOINC = "http://loinc.org";
export const METRICS: Metric[] = [
  {
    id: "weight",
    codes: ["29463-7", "3141-9"],
    name: "m_weight",
    plain: "p_weight",
    unit: "kg",
    digits: 1,
  },
  {
    id: "bp",
    codes: ["85354-9", "55284-4"],
    name: "m_bp",
    plain: "p_bp",
    unit: "mmHg",
    digits: 0,
    pair: ["8480-6", "8462-4"],
  },
  { id: "hr", codes: ["8867-4"], name: "m_hr", plain: "p_hr", unit: "/min", digits: 0 },
  {
    id: "spo2",
    codes: ["59408-5", "2708-6"],
    name: "m_spo2",
    plain: "p_spo2",
    unit: "%",
    digits: 0,
  },
  {
    id: "glucose",
    codes: ["41653-7", "2339-0", "2345-7", "99504-3", "15074-8", "105272-9", "14745-4"],
    name: "m_glucose",
    plain: "p_glucose",
    unit: "mg/dL",
    digits: 0,
  },
  {
    id: "temp",
    codes: ["8310-5", "8331-1"],
    name: "m_temp",
    plain: "p_temp",
    unit: "Cel",
    digits: 1,
  },
  { id: "breath", codes: ["9279-1"], name: "m_breath", plain: "p_breath", unit: "/min", digits: 0 },
];
/** What is reckoned by the day. */
const DAILY: Metric[] = [
  {
    id: "steps",
    codes: ["55423-8", "41950-7"],
    day: "sum",
    name: "m_steps",
    plain: "m_steps",
    unit: "{steps}",
    digits: 0,
  },
  {
    id: "sleep",
    codes: ["93832-4"],
    day: "sum",
    name: "m_sleep",
    plain: "m_sleep",
    unit: "h",
    digits: 1,
  },
  {
    id: "taken",
    codes: ["418633004"],
    system: "http://snomed.info/sct",
    day: "mean",
    name: "m_taken",
    plain: "m_taken",
    unit: "%",
    digits: 0,
  },
];
/** Those of a case. */
export const CARDS: Metric[] = [...METRICS, ...DAILY];
export const searchCode = (m: Metric): string =>
  m.codes.map((c) => `${m.system ?? LOINC}|${c}`).join(",");

/** Other units that devices send, and what one of them is in ours (UCUM code or common text). */
const TO_OURS: Record<string, number> = {
  "[lb_av]": 0.45359237,
  lb: 0.45359237,
  lbs: 0.45359237,
  g: 0.001,
  kPa: 7.50061683,
  "mmol/L": 18.0182,
  min: 1 / 60,
};
function inOurs(q: Quantity | undefined): number | undefined {
  if (typeof q?.value !== "number") return undefined;
  if ((q.code ?? q.unit) === "[degF]") return (q.value - 32) / 1.8;
  return q.value * (TO_OURS[q.code ?? ""] ?? TO_OURS[q.unit ?? ""] ?? 1);
}

const hasCode = (c: Concept, codes: string[]): boolean =>
  !!c.coding?.some((x) => codes.includes(x.code ?? ""));

/** Of a glucose sensor, not of a drop of blood. */
export const isSensor = (o: Observation): boolean => hasCode(o.code, ["99504-3", "105272-9"]);

export function metricOf(o: Observation): Metric | undefined {
  return CARDS.find((m) => hasCode(o.code, m.codes));
}

/** When it was measured; of a time that lasted, its end, as the server reckons. NaN: not said. */
export const measuredAt = (o: Observation): number =>
  Date.parse(
    o.effectiveDateTime ??
      o.effectiveInstant ??
      o.effectivePeriod?.end ??
      o.effectivePeriod?.start ??
      o.issued ??
      "",
  );

const MINUTE = 60_000;
/** What a device sent as one: each value a minute or more apart at its own time, a faster one as its mean, as the server
 * reads it (src/monitor/samples.c). L and U are the limits they stand for. */
function sampledPoints(o: Observation): Point[] {
  const s = o.valueSampledData;
  const period = s?.period ?? 0;
  const values = (s?.data ?? "")
    .split(" ")
    .filter(Boolean)
    .map((x) => {
      if (x === "L") return s?.lowerLimit;
      if (x === "U") return s?.upperLimit;
      const v = x === "E" ? Number.NaN : Number(x);
      return Number.isNaN(v) ? undefined : (s?.origin?.value ?? 0) + (s?.factor ?? 1) * v;
    })
    .map((v) => (v === undefined ? v : inOurs({ ...s?.origin, value: v })));
  const known = values.filter((v): v is number => v !== undefined);
  const rest = { id: o.id ?? "", note: noteOf(o), ahead: o.clockAhead };
  const point = (t: number, v: number): Point => ({ t, v, ...rest });
  if (known.length === 0) return [];
  if (period < MINUTE) return [point(measuredAt(o), known.reduce((a, b) => a + b) / known.length)];
  const from = o.effectivePeriod?.start ?? o.effectiveDateTime ?? o.effectiveInstant;
  const first = from ? Date.parse(from) : measuredAt(o) - (values.length - 1) * period;
  return values.flatMap((v, i) => (v === undefined ? [] : [point(first + i * period, v)]));
}

/** The point it is, of several the last. */
export function pointOf(o: Observation, m: Metric): Point | null {
  const t = measuredAt(o);
  if (o.valueSampledData && o.status !== "entered-in-error" && !Number.isNaN(t))
    return sampledPoints(o).at(-1) ?? null;
  const part = (code: string): number | undefined =>
    inOurs(o.component?.find((c) => hasCode(c.code, [code]))?.valueQuantity);
  const v = m.pair ? part(m.pair[0]) : inOurs(o.valueQuantity);
  if (Number.isNaN(t) || v === undefined || o.status === "entered-in-error") return null;
  const rest = { id: o.id ?? "", note: noteOf(o), ahead: o.clockAhead };
  return { t, v, v2: m.pair ? part(m.pair[1]) : undefined, ...rest };
}

/** A day's as one, at the last of them; what is doubtful stays alone. */
function daysOf(points: Point[], kind: "sum" | "mean"): Point[] {
  const days = new Map<number, Point[]>();
  for (const p of points.filter((x) => !isDoubtful(x))) {
    const d = startOfDay(p.t);
    days.set(d, [...(days.get(d) ?? []), p]);
  }
  const whole = [...days.values()].map((list) => {
    const sum = list.reduce((a, p) => a + p.v, 0);
    return { ...list.at(-1)!, v: kind === "sum" ? sum : sum / list.length };
  });
  return [...whole, ...points.filter(isDoubtful)].sort((a, b) => a.t - b.t);
}

/** Oldest first. */
export function seriesOf(all: Observation[], m: Metric): Point[] {
  const points = all
    .filter((o) => hasCode(o.code, m.codes))
    .flatMap((o) => {
      const last = pointOf(o, m);
      if (!last) return [];
      return o.valueSampledData ? sampledPoints(o) : [last];
    })
    .sort((a, b) => a.t - b.t);
  return m.day ? daysOf(points, m.day) : points;
}

const DAY = 86_400_000;

/** Linear interpolation between the two nearest ranks (the "type 7" of statistics books). */
export function percentile(sorted: number[], p: number): number {
  const at = (sorted.length - 1) * p;
  const lo = Math.floor(at);
  const a = sorted[lo] ?? Number.NaN;
  const b = sorted[Math.min(lo + 1, sorted.length - 1)] ?? a;
  return a + (b - a) * (at - lo);
}

export interface Band {
  low: number;
  high: number;
  middle: number;
  n: number;
  days: number;
  /** false: still learning, low and high mean nothing */
  ready: boolean;
}

/** The patient's own usual: 10th to 90th percentile of days −31 to −4. The last three days are left
 * out, or a slow decline would become normal. Needs 10 readings on 7 days. */
export function bandOf(points: Point[], now: number, pick: (p: Point) => number | undefined): Band {
  const used = points.filter((p) => p.t >= now - 31 * DAY && p.t < now - 3 * DAY);
  const values = used
    .map(pick)
    .filter((v): v is number => v !== undefined)
    .sort((a, b) => a - b);
  const days = new Set(used.map((p) => Math.floor(p.t / DAY))).size;
  return {
    low: percentile(values, 0.1),
    high: percentile(values, 0.9),
    middle: percentile(values, 0.5),
    n: values.length,
    days,
    ready: values.length >= 10 && days >= 7,
  };
}

/** Breaks a series where readings are missing: a hole of more than 2.5 usual intervals and 36 h. */
export function segments(points: Point[]): Point[][] {
  const steps = points.slice(1).map((p, i) => p.t - points[i]!.t);
  const usual = percentile(
    [...steps].sort((a, b) => a - b),
    0.5,
  );
  const hole = Math.max(2.5 * (usual || 0), 36 * 3_600_000);
  const out: Point[][] = [];
  for (const p of points) {
    const last = out[out.length - 1];
    if (last && p.t - last[last.length - 1]!.t <= hole) last.push(p);
    else out.push([p]);
  }
  return out;
}

/** Keeps the first, lowest, highest and last point of each pixel column: no extreme is lost. */
export function decimate(points: Point[], columns: number): Point[] {
  if (points.length <= columns * 2 || columns < 1) return points;
  const from = points[0]!.t;
  const width = (points[points.length - 1]!.t - from || 1) / columns;
  const cells = new Map<number, Point[]>();
  for (const p of points) {
    const c = Math.min(columns - 1, Math.floor((p.t - from) / width));
    const cell = cells.get(c);
    if (cell) cell.push(p);
    else cells.set(c, [p]);
  }
  const kept: Point[] = [];
  for (const cell of cells.values()) {
    const low = cell.reduce((a, b) => (b.v < a.v ? b : a));
    const high = cell.reduce((a, b) => (b.v > a.v ? b : a));
    const keep = new Set([cell[0]!, low, high, cell[cell.length - 1]!]);
    kept.push(...cell.filter((p) => keep.has(p)));
  }
  return kept;
}

export interface Bounds {
  low?: number;
  high?: number;
}
/** Limits of a code: the tightest of each side; what a clinician set for this patient replaces the
 * default of that side. */
export function boundsOf(limits: Limit[], codes: string[]): Bounds {
  const mine = limits.filter((l) => codes.includes(l.loinc));
  const values = (list: Limit[], f: (l: Limit) => number | null | undefined): number[] =>
    list.map(f).filter((v): v is number => typeof v === "number");
  const side = (f: (l: Limit) => number | null | undefined): number[] => {
    const own = values(
      mine.filter((l) => l.source && l.source !== "default"),
      f,
    );
    return own.length ? own : values(mine, f);
  };
  const lows = side((l) => l.low);
  const highs = side((l) => l.high);
  return {
    low: lows.length ? Math.max(...lows) : undefined,
    high: highs.length ? Math.min(...highs) : undefined,
  };
}
export const outside = (v: number | undefined, b: Bounds): boolean =>
  v !== undefined && ((b.low !== undefined && v < b.low) || (b.high !== undefined && v > b.high));

/** About `count` round numbers that span low..high. */
export function ticks(low: number, high: number, count: number): number[] {
  const raw = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw || 1));
  const step = [1, 2, 5, 10].map((k) => k * power).find((s) => s >= raw) ?? 10 * power;
  const out: number[] = [];
  for (let v = Math.ceil(low / step) * step; v <= high + step / 1e6; v += step)
    out.push(Number(v.toFixed(6)));
  return out;
}
