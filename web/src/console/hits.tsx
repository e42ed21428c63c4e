// How the rules of monitoring do: of the cases each brought, how many were acted on; a rule that rarely helps is flagged.
import { useRef, useState } from "preact/hooks";
import { Empty, Failed, Heads, Skeleton } from "../kit/basics";
import { get } from "../lib/api";
import type { Limit } from "../lib/fhir";
import { fullDate, number, t } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { ManyTried } from "./many";

interface Hit {
  id: string;
  metric?: string;
  source?: string;
  open: number;
  closed: number;
  acted: number;
  rate?: number;
  unexplainedYear?: number;
  flagged: boolean;
  /** on trial: it opens no case */
  shadow?: boolean;
  /** what it would have told since it is counted; cases: where there was one anyway */
  trial?: { since: string; hits: number; people: number; cases: number; acted: number };
}
interface Hits {
  days: number;
  patients: number;
  years: number;
  rules: Hit[];
  metrics: Limit[];
}

function Row({ of, tries }: { of: Hit; tries?: (metric: string) => void }) {
  return (
    <tr>
      <th scope="row">
        <code>{of.id}</code>
        {of.flagged && <strong class="note bad">{t("hr_flagged")}</strong>}
        <div class="muted fine" lang="en" dir="ltr">
          {of.source}
        </div>
        {tries && (
          <button type="button" class="btn quiet" onClick={() => tries(of.metric!)}>
            {t("wm_other")}
          </button>
        )}
      </th>
      <td class="tabular">{number(of.open)}</td>
      <td class="tabular">{number(of.closed)}</td>
      <td class="tabular">
        {of.rate === undefined
          ? "–"
          : t("pg_share", { p: number(Math.round(of.rate * 100)), n: of.acted, all: of.closed })}
      </td>
      <td class="tabular">{of.unexplainedYear === undefined ? "–" : number(of.unexplainedYear)}</td>
    </tr>
  );
}

/** Rules that raise nothing yet, counted live, so that somebody can decide about them. */
function Trials({ of }: { of: Hit[] }) {
  const counted = of.filter((h) => h.trial);
  if (counted.length === 0) return null;
  return (
    <section aria-labelledby="trials">
      <h2 id="trials">{t("hr_trials")}</h2>
      <p class="muted">{t("hr_trials_lead")}</p>
      <table class="grid card pg-lines">
        <Heads
          of={[
            t("hr_rule"),
            t("hr_since"),
            t("hr_would"),
            t("hr_anyway"),
            t("hr_anyway_acted"),
            t("hr_alone"),
          ]}
        />
        <tbody>
          {counted.map(({ id, trial }) => (
            <tr key={id}>
              <th scope="row">
                <code>{id}</code> <strong>{t("wm_r_tried")}</strong>
              </th>
              <td class="tabular">{fullDate(trial!.since)}</td>
              <td class="tabular">
                {t("hr_would_n", { n: number(trial!.hits), people: number(trial!.people) })}
              </td>
              <td class="tabular">{number(trial!.cases)}</td>
              <td class="tabular">{number(trial!.acted)}</td>
              <td class="tabular strong">{number(trial!.hits - trial!.cases)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

export function RuleHits() {
  const r = useLoad<Hits>("Task|*|hits", () => get("/monitoring/rules"));
  const [metric, setMetric] = useState("");
  const trial = useRef<HTMLElement>(null);
  const tries = (next: string): void => {
    setMetric(next);
    trial.current?.querySelector<HTMLElement>("select, input")?.focus();
  };
  if (!r.data) return r.error ? <Failed error={r.error} /> : <Skeleton lines={6} />;
  const seen = r.data.rules.filter((h) => h.open + h.closed > 0);
  const known = new Set(r.data.metrics.map((m) => m.metric));
  seen.sort(
    (a, b) => Number(b.flagged) - Number(a.flagged) || b.closed + b.open - a.closed - a.open,
  );
  const trials = r.data.rules.filter((h) => h.shadow);
  return (
    <>
      <p class="muted">
        {t("hr_lead", {
          days: number(r.data.days),
          patients: number(r.data.patients),
          rules: number(r.data.rules.length),
          years: number(r.data.years),
        })}
      </p>
      {seen.length === 0 ? (
        <Empty icon="table" title={t("hr_none")}>
          <p>{t("hr_none_lead")}</p>
        </Empty>
      ) : (
        <table class="grid card pg-lines">
          <Heads
            of={[t("hr_rule"), t("hr_open"), t("hr_closed"), t("hr_acted"), t("hr_unexplained")]}
          />
          <tbody>
            {seen.map((h) => (
              <Row key={h.id} of={h} tries={known.has(h.metric ?? "") ? tries : undefined} />
            ))}
          </tbody>
        </table>
      )}
      <Trials of={trials} />
      <ManyTried
        trials={trials}
        metrics={r.data.metrics}
        metric={metric}
        onMetric={setMetric}
        top={trial}
      />
    </>
  );
}
