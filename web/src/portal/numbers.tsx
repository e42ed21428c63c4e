// A reading in plain words: the number, then how it compares with this person's own usual.
import { Spark } from "../chart/chart";
import { METRICS } from "../chart/series";
import { beyond, changeOf, usualText, type View, valueText, viewOf } from "../chart/view";
import type { Limit, Observation } from "../lib/fhir";
import { dayTime, number, t, unitWord } from "../lib/i18n";

export function plainWords(view: View): string {
  if (view.over) return t("w_limit");
  const change = changeOf(view);
  if (change === "usual") return t("w_usual");
  if (change === "learning" || change === "none") return t("w_learning");
  const by = number(Math.abs(beyond(view)), view.metric.digits);
  return t(change === "above" ? "w_above" : "w_below", { by, unit: unitWord(view.metric.unit) });
}

export function usualWords(view: View): string {
  return view.band.ready
    ? t("w_usual_range", { range: usualText(view), unit: unitWord(view.metric.unit) })
    : "";
}

export function viewsOf(readings: Observation[], limits: Limit[], now: number): View[] {
  return METRICS.map((m) => viewOf(readings, m, limits, now)).filter((v) => v.last);
}

export function NumberCard({ view, now }: { view: View; now: number }) {
  const calm = !view.over && changeOf(view) === "usual";
  return (
    <>
      <p class="number-name">{t(view.metric.plain)}</p>
      <p class="number-value">
        <strong class="big">{valueText(view.last!, view.metric)}</strong>{" "}
        <span class="muted">{unitWord(view.metric.unit)}</span>
      </p>
      <Spark view={view} days={30} now={now} />
      <p class={calm ? "number-words muted" : "number-words"}>{plainWords(view)}</p>
      <p class="muted small">{dayTime(view.last!.t, now)}</p>
    </>
  );
}
