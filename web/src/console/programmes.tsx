// Programmes of monitoring at home: who is in, how far and how well they take part; the month's lines of billing with
// what each lacks and what stands behind it.
import { useState } from "preact/hooks";
import { Choice, Empty, Failed, Heads, Skeleton } from "../kit/basics";
import { get } from "../lib/api";
import { personName } from "../lib/fhir";
import { fullDate, has, type Key, list, number, t, time } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { href } from "../lib/router";
import { localInput } from "./case";
import { RuleHits } from "./hits";
import { Outcomes } from "./outcomes";
import { daysOf, type Enrolled, shareOf, stateWord, useEnrolled } from "./programme";
import { programmeWord } from "./worklist";

interface Line {
  patient: string;
  name?: Enrolled["name"];
  code: string;
  from: string;
  to: string;
  units: number;
  counted: number;
  unit: "days" | "minutes";
  lacks: string[];
  consent: string;
  order: string;
  days: { date: string; count: number; readings: string[] }[];
  times: { reference: string; kind: string; from: string; to: string; who: string }[];
}
interface Month {
  rows: Line[];
  without: { patient: string; name?: Enrolled["name"]; kinds: string[] }[];
}

const nameOf = (x: { patient: string; name?: Enrolled["name"] }): string =>
  personName({ resourceType: "Patient", name: x.name }) || x.patient;
const word = (key: string): string => (has(key) ? t(key as Key) : key);

function Who({ of }: { of: { patient: string; name?: Enrolled["name"] } }) {
  return (
    <a href={href(`/patient/${of.patient}`)}>
      <bdi>{nameOf(of)}</bdi>
    </a>
  );
}

function People() {
  const all = useEnrolled("");
  if (!all.data) return all.error ? <Failed error={all.error} /> : <Skeleton lines={6} />;
  if (all.data.length === 0)
    return (
      <Empty icon="people" title={t("pg_nobody")}>
        <p>{t("pg_nobody_lead")}</p>
      </Empty>
    );
  return (
    <table class="grid card pg-lines">
      <Heads
        of={[
          t("wl_patient"),
          t("wl_programme"),
          t("pg_state"),
          t("pg_day"),
          t("pg_taking_part"),
          t("pg_last"),
        ]}
      />
      <tbody>
        {all.data.map((e) => (
          <tr key={e.episode}>
            <th scope="row">
              <Who of={e} />
            </th>
            <td>{programmeWord(e.programme)}</td>
            <td>{stateWord(e)}</td>
            <td class="tabular">{daysOf(e)}</td>
            <td class="tabular">{shareOf(e)}</td>
            <td class="tabular">{e.last ? fullDate(e.last) : ""}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Behind({ of }: { of: Line }) {
  return (
    <details>
      <summary>{t("pg_behind")}</summary>
      <ul class="fine">
        {of.consent && (
          <li>
            {t("pg_k_consent")}: <code>{of.consent}</code>
          </li>
        )}
        {of.order && (
          <li>
            {t("pg_k_order")}: <code>{of.order}</code>
          </li>
        )}
        {of.days.map((d) => (
          <li key={d.date}>
            {fullDate(d.date)} · {t("pg_readings", { n: d.count })}{" "}
            {d.readings.map((r) => (
              <code key={r}>{r} </code>
            ))}
          </li>
        ))}
        {of.times.map((x) => (
          <li key={x.reference}>
            {word(`pg_t_${x.kind}`)} · {fullDate(x.from)} {time(x.from)} – {time(x.to)}{" "}
            <code>{x.reference}</code> <code>{x.who}</code>
          </li>
        ))}
      </ul>
    </details>
  );
}

function Lines({ of }: { of: Month }) {
  if (of.rows.length === 0) return <p class="card block">{t("pg_no_lines")}</p>;
  return (
    <table class="grid card pg-lines">
      <Heads
        of={[
          t("wl_patient"),
          t("pg_code"),
          t("pg_over"),
          t("pg_counted"),
          t("pg_lacks"),
          t("pg_evidence"),
        ]}
      />
      <tbody>
        {of.rows.map((r) => (
          <tr key={`${r.patient}-${r.code}-${r.from}`}>
            <th scope="row">
              <Who of={r} />
            </th>
            <td class="tabular">
              {r.code}
              {r.units > 1 && ` × ${number(r.units)}`}
            </td>
            <td class="tabular">
              {fullDate(r.from)} – {fullDate(r.to)}
            </td>
            <td class="tabular">
              {t(r.unit === "days" ? "pg_n_days" : "pg_n_minutes", { n: r.counted })}
            </td>
            <td>
              {r.lacks.length === 0 ? t("pg_ready") : list(r.lacks.map((l) => word(`pg_l_${l}`)))}
            </td>
            <td>
              <Behind of={r} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Billing() {
  const [month, setMonth] = useState(() => localInput(Date.now()).slice(0, 7));
  const query = `month=${month}`;
  const r = useLoad<Month>(`EpisodeOfCare|*|bill/${month}`, () => get(`/programmes/bill?${query}`));
  return (
    <>
      <p class="muted">{t("pg_bill_lead")}</p>
      <div class="xp-ask">
        <label for="pg-month">{t("pg_month")}</label>
        <input
          class="box"
          id="pg-month"
          type="month"
          value={month}
          onChange={(e) => e.currentTarget.value && setMonth(e.currentTarget.value)}
        />
        <a class="btn" href={`/programmes/bill.csv?${query}`} download="monitoring.csv">
          {t("xp_file")}
        </a>
      </div>
      {r.error && <Failed error={r.error} />}
      {!r.data && !r.error && <Skeleton lines={4} />}
      {r.data && <Lines of={r.data} />}
      {r.data && r.data.without.length > 0 && (
        <section class="card block" aria-labelledby="pg-without">
          <h2 id="pg-without">{t("pg_without")}</h2>
          <ul>
            {r.data.without.map((w) => (
              <li key={w.patient}>
                <Who of={w} />: {list(w.kinds.map((k) => word(`pg_w_${k}`)))}
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

type Show = "people" | "billing" | "outcomes" | "rules";
export function ProgrammesPage() {
  const [show, setShow] = useState<Show>("people");
  return (
    <div class="page">
      <header class="page-head">
        <h1 tabIndex={-1}>{t("pg_title")}</h1>
        <p class="muted">{t("pg_lead")}</p>
        <Choice<Show>
          legend={t("pg_show")}
          value={show}
          options={[
            { value: "people", label: t("pg_people") },
            { value: "billing", label: t("pg_billing") },
            { value: "outcomes", label: t("oc_title") },
            { value: "rules", label: t("hr_title") },
          ]}
          onChange={setShow}
        />
      </header>
      {show === "people" && <People />}
      {show === "billing" && <Billing />}
      {show === "outcomes" && <Outcomes />}
      {show === "rules" && <RuleHits />}
    </div>
  );
}
