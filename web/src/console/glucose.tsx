// A glucose sensor's fortnight on one page, as clinicians read it: times in ranges with their goals, the indices, a usual
// day (percentiles of each quarter of an hour, the target's lines over them, no hull of extremes), and a small line a day.
// The server reckons; here it is drawn, and the table says the same.
import { useState } from "preact/hooks";
import { useWidth } from "../chart/chart";
import { Choice, Failed, Heads, Skeleton } from "../kit/basics";
import { type Look, LookChoice } from "../kit/choices";
import { get } from "../lib/api";
import { day, type Key, number, shortDay, t, unitWord } from "../lib/i18n";
import { again, useLoad } from "../lib/load";
import { type GlucoseUnit, glucoseUnit, setGlucoseUnit } from "../lib/prefs";
import { BINS, clockOf, inUnit, linePath, type Profile, ribbonPath, usualDay } from "./profile";

type Part = "veryLow" | "low" | "inRange" | "high" | "veryHigh";
interface Episodes {
  n: number;
  prolonged: number;
  minutes: number;
}
interface Day {
  day: string;
  readings: number;
  mean?: number;
  percent: Record<Part, number>;
  line: (number | null)[];
}
interface Fortnight {
  days: number;
  captured?: number;
  intervalMinutes: number;
  readings: number;
  percent: Partial<Record<Part, number>>;
  mean?: number;
  cv?: number;
  gmi?: number;
  gri?: number;
  zone?: string;
  episodes: Record<Exclude<Part, "inRange">, Episodes>;
  profile: Profile;
  daily: Day[];
}
const DAYS = 14;
/** Under it the consensus calls the figures unsure. */
const CAPTURED = 70;
const TALL = 230;
const LEFT = 38;
const TOP = 8;
const FOOT = 22;
const FLOOR = 40;

/** A value of a threshold in the reader's unit: 70 or 3.9. */
const said = (mgdl: number): string =>
  number(inUnit(mgdl, glucoseUnit.value), glucoseUnit.value === "mg/dL" ? 0 : 1);
const unit = (): string => unitWord(glucoseUnit.value);

/** Goals of the international consensus on time in range (Battelino 2019), for most adults. */
function Ranges({ of }: { of: Fortnight }) {
  const p = of.percent;
  const sum = (...parts: Part[]): number => parts.reduce((a, x) => a + (p[x] ?? 0), 0);
  const rows: [string, number, "over" | "under", number][] = [
    [t("gf_above", { v: said(250) }), sum("veryHigh"), "under", 5],
    [t("gf_above", { v: said(180) }), sum("high", "veryHigh"), "under", 25],
    [t("gf_between", { low: said(70), high: said(180) }), sum("inRange"), "over", 70],
    [t("gf_below", { v: said(70) }), sum("low", "veryLow"), "under", 4],
    [t("gf_below", { v: said(54) }), sum("veryLow"), "under", 1],
  ];
  return (
    <table class="gf-ranges">
      <Heads of={[`${t("gf_range")} (${unit()})`, t("gf_part"), t("gf_goal")]} />
      <tbody>
        {rows.map(([name, part, side, goal]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td class="tabular">{number(part, 1)} %</td>
            <td>
              {t(`gf_${side}`, { v: goal })}{" "}
              <span class="muted">
                {(side === "over" ? part > goal : part < goal)
                  ? t("gf_met")
                  : `◆ ${t("gf_missed")}`}
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const PARTS: Part[] = ["veryLow", "low", "inRange", "high", "veryHigh"];
function Bar({ percent }: { percent: Partial<Record<Part, number>> }) {
  return (
    <div class="gf-bar" aria-hidden="true" dir="ltr">
      {PARTS.map((x) => (
        <span key={x} class={`gf-${x}`} style={{ inlineSize: `${percent[x] ?? 0}%` }} />
      ))}
    </div>
  );
}

function Numbers({ of }: { of: Fortnight }) {
  const e = of.episodes;
  const spell = (x: Episodes): string =>
    t("gf_spell", { n: number(x.n), minutes: number(x.minutes, 0), long: number(x.prolonged) });
  const rows: [Key, string][] = [
    ["gf_mean", `${said(of.mean ?? 0)} ${unit()}`],
    ["gf_gmi", `${number(of.gmi ?? 0, 1)} %`],
    ["gf_cv", `${number(of.cv ?? 0, 1)} % (${t("gf_cv_goal")})`],
    ["gf_gri", t("gf_zone", { v: number(of.gri ?? 0, 0), zone: of.zone ?? "" })],
    ["gf_lows", spell(e.low)],
    ["gf_very_lows", spell(e.veryLow)],
    ["gf_highs", spell(e.high)],
  ];
  return (
    <dl class="gf-numbers">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{t(name)}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function UsualDay({ of }: { of: Fortnight }) {
  const [ref, wide] = useWidth();
  const top = Math.max(300, ...of.profile.map((x) => x?.[4] ?? 0)) * 1.03;
  const x = (bin: number): number => LEFT + ((bin + 0.5) / BINS) * (wide - LEFT - 8);
  const y = (v: number): number => TOP + ((top - v) / (top - FLOOR)) * (TALL - TOP - FOOT);
  const name = usualDay(of.profile);
  return (
    <div ref={ref} dir="ltr">
      <svg class="gf-profile" viewBox={`0 0 ${wide} ${TALL}`} dir="ltr" role="img">
        <title>
          {name &&
            t("gf_said", {
              low: said(name.low),
              lowAt: clockOf(name.lowAt),
              high: said(name.high),
              highAt: clockOf(name.highAt),
              unit: unit(),
            })}
        </title>
        <path class="gf-outer" d={ribbonPath(of.profile, 0, 4, x, y)} />
        <path class="gf-inner" d={ribbonPath(of.profile, 1, 3, x, y)} />
        <path
          class="gf-middle"
          d={linePath(
            of.profile.map((l) => l?.[2] ?? null),
            x,
            y,
          )}
        />
        {[54, 70, 180, 250].map((v) => (
          <g key={v} class={v === 70 || v === 180 ? "gf-target" : "chart-axes"}>
            <line x1={LEFT} x2={wide - 8} y1={y(v)} y2={y(v)} />
            <text x={LEFT - 6} y={y(v) + 4} text-anchor="end">
              {said(v)}
            </text>
          </g>
        ))}
        <g class="chart-axes">
          {[0, 6, 12, 18, 24].map((h) => (
            <text key={h} x={x(h * 4 - 0.5)} y={TALL - 6} text-anchor={h === 24 ? "end" : "middle"}>
              {clockOf((h % 24) * 4)}
            </text>
          ))}
        </g>
      </svg>
    </div>
  );
}

function Days({ of }: { of: Day[] }) {
  const x = (bin: number): number => (bin / BINS) * 96;
  const y = (v: number): number => 44 - (Math.min(Math.max(v, FLOOR), 350) / 350) * 42;
  return (
    <ul class="gf-days">
      {of.map((d) => (
        <li key={d.day}>
          <svg viewBox="0 0 96 44" dir="ltr" aria-hidden="true">
            <rect class="gf-aim" x="0" width="96" y={y(180)} height={y(70) - y(180)} />
            <path class="gf-middle" d={linePath(d.line, x, y)} />
          </svg>
          <span class="fine">
            {shortDay(d.day)}: {t("gf_in_range", { v: number(d.percent.inRange, 0) })}
          </span>
        </li>
      ))}
    </ul>
  );
}

function Tables({ of }: { of: Fortnight }) {
  const lines = ["5 %", "25 %", "50 %", "75 %", "95 %"];
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <section class="chart-table" tabIndex={0} aria-label={t("gf_profile")}>
      <table>
        <Heads of={[t("col_time"), ...lines.map((l) => `${l} (${unit()})`)]} />
        <tbody>
          {of.profile.map((l, i) =>
            i % 4 || !l ? null : (
              <tr key={i}>
                <th scope="row">{clockOf(i)}</th>
                {l.map((v, k) => (
                  <td key={k} class="num">
                    {said(v)}
                  </td>
                ))}
              </tr>
            ),
          )}
        </tbody>
      </table>
      <table>
        <Heads of={[t("gf_day"), t("gf_target"), t("gf_mean"), t("gf_readings")]} />
        <tbody>
          {of.daily.map((d) => (
            <tr key={d.day}>
              <th scope="row">{day(d.day)}</th>
              <td class="num">{number(d.percent.inRange, 0)} %</td>
              <td class="num">{said(d.mean ?? 0)}</td>
              <td class="num">{number(d.readings)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

export function GlucosePane({ id }: { id: string }) {
  const [look, setLook] = useState<Look>("chart");
  const key = `Observation|${id}|fortnight`;
  const { data, error } = useLoad<Fortnight>(key, () =>
    get(`/fhir/Patient/${id}/$glucose?days=${DAYS}`),
  );
  if (!data)
    return error ? <Failed error={error} retry={() => again(key)} /> : <Skeleton lines={8} />;
  const captured = data.captured ?? 0;
  return (
    <section class="gf" aria-label={t("gf_title")}>
      <div class="gf-head">
        <h2>{t("gf_title")}</h2>
        <div class="hero-tools no-print">
          <Choice<GlucoseUnit>
            legend={t("gf_unit")}
            value={glucoseUnit.value}
            options={[
              { value: "mg/dL", label: unitWord("mg/dL") },
              { value: "mmol/L", label: unitWord("mmol/L") },
            ]}
            onChange={setGlucoseUnit}
          />
          <LookChoice legend={t("gf_title")} value={look} onChange={setLook} />
          <button type="button" class="btn" onClick={() => print()}>
            {t("gf_print")}
          </button>
        </div>
      </div>
      {data.readings === 0 ? (
        <p class="muted">{t("gf_none")}</p>
      ) : (
        <>
          <p class={captured < CAPTURED ? "note bad" : "muted fine"}>
            {t("gf_captured", { v: number(captured, 0), minutes: data.intervalMinutes })}{" "}
            {captured < CAPTURED && t("gf_unsure")}
          </p>
          <Bar percent={data.percent} />
          <div class="gf-pair">
            <Ranges of={data} />
            <Numbers of={data} />
          </div>
          {look === "chart" ? (
            <>
              <h3>{t("gf_profile")}</h3>
              <UsualDay of={data} />
              <Days of={data.daily} />
            </>
          ) : (
            <Tables of={data} />
          )}
        </>
      )}
    </section>
  );
}
