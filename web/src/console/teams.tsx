// Team hours: who watches when. Everybody of the staff reads them; whoever keeps the directory changes them, after seeing
// line by line what would be another.
import { useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { Dialog, Failed, Skeleton } from "../kit/basics";
import { Area, Field } from "../kit/field";
import { get, post } from "../lib/api";
import { type Team, useTeams } from "../lib/hours";
import { comma, dayTimeInText, has, type Key, t } from "../lib/i18n";
import { session } from "../lib/session";
import {
  type Change,
  DAYS,
  diffOf,
  type Form,
  formOf,
  type Service,
  serviceOf,
  wrongIn,
} from "./hours";

const KEY = "HealthcareService|*|hours";
const mayChange = (): boolean => session.value?.role === "admin";
const SHORT: Record<string, Key> = { closed: "th_closed_short", programmes: "wl_programme" };
const whatWord = (what: string): string => {
  const key = SHORT[what] ?? `th_${what}`;
  return has(key) ? t(key as Key) : what;
};

export function Diff({ of }: { of: Change[] }) {
  return (
    <table class="grid">
      <thead>
        <tr>
          <th scope="col">{t("th_what")}</th>
          <th scope="col">{t("th_before")}</th>
          <th scope="col">{t("th_after")}</th>
        </tr>
      </thead>
      <tbody>
        {of.map((c) => (
          <tr key={`${c.what}${c.before}${c.after}`}>
            <th scope="row">{whatWord(c.what)}</th>
            <td>
              <bdi>{c.before || "–"}</bdi>
            </td>
            <td>
              <strong>
                <bdi>{c.after || "–"}</bdi>
              </strong>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** On top of the version that was shown, or not at all. */
async function save(form: Form, had: Service | undefined): Promise<void> {
  const url = had ? `HealthcareService/${had.id}` : "HealthcareService";
  const request = had
    ? { method: "PUT", url, ifMatch: `W/"${had.meta?.versionId}"` }
    : { method: "POST", url };
  await post("/fhir", {
    resourceType: "Bundle",
    type: "transaction",
    entry: [{ request, resource: serviceOf(form, had) }],
  });
}

function Edit({ team, onDone }: { team: Team; onDone: () => void }) {
  const [before] = useState(() => formOf(team));
  const [form, setForm] = useState<Form>(before);
  const [had, setHad] = useState<Service>();
  const [changes, setChanges] = useState<Change[]>();
  const [error, busy, act] = useAct(KEY);
  const [wrong, setWrong] = useState("");
  const id = `th-${team.service || "house"}`;
  const set = (part: Partial<Form>): void => setForm({ ...form, ...part });
  const look = (e: SubmitEvent): void => {
    e.preventDefault();
    const bad = wrongIn(form);
    const diff = diffOf(before, form);
    setWrong(
      bad.length
        ? t("th_wrong", { what: bad.map(whatWord).join(comma()) })
        : diff.length
          ? ""
          : t("th_same"),
    );
    if (bad.length || !diff.length) return;
    void act(async () => {
      setHad(
        team.service ? await get<Service>(`/fhir/HealthcareService/${team.service}`) : undefined,
      );
      setChanges(diff);
      return "";
    });
  };
  const keep = (): void =>
    void act(async () => {
      await save(form, had);
      setChanges(undefined);
      onDone();
      return t("th_saved");
    });
  return (
    <form class="stack" onSubmit={look} aria-label={t("th_edit")}>
      <Field
        id={`${id}-name`}
        label={t("th_name")}
        required
        value={form.name}
        onValue={(name) => set({ name })}
      />
      <Field
        id={`${id}-zone`}
        label={t("th_zone")}
        dir="ltr"
        required
        value={form.zone}
        onValue={(zone) => set({ zone })}
      />
      <Field
        id={`${id}-phone`}
        label={t("th_phone")}
        dir="ltr"
        value={form.phone}
        onValue={(phone) => set({ phone })}
      />
      <Field
        id={`${id}-programmes`}
        label={t("th_programmes")}
        dir="ltr"
        value={form.programmes}
        onValue={(programmes) => set({ programmes })}
      />
      <fieldset class="th-week">
        <legend>{t("th_week")}</legend>
        {DAYS.map((d) => (
          <Field
            key={d}
            id={`${id}-${d}`}
            label={whatWord(d)}
            dir="ltr"
            value={form.week[d]}
            onValue={(v) => set({ week: { ...form.week, [d]: v } })}
          />
        ))}
      </fieldset>
      <Area
        id={`${id}-closed`}
        label={t("th_closed")}
        dir="auto"
        rows={6}
        value={form.closed}
        onValue={(closed) => set({ closed })}
      />
      <Wrong text={wrong || (changes ? "" : error)} />
      <div class="dialog-end">
        <button type="button" class="btn" onClick={onDone}>
          {t("cancel")}
        </button>
        <button type="submit" class="btn primary" disabled={busy}>
          {t("th_look")}
        </button>
      </div>
      {changes && (
        <Dialog title={t("th_diff")} onClose={() => setChanges(undefined)}>
          <Diff of={changes} />
          <Wrong text={error} />
          <div class="dialog-end">
            <button type="button" class="btn" onClick={() => setChanges(undefined)}>
              {t("cancel")}
            </button>
            <button type="button" class="btn primary" disabled={busy} onClick={keep}>
              {t("th_save")}
            </button>
          </div>
        </Dialog>
      )}
    </form>
  );
}

function One({ team }: { team: Team }) {
  const [editing, setEditing] = useState(false);
  const form = formOf(team);
  const name = team.name || t("wt_house");
  const state = team.watching ? "th_here" : "th_away";
  return (
    <section class="card block" aria-label={name}>
      <h2>
        <bdi>{name}</bdi>
      </h2>
      {team.wrong && (
        <p class="note bad">
          {t("wt_wrong", { team: name })}{" "}
          <span lang="en" dir="ltr">
            {team.wrong}
          </span>
        </p>
      )}
      {!team.wrong && (
        <p class={team.watching ? "muted" : "note wait"}>
          {t(state)} {team.until && t("th_until", { time: dayTimeInText(team.until) })}
        </p>
      )}
      {editing ? (
        <Edit team={team} onDone={() => setEditing(false)} />
      ) : (
        <>
          <dl class="th-facts">
            <dt>{t("th_zone")}</dt>
            <dd>
              <bdi dir="ltr">{team.zone}</bdi>
            </dd>
            <dt>{t("th_phone")}</dt>
            <dd>
              <bdi dir="ltr">{team.phone || "–"}</bdi>
            </dd>
            <dt>{t("wl_programme")}</dt>
            <dd>{form.programmes || t("th_others")}</dd>
            {DAYS.map((d) => [
              <dt key={`t${d}`}>{whatWord(d)}</dt>,
              <dd key={d} class="tabular">
                <bdi dir="ltr">{form.week[d] || "–"}</bdi>
              </dd>,
            ])}
            <dt>{t("th_closed_short")}</dt>
            <dd>
              <ul class="th-closed">
                {form.closed
                  .split("\n")
                  .filter(Boolean)
                  .map((line) => (
                    <li key={line}>
                      <bdi>{line}</bdi>
                    </li>
                  ))}
              </ul>
            </dd>
          </dl>
          {mayChange() && (
            <button type="button" class="btn" onClick={() => setEditing(true)}>
              {t(team.service ? "th_edit" : "th_new")}
            </button>
          )}
        </>
      )}
    </section>
  );
}

export function TeamsPage() {
  const teams = useTeams();
  return (
    <div class="page">
      <header class="page-head">
        <h1>{t("th_title")}</h1>
        <p class="muted">{t("th_lead")}</p>
      </header>
      {!teams.data && (teams.error ? <Failed error={teams.error} /> : <Skeleton lines={6} />)}
      {teams.data?.map((x) => (
        <One key={x.service} team={x} />
      ))}
    </div>
  );
}
