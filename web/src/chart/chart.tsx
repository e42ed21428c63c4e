// The vitals chart: plain SVG over the patient's own band, hard limits as dashed lines, gaps left as
// gaps. Time runs left to right in every language (clinical convention). Pointer and arrow keys walk
// the points through one native range input, whose value text is what a screen reader says.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { dayTime, number, shortDay, t, unitWord } from "../lib/i18n";
import { type Band, type Bounds, decimate, outside, type Point, segments, ticks } from "./series";
import { changeText, drawnBounds, markText, type View, valueText } from "./view";
import { Walk } from "./walk";

const DAY = 86_400_000;
const PAD = { start: 40, end: 14, top: 14, bottom: 24 };

interface Frame {
  width: number;
  height: number;
  from: number;
  to: number;
  low: number;
  high: number;
  x: (t: number) => number;
  y: (v: number) => number;
}

/** The width that a drawing has, so that its letters stay as large as all others. */
export function useWidth(): [preact.RefObject<HTMLDivElement | null>, number] {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(560);
  useEffect(() => {
    const el = ref.current;
    if (!el || !("ResizeObserver" in window)) return;
    const watch = new ResizeObserver(([e]) => {
      const w = Math.round(e?.contentRect.width ?? 0);
      if (w > 0) setWidth(w);
    });
    watch.observe(el);
    return () => watch.disconnect();
  }, []);
  return [ref, width];
}

/** The values that must be in sight: readings, band, and any limit that lies near them. */
function extent(view: View, points: Point[]): [number, number] {
  const seen = points.flatMap((p) => (p.v2 === undefined ? [p.v] : [p.v, p.v2]));
  for (const b of [view.band, view.band2]) if (b?.ready) seen.push(b.low, b.high);
  let low = Math.min(...seen);
  let high = Math.max(...seen);
  const room = (high - low || Math.abs(high) * 0.1 || 1) * 0.6;
  for (const b of drawnBounds(view, points))
    for (const v of [b?.low, b?.high])
      if (v !== undefined && v > low - room && v < high + room) {
        low = Math.min(low, v);
        high = Math.max(high, v);
      }
  const air = (high - low || 1) * 0.12;
  return [low - air, high + air];
}

function frameOf(
  view: View,
  points: Point[],
  size: [number, number],
  days: number,
  now: number,
): Frame {
  const [width, height] = size;
  const [low, high] = extent(view, points);
  const to = Math.max(now, points[points.length - 1]?.t ?? now);
  const from = to - days * DAY;
  const inner = width - PAD.start - PAD.end;
  const tall = height - PAD.top - PAD.bottom;
  return {
    width,
    height,
    from,
    to,
    low,
    high,
    x: (time) => PAD.start + ((time - from) / (to - from)) * inner,
    y: (v) => PAD.top + ((high - v) / (high - low)) * tall,
  };
}

const round = (v: number): number => Math.round(v * 10) / 10;
function pathOf(points: Point[], f: Frame, pick: (p: Point) => number | undefined): string {
  return segments(points)
    .map((seg) =>
      decimate(seg, f.width)
        .map((p, i) => `${i ? "L" : "M"}${round(f.x(p.t))} ${round(f.y(pick(p) ?? p.v))}`)
        .join(""),
    )
    .join("");
}

function BandArea({ band, f }: { band: Band | undefined; f: Frame }) {
  if (!band?.ready) return null;
  const top = f.y(band.high);
  return (
    <rect
      class="chart-band"
      x={PAD.start}
      y={round(top)}
      width={f.width - PAD.start - PAD.end}
      height={Math.max(2, round(f.y(band.low) - top))}
      rx="3"
    />
  );
}

function LimitLines({
  bounds,
  f,
  digits,
}: {
  bounds: Bounds | undefined;
  f: Frame;
  digits: number;
}) {
  const all = [
    ["high", bounds?.high],
    ["low", bounds?.low],
  ] as const;
  return (
    <>
      {all.map(([side, v]) =>
        v === undefined || v < f.low || v > f.high ? null : (
          <g key={side} class="chart-limit">
            <line x1={PAD.start} x2={f.width - PAD.end} y1={f.y(v)} y2={f.y(v)} />
            <text x={PAD.start + 4} y={f.y(v) + (side === "high" ? -5 : 13)}>
              {t("chart_limit")} {number(v, digits)}
            </text>
          </g>
        ),
      )}
    </>
  );
}

function Axes({ f, days }: { f: Frame; days: number }) {
  const step = days <= 8 ? 2 : days <= 31 ? 7 : 21;
  const marks: number[] = [];
  const midnight = new Date(f.to);
  midnight.setHours(0, 0, 0, 0);
  for (let d = midnight.getTime(); d > f.from; d -= step * DAY) marks.push(d);
  return (
    <g class="chart-axes">
      {ticks(f.low, f.high, f.height > 150 ? 4 : 2).map((v) => (
        <g key={v}>
          <line x1={PAD.start} x2={f.width - PAD.end} y1={f.y(v)} y2={f.y(v)} />
          <text x={PAD.start - 7} y={f.y(v) + 4} text-anchor="end">
            {number(v)}
          </text>
        </g>
      ))}
      {marks.map((d) =>
        f.x(d) < PAD.start + 18 || f.x(d) > f.width - 34 ? null : (
          <text key={d} x={f.x(d)} y={f.height - 6} text-anchor="middle">
            {shortDay(d)}
          </text>
        ),
      )}
    </g>
  );
}

function Dots({ points, view, f }: { points: Point[]; view: View; f: Frame }) {
  const small = points.length > 70;
  return (
    <g>
      {points.map((p) => {
        const over = outside(p.v, view.bounds) || (!!view.bounds2 && outside(p.v2, view.bounds2));
        if (small && !over && p !== view.last) return null;
        const x = round(f.x(p.t));
        const y = round(f.y(p.v));
        const r = p === view.last ? 4.5 : 2.5;
        return over ? (
          <path key={`${p.id} ${p.t}`} class="chart-over" d={`M${x} ${y - 6}l6 6-6 6-6-6z`} />
        ) : (
          <g key={`${p.id} ${p.t}`} class={p === view.last ? "chart-dot chart-last" : "chart-dot"}>
            <circle cx={x} cy={y} r={r} />
            {p.v2 !== undefined && <circle cx={x} cy={round(f.y(p.v2))} r={r} />}
          </g>
        );
      })}
    </g>
  );
}

function Cursor({ p, f }: { p: Point | undefined; f: Frame }) {
  if (!p) return null;
  return (
    <g class="chart-cursor">
      <line x1={f.x(p.t)} x2={f.x(p.t)} y1={PAD.top - 6} y2={f.height - PAD.bottom} />
      <circle cx={f.x(p.t)} cy={f.y(p.v)} r="6" />
      {p.v2 !== undefined && <circle cx={f.x(p.t)} cy={f.y(p.v2)} r="6" />}
    </g>
  );
}

export interface ChartProps {
  view: View;
  days: number;
  now: number;
  height?: number;
  name: string;
}

export function Chart({ view, days, now, height = 190, name }: ChartProps) {
  const [ref, width] = useWidth();
  const [at, setAt] = useState(-1);
  const points = useMemo(
    () => view.points.filter((p) => p.t >= now - days * DAY),
    [view.points, days, now],
  );
  if (points.length === 0)
    return (
      <div class="chart-empty hatch" ref={ref}>
        <p>{t("chart_empty", { n: days })}</p>
      </div>
    );
  const f = frameOf(view, points, [width, height], days, now);
  const index = at < 0 || at >= points.length ? points.length - 1 : at;
  const p = points[index]!;
  const unit = unitWord(view.metric.unit);
  const said = `${dayTime(p.t, now)}: ${valueText(p, view.metric)} ${unit}`;
  const sentence = `${name}: ${valueText(view.last ?? p, view.metric)} ${unit}. ${changeText(view)}.`;
  const near = (e: PointerEvent): void => {
    const box = (e.currentTarget as Element).getBoundingClientRect();
    const time =
      f.from +
      ((e.clientX - box.left - PAD.start) / (width - PAD.start - PAD.end)) * (f.to - f.from);
    let best = 0;
    for (let i = 1; i < points.length; i++)
      if (Math.abs(points[i]!.t - time) < Math.abs(points[best]!.t - time)) best = i;
    setAt(best);
  };
  return (
    <div class="chart" ref={ref} dir="ltr">
      <svg
        role="img"
        aria-label={sentence}
        viewBox={`0 0 ${width} ${height}`}
        width={width}
        height={height}
        onPointerMove={near}
        onPointerDown={near}
        onPointerLeave={() => setAt(-1)}
      >
        <title>{sentence}</title>
        <Axes f={f} days={days} />
        <BandArea band={view.band} f={f} />
        <BandArea band={view.band2} f={f} />
        <path class="chart-line" d={pathOf(points, f, (q) => q.v)} />
        {view.metric.pair && <path class="chart-line" d={pathOf(points, f, (q) => q.v2)} />}
        {drawnBounds(view, points).map((b, i) => (
          <LimitLines key={i} bounds={b} f={f} digits={view.metric.digits} />
        ))}
        <Dots points={points} view={view} f={f} />
        {at >= 0 && <Cursor p={p} f={f} />}
      </svg>
      <Walk
        class="chart-walk"
        label={t("chart_walk", { name })}
        said={said}
        n={points.length}
        at={index}
        onAt={setAt}
        onFocus={() => setAt(index)}
        onBlur={() => setAt(-1)}
      />
      <p class={at >= 0 ? "chart-said" : "chart-said quiet"} dir="auto">
        {at >= 0 ? said : t("chart_hint")}
      </p>
    </div>
  );
}

/** A small shape for cards: band, line, last point. Decoration: the card says the same in words. */
export function Spark({ view, days, now }: { view: View; days: number; now: number }) {
  const points = view.points.filter((p) => p.t >= now - days * DAY);
  if (points.length < 2) return <svg class="spark" aria-hidden="true" viewBox="0 0 120 36" />;
  const [low, high] = extent(
    { ...view, band2: undefined, bounds2: undefined },
    points.map((p) => ({ ...p, v2: undefined })),
  );
  const x = (time: number): number => 3 + ((time - (now - days * DAY)) / (days * DAY)) * 112;
  const y = (v: number): number => 3 + ((high - v) / (high - low)) * 30;
  const f = { width: 120, x, y } as Frame;
  const last = points[points.length - 1]!;
  const { band } = view;
  return (
    <svg class="spark" aria-hidden="true" viewBox="0 0 120 36" preserveAspectRatio="none" dir="ltr">
      {band.ready && (
        <rect
          class="chart-band"
          x="0"
          width="120"
          y={y(band.high)}
          height={Math.max(2, y(band.low) - y(band.high))}
        />
      )}
      <path
        class="chart-line"
        vector-effect="non-scaling-stroke"
        d={pathOf(points, f, (p) => p.v)}
      />
      <path
        class={view.over ? "spark-last over" : "spark-last"}
        vector-effect="non-scaling-stroke"
        d={`M${round(x(last.t))} ${round(y(last.v))}h0`}
      />
    </svg>
  );
}

/** The same numbers as a table, newest first. */
export function ChartTable({ view, days, now, name }: ChartProps) {
  const points = view.points.filter((p) => p.t >= now - days * DAY).reverse();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <section class="chart-table" tabIndex={0} aria-label={name}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t("col_time")}</th>
            <th scope="col" class="num">
              {name} ({unitWord(view.metric.unit)})
            </th>
            <th scope="col">{t("col_mark")}</th>
          </tr>
        </thead>
        <tbody>
          {points.map((p) => {
            const over =
              outside(p.v, view.bounds) || (!!view.bounds2 && outside(p.v2, view.bounds2));
            return (
              <tr key={`${p.id} ${p.t}`}>
                <td>{dayTime(p.t, now)}</td>
                <td class="num">{valueText(p, view.metric)}</td>
                <td>
                  {[over ? `◆ ${t("over_limit")}` : "", markText(p, now)]
                    .filter(Boolean)
                    .join(" · ")}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
