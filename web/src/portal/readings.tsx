// Readings: for each vital sign the words first, then the picture, then the same as a table; the page
// ends with whom to ask.

import { useState } from "preact/hooks";
import { Chart, ChartTable } from "../chart/chart";
import { type View, valueText } from "../chart/view";
import { Empty, Failed, Skeleton } from "../kit/basics";
import { type Days, DaysChoice } from "../kit/choices";
import { Icon } from "../kit/icons";
import { dayTime, t, unitWord } from "../lib/i18n";
import { again } from "../lib/load";
import { href } from "../lib/router";
import { me, useLimits, useReadings } from "./data";
import { plainWords, usualWords, viewsOf } from "./numbers";

function Reading({ view, days, now }: { view: View; days: number; now: number }) {
  const [table, setTable] = useState(false);
  const name = t(view.metric.plain);
  const props = { view, days, now, name };
  return (
    <section class="card reading" aria-label={name}>
      <div class="reading-top">
        <h2>{name}</h2>
        <button
          type="button"
          class="btn quiet no-print"
          aria-pressed={table}
          onClick={() => setTable(!table)}
        >
          <Icon name={table ? "pulse" : "table"} />
          {t(table ? "show_chart" : "show_table")}
        </button>
      </div>
      <p class="number-value">
        <strong class="big">{valueText(view.last!, view.metric)}</strong>{" "}
        <span class="muted">{unitWord(view.metric.unit)}</span>{" "}
        <span class="muted">· {dayTime(view.last!.t, now)}</span>
      </p>
      <p class="reading-words">
        {plainWords(view)} {usualWords(view)}
      </p>
      {table ? <ChartTable {...props} /> : <Chart {...props} height={200} />}
    </section>
  );
}

export function Readings() {
  const readings = useReadings();
  const limits = useLimits();
  const [days, setDays] = useState<Days>("30");
  const now = Date.now();
  const views = viewsOf(readings.data ?? [], limits.data ?? [], now);
  return (
    <div class="place">
      <h1 tabIndex={-1}>{t("nav_readings")}</h1>
      <div class="lead-row">
        <p class="muted">{t("readings_lead")}</p>
        <DaysChoice value={days} onChange={setDays} />
      </div>
      {!readings.data && readings.error && (
        <Failed error={readings.error} retry={() => again(`Observation|${me()}|mine`)} />
      )}
      {!readings.data && !readings.error && <Skeleton lines={8} />}
      {readings.data && views.length === 0 && <Empty icon="pulse" title={t("numbers_none")} />}
      {views.map((v) => (
        <Reading key={v.metric.id} view={v} days={Number(days)} now={now} />
      ))}
      <div class="card calm">
        <span class="calm-icon">
          <Icon name="message" />
        </span>
        <div>
          <p>{t("w_ask")}</p>
          <a class="btn" href={href("/messages")}>
            {t("w_ask_do")}
          </a>
        </div>
      </div>
    </div>
  );
}
