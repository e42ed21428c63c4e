// What other limits of one metric would have told of the last weeks, tried before anybody changes them. Nothing is saved.
import { useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { Choice } from "../kit/basics";
import { Field } from "../kit/field";
import { get } from "../lib/api";
import type { Limit } from "../lib/fhir";
import { fullDate, type Key, lang, number, t, unitWord } from "../lib/i18n";

interface Told {
  alerts: number;
  cases: number;
}
interface Trial {
  days: number;
  whole: boolean;
  readings: number;
  low?: number;
  high?: number;
  before: Told;
  after: Told;
  events: { n: number; before: number; after: number; lost: { at: string; what: string }[] };
}
export type Days = "28" | "90" | "365";

function Answer({ of }: { of: Trial }) {
  const lost = of.events.lost;
  return (
    <div role="status">
      <p>
        <strong>
          {t("wi_alerts", {
            days: number(of.days),
            before: number(of.before.alerts),
            after: number(of.after.alerts),
          })}
        </strong>{" "}
        {t("wi_cases", { before: number(of.before.cases), after: number(of.after.cases) })}
      </p>
      <p class={lost.length ? "note bad" : undefined}>
        {of.events.n === 0
          ? t("wi_no_events")
          : t("wi_events", {
              after: number(of.events.after),
              before: number(of.events.before),
              n: number(of.events.n),
            })}
      </p>
      {lost.length > 0 && (
        <ul>
          {lost.map((e) => (
            <li key={e.at}>
              {t(`wi_e_${e.what}` as Key)}: {fullDate(e.at)}
            </li>
          ))}
        </ul>
      )}
      {!of.whole && <p>{t("wi_part", { days: number(of.days) })}</p>}
      <p class="muted fine">{t("wi_rests", { n: number(of.readings) })}</p>
    </div>
  );
}

/** Which sign is tried. */
export function MetricField(of: {
  id: string;
  metrics: Limit[];
  value?: string;
  onChange: (metric: string) => void;
}) {
  return (
    <div class="field">
      <label for={of.id}>{t("wi_metric")}</label>
      <select
        id={of.id}
        class="box"
        value={of.value}
        onChange={(e) => of.onChange(e.currentTarget.value)}
      >
        {of.metrics.map((l) => (
          <option key={l.metric} value={l.metric}>
            {l.translation?.[lang.value] ?? l.display ?? l.metric}
          </option>
        ))}
      </select>
    </div>
  );
}
/** How far back. */
export function DaysField(of: { value: Days; onChange: (days: Days) => void }) {
  return (
    <Choice<Days>
      legend={t("wi_days")}
      value={of.value}
      options={[
        { value: "28", label: t("wi_days_28") },
        { value: "90", label: t("days_90") },
        { value: "365", label: t("wi_days_365") },
      ]}
      onChange={of.onChange}
    />
  );
}

export function WhatIf({ patient, limits }: { patient: string; limits: Limit[] }) {
  const metrics = limits.filter((l, i) => limits.findIndex((x) => x.metric === l.metric) === i);
  const [metric, setMetric] = useState(metrics[0]?.metric ?? "");
  const [days, setDays] = useState<Days>("28");
  const [answer, setAnswer] = useState<Trial>();
  const [error, busy, act] = useAct();
  const unit = metrics.find((l) => l.metric === metric)?.unit ?? "";
  const submit = (e: SubmitEvent): void => {
    e.preventDefault();
    const form = new FormData(e.currentTarget as HTMLFormElement);
    const query = new URLSearchParams({ metric, days });
    for (const side of ["low", "high"]) {
      const v = String(form.get(side) ?? "");
      if (v) query.set(side, v);
    }
    setAnswer(undefined);
    void act(async () => {
      setAnswer(await get<Trial>(`/fhir/Patient/${patient}/$what-if?${query}`));
      return "";
    });
  };
  return (
    <details class="limits what-if">
      <summary>{t("wi_title")}</summary>
      <form onSubmit={submit}>
        <p class="muted">{t("wi_lead")}</p>
        <MetricField id="wi-metric" metrics={metrics} value={metric} onChange={setMetric} />
        <Field id="wi-low" name="low" type="number" label={t("wi_low", { unit: unitWord(unit) })} />
        <Field
          id="wi-high"
          name="high"
          type="number"
          label={t("wi_high", { unit: unitWord(unit) })}
        />
        <DaysField value={days} onChange={setDays} />
        <button class="btn" type="submit" disabled={busy}>
          {t("wi_try")}
        </button>
      </form>
      <Wrong text={error} />
      {answer && <Answer of={answer} />}
    </details>
  );
}
