// What came of a programme: each measure 90 days before and after, beside people with the same diagnosis who were not in
// it, and the difference between the two changes with its interval. The warning is part of the page.
import { useState } from "preact/hooks";
import { Failed, Heads, Skeleton } from "../kit/basics";
import { get } from "../lib/api";
import { LANGS, lang, number, t, wordOf } from "../lib/i18n";
import { useLoad } from "../lib/load";

interface Effect {
  value: number;
  low: number;
  high: number;
}
interface Side {
  n: number;
  before?: number;
  after?: number;
  change?: Effect;
}
interface Told {
  n: number;
  compared: number;
  recent: number;
  measures: { code: string; programme: Side; compared: Side; effect?: Effect }[];
  tables: { survey: string; version?: string; answers: number }[];
  deaths: { programme: number; compared: number; effect?: Effect };
  minutes?: number;
}
const WIDE = 320;
const NAME = 150;
const ROW = 26;

const word = (code: string): string => wordOf("oc_", code);
const said = (e: Effect | undefined): string =>
  e
    ? t("xp_between", { v: number(e.value, 2), low: number(e.low, 2), high: number(e.high, 2) })
    : t("oc_few");
const sideOf = (s: Side): string =>
  s.before === undefined || s.after === undefined
    ? "–"
    : t("oc_to", { a: number(s.before, 2), b: number(s.after, 2) });

/** In a chart, which runs from left to right, the words of a name keep the order of their own language. */
const inChart = (text: string): string =>
  LANGS[lang.value].dir === "rtl" ? `\u2067${text}\u2069` : text;

/** The difference of the changes, each on a scale of its own around nought. */
function Effects({ of }: { of: Told["measures"] }) {
  const shown = of.filter((m) => m.effect);
  if (shown.length === 0) return null;
  return (
    <svg
      class="xp-chart"
      viewBox={`0 0 ${NAME + WIDE} ${shown.length * ROW}`}
      role="img"
      aria-label={t("oc_chart")}
    >
      <path class="xp-interval" d={`M${NAME + WIDE / 2} 0V${shown.length * ROW}`} />
      {shown.map((m, i) => {
        const e = m.effect!;
        const most = Math.max(Math.abs(e.low), Math.abs(e.high), 0.01);
        const x = (v: number): number => NAME + WIDE / 2 + (v / most) * (WIDE / 2 - 4);
        return (
          <g key={m.code} transform={`translate(0 ${i * ROW})`}>
            <text x="0" y="17">
              {inChart(word(m.code))}
            </text>
            <path class="xp-interval" d={`M${x(e.low)} 13H${x(e.high)}`} />
            <circle class="xp-bar" cx={x(e.value)} cy="13" r="5" />
          </g>
        );
      })}
    </svg>
  );
}

function Table({ of }: { of: Told }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <figure class="fl-scroll" tabIndex={0} aria-label={t("oc_title")}>
      <table class="grid card">
        <Heads
          of={[
            t("oc_measure"),
            t("oc_in"),
            t("oc_change"),
            t("oc_with"),
            t("oc_change"),
            t("oc_effect"),
          ]}
        />
        <tbody>
          {of.measures.map((m) => (
            <tr key={m.code}>
              <th scope="row">{word(m.code)}</th>
              <td class="tabular">{sideOf(m.programme)}</td>
              <td class="tabular">{said(m.programme.change)}</td>
              <td class="tabular">{sideOf(m.compared)}</td>
              <td class="tabular">{said(m.compared.change)}</td>
              <td class="tabular strong">{said(m.effect)}</td>
            </tr>
          ))}
          <tr>
            <th scope="row">{t("oc_deaths")}</th>
            <td class="tabular">{number(of.deaths.programme)}</td>
            <td />
            <td class="tabular">{number(of.deaths.compared)}</td>
            <td />
            <td class="tabular strong">{said(of.deaths.effect)}</td>
          </tr>
        </tbody>
      </table>
    </figure>
  );
}

export function Outcomes() {
  const [programme] = useState("heart-failure");
  const query = `programme=${programme}`;
  const r = useLoad<Told>(`EpisodeOfCare|*|outcomes/${query}`, () =>
    get(`/programmes/outcomes?${query}`),
  );
  if (!r.data) return r.error ? <Failed error={r.error} /> : <Skeleton lines={6} />;
  const of = r.data;
  return (
    <>
      <p class="note">{t("oc_warning")}</p>
      <p class="muted">
        {t("oc_who", { n: of.n, k: of.compared })}{" "}
        {of.recent > 0 && t("oc_recent", { n: of.recent })}
      </p>
      {of.minutes !== undefined && <p>{t("oc_minutes", { n: number(of.minutes, 0) })}</p>}
      {of.tables.map((s) => (
        <p key={s.survey} class={s.version ? "muted" : "note"}>
          {s.version
            ? t("oc_table", { survey: s.survey.toUpperCase(), version: s.version })
            : t("oc_no_table", { survey: s.survey.toUpperCase(), n: s.answers })}
        </p>
      ))}
      <Effects of={of.measures} />
      <Table of={of} />
      <p>
        <a class="btn" href={`/programmes/outcomes.csv?${query}`} download="outcomes.csv">
          {t("xp_file")}
        </a>
      </p>
    </>
  );
}
