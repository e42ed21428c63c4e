// A limit tried on everybody of a programme: the answer comes in parts and is added up here, so that the first is there
// at once and nobody waits for the last. What is shown before the end is called a sample. Nothing is saved.
import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { percentile } from "../chart/series";
import { useAct, Wrong } from "../kit/act";
import { Heads } from "../kit/basics";
import { Field } from "../kit/field";
import { get } from "../lib/api";
import type { Limit } from "../lib/fhir";
import { fullDate, type Key, number, t, unitWord } from "../lib/i18n";
import { href } from "../lib/router";
import { useCatalogue } from "./programme";
import { type Days, DaysField, MetricField } from "./whatif";
import { programmeWord } from "./worklist";

interface Told {
  alerts: number;
  cases: number;
  asked: number;
}
interface Happened {
  patient: string;
  name: string;
  at: string;
  what: string;
  was: boolean;
  is: boolean;
}
interface Change {
  patient: string;
  name: string;
  before: number;
  after: number;
}
/** One rule of the metric by itself. */
interface RuleSum {
  id: string;
  tried: boolean;
  cases: number;
  hit: number;
  /** days from an alert to the stay that it told of */
  leads: number[];
}
export interface Part {
  days: number;
  n: number;
  unseen: number;
  quiet: number;
  eventless: number;
  part: number;
  readings: number;
  personDays: number;
  more: number;
  before: Told;
  after: Told;
  daily: { before: number[]; after: number[] };
  events: { n: number; before: number; after: number; list: Happened[] };
  changed: Change[];
  rules?: RuleSum[];
  people: number;
  done: number;
  next?: string;
}
const SHOWN = 10;
const MINUTES = "10";
const DAY_YEAR = 365.25;

const COUNTS = [
  "n",
  "unseen",
  "quiet",
  "eventless",
  "part",
  "readings",
  "personDays",
  "more",
] as const;
const both = (a: Told, b: Told): Told => ({
  alerts: a.alerts + b.alerts,
  cases: a.cases + b.cases,
  asked: a.asked + b.asked,
});
const byDay = (a: number[], b: number[]): number[] => a.map((v, i) => v + (b[i] ?? 0));
const byNumber = (a: number, b: number): number => a - b;
const most = (c: Change): number => Math.abs(c.after - c.before);

/** Two parts as one; of how far it is, the later one's word. */
export function added(a: Part, b: Part): Part {
  const sum = { ...b };
  for (const k of COUNTS) sum[k] = a[k] + b[k];
  return {
    ...sum,
    before: both(a.before, b.before),
    after: both(a.after, b.after),
    daily: {
      before: byDay(a.daily.before, b.daily.before),
      after: byDay(a.daily.after, b.daily.after),
    },
    events: {
      n: a.events.n + b.events.n,
      before: a.events.before + b.events.before,
      after: a.events.after + b.events.after,
      list: [...a.events.list, ...b.events.list],
    },
    rules: b.rules?.map((r) => {
      const had = a.rules?.find((x) => x.id === r.id);
      if (!had) return r;
      return {
        ...r,
        cases: had.cases + r.cases,
        hit: had.hit + r.hit,
        leads: [...had.leads, ...r.leads],
      };
    }),
    changed: [...a.changed, ...b.changed].sort((x, y) => most(y) - most(x)),
  };
}

function Curve({ of }: { of: Part["daily"] }) {
  const top = Math.max(1, ...of.before, ...of.after);
  const line = (v: number[]): string =>
    v.map((y, x) => `${(x * 600) / Math.max(1, v.length - 1)},${80 - (y * 76) / top}`).join(" ");
  return (
    <figure class="many-curve">
      <svg viewBox="0 0 600 84" preserveAspectRatio="none" aria-hidden="true">
        <polyline class="now" points={line(of.before)} />
        <polyline class="tried" points={line(of.after)} />
      </svg>
      <figcaption class="muted fine">{t("wm_curve")}</figcaption>
    </figure>
  );
}

function Person({ of }: { of: { patient: string; name: string } }) {
  return (
    <a href={href(`/patient/${of.patient}`)}>
      <bdi>{of.name || of.patient}</bdi>
    </a>
  );
}

function Events({ of, title }: { of: Happened[]; title: string }) {
  if (of.length === 0) return null;
  return (
    <>
      {title && <h3>{title}</h3>}
      <ul>
        {of.map((e) => (
          <li key={`${e.patient}${e.at}${e.what}`}>
            <Person of={e} /> · {t(`wm_e_${e.what}` as Key)} · {fullDate(e.at)}
          </li>
        ))}
      </ul>
    </>
  );
}

function Rests({ of }: { of: Part }) {
  const said: [Key, number][] = [
    ["wm_quiet", of.quiet],
    ["wm_unseen", of.unseen],
    ["wm_part", of.part],
    ["wm_more", of.more],
  ];
  return (
    <>
      <p class={of.eventless === of.n ? "note" : "muted"}>
        {t("wm_eventless", { n: number(of.eventless), all: number(of.n) })}
      </p>
      {said
        .filter(([, n]) => n > 0)
        .map(([key, n]) => (
          <p key={key} class="muted fine">
            {t(key, { n: number(n) })}
          </p>
        ))}
    </>
  );
}

function Table({ of }: { of: Part }) {
  const years = of.personDays / DAY_YEAR;
  const year = (n: number): string =>
    years > 0 ? number(Math.round((n * 100) / years) / 100) : "–";
  const day = (n: number): string => number(n / of.days, 2);
  const rows: [string, string, string][] = [
    [t("wm_cases"), number(of.before.cases), number(of.after.cases)],
    [t("wm_day"), day(of.before.cases), day(of.after.cases)],
    [t("wm_year"), year(of.before.cases), year(of.after.cases)],
    [t("wm_asked"), number(of.before.asked), number(of.after.asked)],
    [t("wm_events", { n: number(of.events.n) }), number(of.events.before), number(of.events.after)],
  ];
  return (
    <table class="grid">
      <Heads of={[t("wm_measure"), t("wm_now"), t("wm_tried")]} />
      <tbody>
        {rows.map(([what, now, tried]) => (
          <tr key={what}>
            <th scope="row">{what}</th>
            <td class="tabular">{now}</td>
            <td class="tabular">{tried}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The rule on trial beside those that are live: hits, unexplained cases, lead. */
function Rules({ of, years }: { of: RuleSum[]; years: number }) {
  return (
    <>
      <h3>{t("wm_rules")}</h3>
      <table class="grid">
        <Heads
          of={[t("hr_rule"), t("wm_r_cases"), t("wm_r_hit"), t("hr_unexplained"), t("wm_r_lead")]}
        />
        <tbody>
          {of.map((r) => (
            <tr key={r.id}>
              <th scope="row">
                <code>{r.id}</code> {r.tried && <strong>{t("wm_r_tried")}</strong>}
              </th>
              <td class="tabular">{number(r.cases)}</td>
              <td class="tabular">
                {r.cases === 0
                  ? "–"
                  : t("pg_share", {
                      p: number(Math.round((r.hit * 100) / r.cases)),
                      n: r.hit,
                      all: r.cases,
                    })}
              </td>
              <td class="tabular">
                {years > 0 ? number(Math.round(((r.cases - r.hit) * 100) / years) / 100) : "–"}
              </td>
              <td class="tabular">
                {r.leads.length === 0
                  ? "–"
                  : number(percentile(r.leads.toSorted(byNumber), 0.5), 1)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="muted fine">{t("wm_rules_note")}</p>
    </>
  );
}

function Found({ of, each }: { of: Part; each: number }) {
  const saved = (of.before.cases - of.after.cases) * each;
  const lost = of.events.list.filter((e) => e.was && !e.is);
  return (
    <>
      <Table of={of} />
      {of.rules && <Rules of={of.rules} years={of.personDays / DAY_YEAR} />}
      <Curve of={of.daily} />
      {saved !== 0 && (
        <p>
          {t(saved > 0 ? "wm_saved" : "wm_cost", {
            n: number(Math.abs(saved)),
            each: number(each),
          })}
        </p>
      )}
      <Rests of={of} />
      <div class={lost.length ? "note bad" : undefined}>
        {lost.length === 0 && of.events.before > 0 && <p>{t("wm_none_lost")}</p>}
        <Events of={lost} title={t("wm_lost")} />
      </div>
      <Events of={of.events.list.filter((e) => e.is && !e.was)} title={t("wm_gained")} />
      {of.events.list.some((e) => e.is && e.was) && (
        <details>
          <summary>
            {t("wm_kept", { n: number(of.events.list.filter((e) => e.is && e.was).length) })}
          </summary>
          <Events of={of.events.list.filter((e) => e.is && e.was)} title="" />
        </details>
      )}
      <h3>{t("wm_changed")}</h3>
      {of.changed.length === 0 ? (
        <p class="muted">{t("wm_none_changed")}</p>
      ) : (
        <table class="grid">
          <Heads of={[t("wl_patient"), t("wm_now"), t("wm_tried")]} />
          <tbody>
            {of.changed.slice(0, SHOWN).map((c) => (
              <tr key={c.patient}>
                <th scope="row">
                  <Person of={c} />
                </th>
                <td class="tabular">{number(c.before)}</td>
                <td class="tabular">{number(c.after)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p class="muted fine">{t("wm_own")}</p>
    </>
  );
}

function Progress({ of, running }: { of: Part; running: boolean }) {
  const far = { done: number(of.done), people: number(of.people) };
  if (of.people === 0) return <p class="note">{t("wm_nobody")}</p>;
  return (
    <>
      <p role="status">
        {of.next && !running ? t("wm_stopped", far) : t("wm_so_far", far)}{" "}
        {of.next && running && t("wm_sample")}
      </p>
      {running && of.next && (
        <progress value={of.done} max={of.people} aria-label={t("wm_so_far", far)} />
      )}
    </>
  );
}

interface Own {
  /** rules on trial */
  trials: { id: string; source?: string }[];
  metrics: Limit[];
  metric: string;
  onMetric: (metric: string) => void;
  top: RefObject<HTMLElement | null>;
}
export function ManyTried({ trials, metrics, metric, onMetric, top }: Own) {
  const all = useCatalogue().data ?? [];
  const [days, setDays] = useState<Days>("90");
  const [rule, setRule] = useState("");
  const [found, setFound] = useState<Part>();
  const [each, setEach] = useState(MINUTES);
  const [error, busy, act] = useAct();
  const run = useRef(0);
  useEffect(
    () => () => {
      run.current++;
    },
    [],
  );
  const chosen = metrics.find((m) => m.metric === metric) ?? metrics[0];
  const submit = (e: SubmitEvent): void => {
    e.preventDefault();
    const form = new FormData(e.currentTarget as HTMLFormElement);
    const query = new URLSearchParams(
      rule ? { rule, days } : { metric: chosen?.metric ?? "", days },
    );
    for (const name of ["programme", "low", "high"]) {
      const v = String(form.get(name) ?? "");
      if (v) query.set(name, v);
    }
    const mine = ++run.current;
    setFound(undefined);
    void act(async () => {
      let sum: Part | undefined;
      do {
        const part = await get<Part>(`/monitoring/what-if?${query}`);
        if (mine !== run.current) return "";
        sum = sum ? added(sum, part) : part;
        setFound(sum);
        query.set("after", part.next ?? "");
      } while (sum.next);
      return "";
    });
  };
  const unit = unitWord(chosen?.unit ?? "");
  return (
    <section ref={top} class="card block many" aria-labelledby="many">
      <h2 id="many">{t("wm_title")}</h2>
      <p class="muted">{t("wm_lead")}</p>
      <form onSubmit={submit}>
        {trials.length > 0 && (
          <div class="field">
            <label for="wm-rule">{t("wm_rule")}</label>
            <select
              id="wm-rule"
              class="box"
              value={rule}
              aria-describedby={rule ? "wm-rule-source" : undefined}
              onChange={(e) => setRule(e.currentTarget.value)}
            >
              <option value="">{t("wm_rule_none")}</option>
              {trials.map((r) => (
                <option key={r.id} value={r.id}>
                  {r.id}
                </option>
              ))}
            </select>
            {rule && (
              <span id="wm-rule-source" class="hint" lang="en" dir="ltr">
                {trials.find((r) => r.id === rule)?.source}
              </span>
            )}
          </div>
        )}
        {!rule && (
          <MetricField
            id="wm-metric"
            metrics={metrics}
            value={chosen?.metric}
            onChange={onMetric}
          />
        )}
        <div class="field">
          <label for="wm-programme">{t("wm_programme")}</label>
          <select id="wm-programme" name="programme" class="box">
            {all.map((p) => (
              <option key={p.code} value={p.code}>
                {programmeWord(p.code)}
              </option>
            ))}
          </select>
        </div>
        {!rule && (
          <>
            <Field id="wm-low" name="low" type="number" label={t("wi_low", { unit })} />
            <Field id="wm-high" name="high" type="number" label={t("wi_high", { unit })} />
          </>
        )}
        <Field
          id="wm-each"
          type="number"
          min={1}
          max={240}
          label={t("wm_minutes")}
          value={each}
          onValue={setEach}
        />
        <DaysField value={days} onChange={setDays} />
        <div class="field">
          <button class="btn primary" type="submit" disabled={busy}>
            {t("wi_try")}
          </button>
          {busy && (
            <button
              class="btn"
              type="button"
              onClick={() => {
                run.current++;
              }}
            >
              {t("wm_stop")}
            </button>
          )}
        </div>
      </form>
      <Wrong text={error} />
      {found && <Progress of={found} running={busy} />}
      {found && found.people > 0 && <Found of={found} each={Number(each) || Number(MINUTES)} />}
    </section>
  );
}
