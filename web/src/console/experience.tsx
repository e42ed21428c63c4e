// What patients answered after a visit: response rate, NPS and means as figures, a chart and a table, by language, age
// and area. Groups under 30 are named and not told; the file is for the roles that may take it away.
import { useState } from "preact/hooks";
import { Failed, Heads, Skeleton } from "../kit/basics";
import { get } from "../lib/api";
import { has, type Key, LANGS, type Lang, number, t } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { session } from "../lib/session";

export const mayExperience = (role: string | undefined): boolean =>
  role === "outreach" || role === "privacy" || role === "nurse";
const mayExport = (role: string | undefined): boolean => role === "outreach" || role === "privacy";

interface Figure {
  few?: boolean;
  n?: number;
  value?: number;
  low?: number;
  high?: number;
}
interface Group {
  code: string;
  few?: boolean;
  rate?: Figure;
  nps?: Figure;
}
interface Told {
  few?: boolean;
  asked?: number;
  answered?: number;
  rate?: Figure;
  nps?: Figure & { promoters?: number; passives?: number; detractors?: number };
  items?: (Figure & { link: string })[];
  by?: { language: Group[]; age: Group[]; area: Group[] };
}

const SURVEYS = ["visit", "nps", "phq-2", "kccq-12", "vr-12"];
const DAYS = ["30", "90", "365"];
const BEST = 5;
const ROW = 22;
const WIDE = 300;
const NAME = 130;

const word = (key: string, other: string): string => (has(key) ? t(key as Key) : other);
const groupWord = (kind: string, code: string): string =>
  (kind === "language" && LANGS[code.split("-")[0] as Lang]?.name) || word(`xp_g_${code}`, code);

/** A figure with its interval, in the unit that `show` gives it. */
function said(f: Figure | undefined, show: (v: number) => string): string {
  if (!f || f.few || f.value === undefined) return t("cp_few");
  return t("xp_between", { v: show(f.value), low: show(f.low ?? 0), high: show(f.high ?? 0) });
}
const percent = (v: number): string => `${number(v * 100, 0)} %`;
const points = (v: number): string => number(v, 0);
const mark = (v: number): string => number(v, 2);

/** Bars of means with their intervals; the table beside it says the same in words. */
function Means({ items }: { items: NonNullable<Told["items"]> }) {
  const shown = items.filter((i) => i.value !== undefined);
  const x = (v = 1): number => ((Math.min(Math.max(v, 1), BEST) - 1) / (BEST - 1)) * WIDE;
  if (shown.length === 0) return null;
  return (
    <svg
      class="xp-chart"
      viewBox={`0 0 ${NAME + WIDE} ${shown.length * ROW}`}
      role="img"
      aria-label={t("xp_chart")}
    >
      {shown.map((i, row) => (
        <g key={i.link} transform={`translate(0 ${row * ROW})`}>
          <text x="0" y="15">
            {word(`xp_i_${i.link}`, i.link)}
          </text>
          <rect class="xp-room" x={NAME} y="4" width={WIDE} height="14" rx="3" />
          <rect class="xp-bar" x={NAME} y="4" width={x(i.value)} height="14" rx="3" />
          <path class="xp-interval" d={`M${NAME + x(i.low)} 11H${NAME + x(i.high)}`} />
        </g>
      ))}
    </svg>
  );
}

function Items({ items }: { items: NonNullable<Told["items"]> }) {
  return (
    <section aria-labelledby="xp-items" class="card block">
      <h2 id="xp-items">{t("xp_items")}</h2>
      <Means items={items} />
      <table class="grid">
        <Heads of={[t("xp_question"), t("xp_mean"), t("xp_answers")]} />
        <tbody>
          {items.map((i) => (
            <tr key={i.link}>
              <th scope="row">{word(`xp_i_${i.link}`, i.link)}</th>
              <td class="tabular">{said(i, mark)}</td>
              <td class="tabular">{i.few ? "" : number(i.n ?? 0)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Groups({ by, nps }: { by: NonNullable<Told["by"]>; nps: boolean }) {
  return (
    <section aria-labelledby="xp-groups" class="card block">
      <h2 id="xp-groups">{t("xp_groups")}</h2>
      <table class="grid">
        <thead>
          <tr>
            <th scope="col">{t("cp_group")}</th>
            <th scope="col">{t("xp_rate")}</th>
            {nps && <th scope="col">{t("xp_nps")}</th>}
          </tr>
        </thead>
        <tbody>
          {(["language", "age", "area"] as const).flatMap((kind) =>
            by[kind].map((g) => (
              <tr key={`${kind}-${g.code}`}>
                <th scope="row">
                  {t(`xp_by_${kind}`)}: <bdi>{groupWord(kind, g.code)}</bdi>
                </th>
                {g.few ? (
                  <td colSpan={nps ? 2 : 1}>{t("cp_few")}</td>
                ) : (
                  <>
                    <td class="tabular">{said(g.rate, percent)}</td>
                    {nps && <td class="tabular">{said(g.nps, points)}</td>}
                  </>
                )}
              </tr>
            )),
          )}
        </tbody>
      </table>
    </section>
  );
}

function Nps({ of }: { of: NonNullable<Told["nps"]> }) {
  return (
    <div>
      <dt>{t("xp_nps")}</dt>
      <dd>{said(of, points)}</dd>
      {!of.few && (
        <dd class="muted">
          {t("xp_parts", {
            up: number(of.promoters ?? 0),
            mid: number(of.passives ?? 0),
            down: number(of.detractors ?? 0),
          })}
        </dd>
      )}
    </div>
  );
}

function Result({ of }: { of: Told }) {
  if (of.few) return <p class="card block">{t("xp_few")}</p>;
  return (
    <>
      <dl class="card block xp-figures">
        <div>
          <dt>{t("xp_rate")}</dt>
          <dd>{said(of.rate, percent)}</dd>
          <dd class="muted">
            {t("xp_of", { n: number(of.answered ?? 0), all: number(of.asked ?? 0) })}
          </dd>
        </div>
        {of.nps && <Nps of={of.nps} />}
      </dl>
      {of.items && of.items.length > 0 && <Items items={of.items} />}
      {of.by && <Groups by={of.by} nps={!!of.nps} />}
    </>
  );
}

export function ExperiencePage() {
  const [survey, setSurvey] = useState("visit");
  const [days, setDays] = useState("90");
  const query = `survey=${survey}&days=${days}`;
  const r = useLoad<Told>(`survey-report/${query}`, () => get(`/survey-report?${query}`));
  return (
    <div class="page narrow">
      <h1 tabIndex={-1}>{t("xp_title")}</h1>
      <p class="muted">{t("xp_lead")}</p>
      <div class="xp-ask">
        <label for="xp-survey">{t("xp_survey")}</label>
        <select
          class="box"
          id="xp-survey"
          value={survey}
          onChange={(e) => setSurvey(e.currentTarget.value)}
        >
          {SURVEYS.map((s) => (
            <option key={s} value={s}>
              {word(`xp_s_${s}`, s.toUpperCase())}
            </option>
          ))}
        </select>
        <label for="xp-days">{t("xp_days")}</label>
        <select
          class="box"
          id="xp-days"
          value={days}
          onChange={(e) => setDays(e.currentTarget.value)}
        >
          {DAYS.map((d) => (
            <option key={d} value={d}>
              {number(Number(d))}
            </option>
          ))}
        </select>
        {mayExport(session.value?.role) && (
          <a class="btn" href={`/survey-report.csv?${query}`} download="experience.csv">
            {t("xp_file")}
          </a>
        )}
      </div>
      {r.error && <Failed error={r.error} />}
      {!r.data && !r.error && <Skeleton lines={4} />}
      {r.data && <Result of={r.data} />}
    </div>
  );
}
