// The patient in the middle pane: who, then the numbers (value, change, shape), medicines and
// conditions, or the timeline of everything.

import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { Chart, ChartTable, Spark } from "../chart/chart";
import { CARDS, isSensor, metricOf, pointOf } from "../chart/series";
import { changeOf, changeText, type View, valueText, viewOf } from "../chart/view";
import { Empty, errorText, Failed, Skeleton, Tabs } from "../kit/basics";
import { type Days, DaysChoice, type Look, LookChoice } from "../kit/choices";
import { Icon } from "../kit/icons";
import { lazy } from "../kit/lazy";
import type { ApiError } from "../lib/api";
import {
  type Condition,
  type Limit,
  type MedicationRequest,
  type Patient,
  personName,
  words,
} from "../lib/fhir";
import {
  day,
  dayTime,
  fullDate,
  has,
  type Key,
  lang,
  languageName,
  number,
  t,
  unitWord,
} from "../lib/i18n";
import { again } from "../lib/load";
import { session } from "../lib/session";
import {
  askWords,
  readsCare,
  sentenceOf,
  useAsks,
  useConditions,
  useLimits,
  useMedicines,
  usePatient,
  useVitals,
} from "./data";
import { Clocks, Doubts } from "./doubts";
import { Hidden } from "./glass";
import { LaunchApps } from "./launch";
import { Results } from "./results";
import { EarlyWarning } from "./score";
import { Timeline } from "./timeline";
import { WhatIf } from "./whatif";
import { Withhold } from "./withhold";
import { useNow } from "./worklist";

const ProgrammePane = lazy(async () => (await import("./programme")).ProgrammePane);
const Reach = lazy(async () => (await import("./reach")).Reach);

const GlucosePane = lazy(async () => (await import("./glucose")).GlucosePane);
const PicturePane = lazy(async () => (await import("./picture")).PicturePane);

const DAY = 86_400_000;

function ageOf(birth: string | undefined): number | null {
  if (!birth) return null;
  const b = new Date(birth);
  const now = new Date();
  const before =
    now.getMonth() < b.getUTCMonth() ||
    (now.getMonth() === b.getUTCMonth() && now.getDate() < b.getUTCDate());
  return now.getFullYear() - b.getUTCFullYear() - (before ? 1 : 0);
}

const SUPPRESSED = "https://weft.health/fhir/StructureDefinition/contact-suppressed";

/** Why no e-mail reaches them: every address of theirs came back or complained. Empty: one does. */
export function mailEnded(p: Patient): "" | "mail_bounced" | "mail_complained" {
  const mails = (p.telecom ?? []).filter((c) => c.system === "email" && c.use !== "old");
  const marks = mails.map((c) => c.extension?.find((e) => e.url === SUPPRESSED));
  if (!marks.length || marks.some((m) => !m)) return "";
  const why = marks.map((m) => m?.extension?.find((e) => e.url === "reason")?.valueCode);
  return why.includes("complaint") ? "mail_complained" : "mail_bounced";
}

function Head({ id }: { id: string }) {
  const { data: p, error } = usePatient(id);
  if (!p)
    return error ? (
      <Failed error={error} retry={() => again(`Patient|${id}|one`)} />
    ) : (
      <Skeleton lines={2} />
    );
  const age = ageOf(p.birthDate);
  const gender = `g_${p.gender ?? "unknown"}`;
  const spoken = p.communication?.find((c) => c.preferred) ?? p.communication?.[0];
  const code = spoken?.language.coding?.[0]?.code;
  const mail = mailEnded(p);
  const facts = [
    has(gender) ? t(gender as Key) : p.gender,
    age === null ? "" : t("p_age", { n: age }),
    p.birthDate ? t("p_born", { date: fullDate(p.birthDate) }) : "",
    code ? t("p_speaks", { language: languageName(code) }) : "",
    p.address?.[0]?.city,
  ].filter(Boolean);
  return (
    <header class="who">
      <h1>
        <bdi>{personName(p)}</bdi>
      </h1>
      <p class="muted facts">
        {facts.map((f, i) => (
          <bdi key={i}>{f}</bdi>
        ))}
      </p>
      {mail && (
        <p class="fine strong sev-high">
          <Icon name="mail" />
          {t(mail)}
        </p>
      )}
      <LaunchApps patient={id} />
    </header>
  );
}

function VitalCard({
  view,
  now,
  on,
  pick,
}: {
  view: View;
  now: number;
  on: boolean;
  pick: () => void;
}) {
  const change = changeOf(view);
  const strong = change === "above" || change === "below";
  return (
    <button
      type="button"
      class={view.over ? "vital over" : "vital"}
      aria-pressed={on}
      onClick={pick}
    >
      <span class="vital-name">{t(view.metric.name)}</span>
      <span class="vital-value">
        {view.over && (
          <svg viewBox="0 0 16 16" class="vital-mark" role="img" aria-label={t("over_limit")}>
            <path d="M8 .5 15.500 8 8 15.500.5 8Z" fill="currentColor" />
          </svg>
        )}
        <strong class="big">{view.last ? valueText(view.last, view.metric) : "–"}</strong>{" "}
        <span class="muted">{unitWord(view.metric.unit)}</span>
      </span>
      <span class={strong ? "vital-change strong" : "vital-change muted"}>{changeText(view)}</span>
      <Spark view={view} days={30} now={now} />
      {view.last && <span class="vital-time muted">{dayTime(view.last.t, now)}</span>}
    </button>
  );
}

/** The newest reading of this measure that was to be taken again, and what came of it. */
function Asked({ id, view }: { id: string; view: View }) {
  const vitals = useVitals(id);
  const mine = new Set(
    (vitals.data ?? []).filter((o) => pointOf(o, view.metric)).map((o) => `Observation/${o.id}`),
  );
  const ask = useAsks(id).data?.find((a) => mine.has(a.focus?.reference ?? ""));
  if (!ask) return null;
  return (
    <p class="muted fine" dir="auto">
      {dayTime(ask.authoredOn)}: {sentenceOf(ask)} {askWords(ask)}
    </p>
  );
}

function Hero({ id, view, now }: { id: string; view: View; now: number }) {
  const [days, setDays] = useState<Days>("30");
  const [look, setLook] = useState<Look>("chart");
  const name = t(view.metric.name);
  const props = { view, days: Number(days), now, name };
  return (
    <figure class="hero">
      <figcaption>
        <h2>{name}</h2>
        <div class="hero-tools no-print">
          <DaysChoice value={days} onChange={setDays} />
          <LookChoice legend={name} value={look} onChange={setLook} />
        </div>
      </figcaption>
      {look === "chart" ? <Chart {...props} height={196} /> : <ChartTable {...props} />}
      {view.band.ready && (
        <p class="muted fine">
          {t("band_note", { n: view.band.n, from: day(now - 31 * DAY), to: day(now - 4 * DAY) })}
        </p>
      )}
      <Asked id={id} view={view} />
    </figure>
  );
}

/** What a rule keeps from the reader is no failure: it is said, and nothing is tried again. */
function Kept({ error, retry }: { error?: ApiError; retry: () => void }) {
  if (!error) return null;
  if (error.status !== 403) return <Failed error={error} retry={retry} />;
  return (
    <p class="note" dir="auto">
      {errorText(error)}
    </p>
  );
}

function Vitals({ id, focus }: { id: string; focus: string[] }) {
  const vitals = useVitals(id);
  const limits = useLimits(id);
  const now = useNow(60_000);
  const [picked, setPicked] = useState("");
  if (!vitals.data)
    return vitals.error ? (
      <Kept error={vitals.error} retry={() => again(`Observation|${id}|vitals`)} />
    ) : (
      <Skeleton lines={8} />
    );
  const views = CARDS.map((m) => viewOf(vitals.data!, m, limits.data ?? [], now)).filter(
    (v) => v.points.length + v.doubts.length > 0,
  );
  if (views.length === 0)
    return (
      <Empty icon="pulse" title={t("vitals_none")}>
        <p>{t("vitals_none_lead")}</p>
      </Empty>
    );
  const cause = focus.map((f) => vitals.data?.find((o) => o.id === f)).find((o) => o);
  const wanted = picked || (cause && metricOf(cause)?.id) || views.find((v) => v.over)?.metric.id;
  const hero = views.find((v) => v.metric.id === wanted) ?? views[0]!;
  return (
    <section aria-label={t("vitals")} class="vitals card">
      <div class="vital-cards">
        {views.map((v) => (
          <VitalCard
            key={v.metric.id}
            view={v}
            now={now}
            on={v === hero}
            pick={() => setPicked(v.metric.id)}
          />
        ))}
      </div>
      <Hero id={id} view={hero} now={now} />
      {hero.metric.id === "glucose" && vitals.data.some(isSensor) && <GlucosePane id={id} />}
      <Doubts id={id} view={hero} now={now} />
      <Clocks view={hero} now={now} />
      <LimitList limits={limits.data ?? []} />
      {limits.data && limits.data.length > 0 && <WhatIf patient={id} limits={limits.data} />}
    </section>
  );
}

function limitText(l: Limit): string {
  const low = typeof l.low === "number" ? number(l.low) : "";
  const high = typeof l.high === "number" ? number(l.high) : "";
  if (low && high) return t("limit_between", { low, high });
  return low ? t("limit_above", { low }) : t("limit_below", { high });
}

function LimitList({ limits }: { limits: Limit[] }) {
  if (limits.length === 0) return null;
  return (
    <details class="limits">
      <summary>{t("limits")}</summary>
      <ul>
        {limits.map((l, i) => (
          <li key={i}>
            <span dir="auto">
              {l.translation?.[lang.value] ?? l.display ?? l.metric.replaceAll("-", " ")}
            </span>
            <span class="tabular">
              {limitText(l)} <span class="muted">{unitWord(l.unit)}</span>
            </span>
            <span class="muted">
              {l.source && l.source !== "default" ? t("from_plan") : <code>{l.rule}</code>}
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}

function active<T extends { status?: string; clinicalStatus?: unknown }>(all: T[]): T[] {
  return all.filter(
    (x) => !["stopped", "completed", "cancelled", "entered-in-error"].includes(x.status ?? ""),
  );
}

function Medicines({ id }: { id: string }) {
  const { data, error } = useMedicines(id);
  const list = active<MedicationRequest>(data ?? []);
  return (
    <section class="card facts-list" aria-label={t("medicines")}>
      <h2>
        <Icon name="pill" />
        {t("medicines")}
      </h2>
      <Kept error={error} retry={() => again(`MedicationRequest|${id}|all`)} />
      {data && list.length === 0 && <p class="muted">{t("medicines_none")}</p>}
      <ul>
        {list.map((m) => (
          <li key={m.id}>
            <bdi>{words(m.medicationCodeableConcept) || m.medicationReference?.display}</bdi>
            {m.dosageInstruction?.[0]?.text && (
              <span class="muted" dir="auto">
                {m.dosageInstruction[0].text}
              </span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

const ended = (c: Condition): boolean =>
  ["resolved", "inactive", "remission"].includes(c.clinicalStatus?.coding?.[0]?.code ?? "");

function Conditions({ id }: { id: string }) {
  const { data, error } = useConditions(id);
  const list = (data ?? []).filter((c) => !ended(c));
  return (
    <section class="card facts-list" aria-label={t("conditions")}>
      <h2>
        <Icon name="note" />
        {t("conditions")}
      </h2>
      <Kept error={error} retry={() => again(`Condition|${id}|all`)} />
      {data && list.length === 0 && <p class="muted">{t("conditions_none")}</p>}
      <ul>
        {list.map((c) => (
          <li key={c.id}>
            <bdi>{words(c.code)}</bdi>
            {c.onsetDateTime && (
              <span class="muted">{t("since", { date: fullDate(c.onsetDateTime) })}</span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Care({ id, focus }: { id: string; focus: string[] }) {
  return (
    <>
      <Results id={id} />
      <EarlyWarning id={id} />
      <Vitals id={id} focus={focus} />
      <div class="pair">
        <Medicines id={id} />
        <Conditions id={id} />
      </div>
    </>
  );
}

type Tab = "now" | "picture" | "timeline" | "programme";
/** The tab of the patient on screen, as a case may turn to it. */
const tabs = signal<Tab>("now");
export const openTab = (tab: Tab): void => {
  tabs.value = tab;
};
export function PatientPane({ id, focus }: { id: string; focus: string[] }) {
  const tab = tabs.value;
  useEffect(() => openTab("now"), [id]);
  const { data } = usePatient(id);
  useEffect(() => {
    if (data) document.title = `${personName(data)} · Weft`;
  }, [data]);
  return (
    <>
      <Head id={id} />
      <Hidden id={id} />
      <Tabs<Tab>
        label={t("patient_views")}
        value={tab}
        tabs={[
          { value: "now", label: t("tab_now") },
          { value: "picture", label: t("tab_picture") },
          { value: "timeline", label: t("tab_timeline") },
          ...(session.value?.role === "nurse"
            ? [{ value: "programme" as const, label: t("wl_programme") }]
            : []),
        ]}
        onChange={openTab}
      >
        {tab === "now" ? (
          <div class="now">
            {readsCare() ? <Care id={id} focus={focus} /> : <p class="note">{t("p_not_shown")}</p>}
            <Reach id={id} />
            <Withhold id={id} />
          </div>
        ) : tab === "picture" ? (
          <PicturePane id={id} />
        ) : tab === "programme" ? (
          <ProgrammePane id={id} />
        ) : (
          <Timeline id={id} />
        )}
      </Tabs>
    </>
  );
}
