// The privacy officer's incidents: the list, opening one by what it is about (account, session, hours, patients,
// everybody, a case), and one line of the trail explained. One incident is in incident.tsx.
import { useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { Empty, Failed, Skeleton } from "../kit/basics";
import { Area, textOf } from "../kit/field";
import { get, post } from "../lib/api";
import { fullDate, type Key, number, t } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { go, href } from "../lib/router";
import { INCIDENTS, type Incident, stateWord } from "./incident";

export const mayIncidents = (role: string | undefined): boolean => role === "privacy";

interface Explained {
  sentence: string;
  rule: string;
  citation: string;
}

function Explain() {
  const [error, busy, act] = useAct();
  const [entry, setEntry] = useState("");
  const [said, setSaid] = useState<Explained | null>(null);
  const ask = (e: SubmitEvent): void => {
    e.preventDefault();
    void act(async () => {
      setSaid(await get<Explained>(`/fhir/AuditEvent/${encodeURIComponent(entry)}/$explain`));
      return "";
    });
  };
  return (
    <form class="card block" onSubmit={ask} aria-label={t("in_why")}>
      <div class="acts">
        <div class="field grow">
          <label for="explain-entry">{t("in_entry")}</label>
          <input
            class="box"
            id="explain-entry"
            inputmode="numeric"
            pattern="[0-9]+"
            required
            value={entry}
            onInput={(e) => setEntry(e.currentTarget.value)}
          />
        </div>
        <button type="submit" class="btn" disabled={busy}>
          {t("in_why")}
        </button>
      </div>
      <p dir="auto" role="status">
        {said && (
          <>
            {said.sentence}{" "}
            <code>
              {said.rule} ({said.citation})
            </code>
          </>
        )}
      </p>
      <Wrong text={error} />
    </form>
  );
}

const WHEN = ["discovered", "from", "until"] as const;

/** What was filled in, as the server asks for it: instants with their zone, patients as a list. */
export function criteriaOf(data: FormData, from: string): Record<string, unknown> {
  const text = (name: string): string => textOf(data, name);
  const patients = text("patients")
    .split(/[\s,]+/)
    .filter(Boolean);
  const o: Record<string, unknown> = { what: text("what") };
  for (const name of ["user", "session"]) if (text(name)) o[name] = text(name);
  for (const name of WHEN) if (text(name)) o[name] = new Date(text(name)).toISOString();
  if (patients.length) o.patients = patients.map((p) => p.replace(/^Patient\//, ""));
  if (data.get("everybody")) o.everybody = true;
  if (from) o.case = from;
  return o;
}

function Text({ name, word }: { name: string; word: Key }) {
  return (
    <div class="field grow">
      <label for={`in-${name}`}>{t(word)}</label>
      <input class="box" id={`in-${name}`} name={name} dir="ltr" autocomplete="off" />
    </div>
  );
}

function When({ name }: { name: (typeof WHEN)[number] }) {
  return (
    <div class="field grow">
      <label for={`in-${name}`}>{t(`in_${name}`)}</label>
      <input class="box" id={`in-${name}`} name={name} type="datetime-local" />
    </div>
  );
}

function Open({ from }: { from: string }) {
  const [error, busy, act] = useAct(INCIDENTS);
  const open = (e: SubmitEvent): void => {
    e.preventDefault();
    const body = criteriaOf(new FormData(e.currentTarget as HTMLFormElement), from);
    void act(async () => {
      const made = await post<Incident>("/incidents", body);
      go(`/incidents/${made.id}`);
      return t("in_opened");
    });
  };
  return (
    <details class="card block" open={!!from}>
      <summary>{t("in_open")}</summary>
      <form class="place-in" onSubmit={open} aria-label={t("in_open")}>
        {from && <p class="muted">{t("in_of_case")}</p>}
        <Area id="in-what" label={t("in_what")} name="what" dir="auto" required maxLength={2000} />
        <p class="muted">{t("in_criteria")}</p>
        <div class="acts">
          <Text name="user" word="in_user" />
          <Text name="session" word="in_session" />
        </div>
        <Text name="patients" word="in_patients" />
        <div class="acts">
          <When name="from" />
          <When name="until" />
          <When name="discovered" />
        </div>
        <label class="switch">
          <input type="checkbox" name="everybody" />
          <span>{t("in_everybody")}</span>
        </label>
        <Wrong text={error} />
        <div class="acts">
          <button type="submit" class="btn primary" disabled={busy}>
            {t("in_open")}
          </button>
        </div>
      </form>
    </details>
  );
}

export function IncidentsPage({ from }: { from: string }) {
  const all = useLoad<{ incidents: Incident[] }>(INCIDENTS, () => get("/incidents"));
  return (
    <div class="page narrow">
      <header class="page-head">
        <h1>{t("in_title")}</h1>
      </header>
      <Open from={from} />
      {all.error && <Failed error={all.error} />}
      {!all.data && !all.error && <Skeleton lines={4} />}
      {all.data?.incidents.length === 0 && <Empty icon="check" title={t("in_none")} />}
      <ul class="plain">
        {all.data?.incidents.map((i) => (
          <li key={i.id}>
            <a class="card link-card" href={href(`/incidents/${i.id}`)}>
              <strong dir="auto">{i.what}</strong>
              <p class="muted">
                {stateWord(i)} · {fullDate(i.opened)}
                {i.scope && ` · ${t("in_people", { n: number(i.scope.people) })}`}
              </p>
              {i.next && (
                <p class={i.next.late ? "strong" : "muted"}>
                  {t("in_deadline", { day: fullDate(i.next.due) })} {i.next.late && t("in_late")}
                </p>
              )}
            </a>
          </li>
        ))}
      </ul>
      <Explain />
    </div>
  );
}
