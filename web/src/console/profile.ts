// The drawing of a glucose profile: paths over the day's quarters of an hour, with a hole left where nothing was measured.
import type { GlucoseUnit } from "../lib/prefs";

/** 5th, 25th, 50th, 75th and 95th percentile of each quarter of an hour. */
export type Profile = (number[] | null)[];
export const BINS = 96;
/** mg/dL that 1 mmol/L of glucose is (180.156 g/mol). */
const PER_MMOL = 18.0156;

export const inUnit = (mgdl: number, unit: GlucoseUnit): number =>
  unit === "mg/dL" ? mgdl : mgdl / PER_MMOL;

/** 27 → "06:45": the patient's own hour, which no zone of the reader's may move. */
export const clockOf = (bin: number): string =>
  `${String(Math.floor(bin / 4)).padStart(2, "0")}:${String((bin % 4) * 15).padStart(2, "0")}`;

type Scale = (v: number) => number;
const at = (v: number): number => Math.round(v * 10) / 10;

/** Stretches without a hole, as [first, behind the last]. */
function stretches(has: (i: number) => boolean, n: number): [number, number][] {
  const out: [number, number][] = [];
  for (let i = 0; i < n; i++) {
    if (!has(i)) continue;
    const last = out[out.length - 1];
    if (last && last[1] === i) last[1] = i + 1;
    else out.push([i, i + 1]);
  }
  return out;
}

export function linePath(line: (number | null)[], x: Scale, y: Scale): string {
  return stretches((i) => line[i] !== null, line.length)
    .map(([a, b]) => {
      const points = line.slice(a, b).map((v, i) => `${at(x(a + i))} ${at(y(v!))}`);
      return `M${points.join("L")}${b - a === 1 ? "h1" : ""}`;
    })
    .join("");
}

export function ribbonPath(
  profile: Profile,
  low: number,
  high: number,
  x: Scale,
  y: Scale,
): string {
  return stretches((i) => profile[i] !== null, profile.length)
    .map(([a, b]) => {
      const part = profile.slice(a, b);
      const up = part.map((l, i) => `${at(x(a + i))} ${at(y(l![high]!))}`);
      const down = part.map((l, i) => `${at(x(a + i))} ${at(y(l![low]!))}`).reverse();
      return `M${[...up, ...down].join("L")}Z`;
    })
    .join("");
}

/** Where the median of the day is lowest and where it is highest. */
export function usualDay(
  profile: Profile,
): { low: number; lowAt: number; high: number; highAt: number } | null {
  let found: { low: number; lowAt: number; high: number; highAt: number } | null = null;
  profile.forEach((l, i) => {
    const v = l?.[2];
    if (v === undefined) return;
    found ??= { low: v, lowAt: i, high: v, highAt: i };
    if (v < found.low) Object.assign(found, { low: v, lowAt: i });
    if (v > found.high) Object.assign(found, { high: v, highAt: i });
  });
  return found;
}
