// The roster: who is on call when, where nobody is, and when it changes hands. Everybody of the staff reads it; whoever
// keeps the directory changes hours and numbers, and lets two change places, after seeing line by line what would be another.
import { useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { Dialog, Empty, Failed, Skeleton } from "../kit/basics";
import { Field } from "../kit/field";
import { Icon } from "../kit/icons";
import { get, post, search } from "../lib/api";
import { type Patient, personName } from "../lib/fhir";
import { comma, lang, t } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { useNames } from "../lib/people";
import { session } from "../lib/session";
import { type Change, DAYS } from "./hours";
import {
  daysOf,
  diffOfRole,
  emptyRoleForm,
  formOfRole,
  localOf,
  newRole,
  type Role,
  type RoleForm,
  type Roster,
  type Row,
  roleOf,
  rowsOf,
  swapped,
  wrongInRole,
} from "./oncall";
import { Diff } from "./teams";
import { toWord } from "./watch";

const KEY = "PractitionerRole|*|roster";
const mayChange = (): boolean => session.value?.role === "admin";
const readRole = (id: string): Promise<Role> => get<Role>(`/fhir/PractitionerRole/${id}`);

/** On top of the versions that were shown, all of them or none; who is new is added. */
const save = (roles: Role[]): Promise<unknown> =>
  post("/fhir", {
    resourceType: "Bundle",
    type: "transaction",
    entry: roles.map((resource) => ({
      request: resource.id
        ? {
            method: "PUT",
            url: `PractitionerRole/${resource.id}`,
            ifMatch: `W/"${resource.meta?.versionId}"`,
          }
        : { method: "POST", url: "PractitionerRole" },
      resource,
    })),
  });

interface Draft {
  roles: Role[];
  changes: Change[];
}

function Confirm({ of, onDone }: { of: Draft; onDone: () => void }) {
  const [error, busy, act] = useAct(KEY);
  const keep = (): void =>
    void act(async () => {
      await save(of.roles);
      onDone();
      return t("ro_saved");
    });
  return (
    <Dialog title={t("th_diff")} onClose={onDone}>
      <Diff of={of.changes} />
      <Wrong text={error} />
      <div class="dialog-end">
        <button type="button" class="btn" onClick={onDone}>
          {t("cancel")}
        </button>
        <button type="button" class="btn primary" disabled={busy} onClick={keep}>
          {t("th_save")}
        </button>
      </div>
    </Dialog>
  );
}

/** When they are there, and where their pages go. */
function Fields({ form, onForm }: { form: RoleForm; onForm: (form: RoleForm) => void }) {
  return (
    <>
      <fieldset class="th-week">
        <legend>{t("th_week")}</legend>
        {DAYS.map((d) => (
          <Field
            key={d}
            id={`ro-${d}`}
            label={t(`th_${d}`)}
            dir="ltr"
            value={form.week[d]}
            onValue={(v) => onForm({ ...form, week: { ...form.week, [d]: v } })}
          />
        ))}
      </fieldset>
      <Field
        id="ro-number"
        label={t("th_number")}
        dir="ltr"
        value={form.number}
        onValue={(number) => onForm({ ...form, number })}
      />
      <Field
        id="ro-mail"
        label={t("th_mail")}
        dir="ltr"
        value={form.mail}
        onValue={(mail) => onForm({ ...form, mail })}
      />
      <p class="muted fine">{t("ro_agreed")}</p>
    </>
  );
}

function Foot({ wrong, onDone }: { wrong: string; onDone: () => void }) {
  return (
    <>
      <Wrong text={wrong} />
      <div class="dialog-end">
        <button type="button" class="btn" onClick={onDone}>
          {t("cancel")}
        </button>
        <button type="submit" class="btn primary">
          {t("th_look")}
        </button>
      </div>
    </>
  );
}

/** What cannot be understood, in words; empty when all can. */
function wrongWords(form: RoleForm): string {
  const words = wrongInRole(form).map((w) => t(w === "week" ? "th_week" : (`th_${w}` as "th_mon")));
  return words.length ? t("th_wrong", { what: words.join(comma()) }) : "";
}

function Edit({ role, onDone }: { role: Role; onDone: () => void }) {
  const [before] = useState(() => formOfRole(role));
  const [form, setForm] = useState<RoleForm>(before);
  const [draft, setDraft] = useState<Draft>();
  const [wrong, setWrong] = useState("");
  const look = (e: SubmitEvent): void => {
    e.preventDefault();
    const changes = diffOfRole(before, form);
    const bad = wrongWords(form) || (changes.length ? "" : t("th_same"));
    setWrong(bad);
    if (!bad) setDraft({ roles: [roleOf(form, role)], changes });
  };
  return (
    <form class="stack" onSubmit={look} aria-label={t("ro_edit")}>
      <Fields form={form} onForm={setForm} />
      <Foot wrong={wrong} onDone={onDone} />
      {draft && <Confirm of={draft} onDone={onDone} />}
    </form>
  );
}

interface Colleague extends Patient {
  active?: boolean;
}
const STEPS = ["on-call", "lead"];
const STAFF = "Practitioner|*|roster-staff";

/** Somebody of the directory joins the roster of a team. */
function Add({ of, onDone }: { of: Roster; onDone: () => void }) {
  const staff = useLoad<Colleague[]>(STAFF, () =>
    search<Colleague>("Practitioner", { _count: "100", _sort: "family" }, 500),
  );
  const [who, setWho] = useState("");
  const [step, setStep] = useState(STEPS[0]!);
  const [form, setForm] = useState<RoleForm>(emptyRoleForm);
  const [draft, setDraft] = useState<Draft>();
  const [wrong, setWrong] = useState("");
  const people = (staff.data ?? []).filter((p) => p.active !== false);
  const look = (e: SubmitEvent): void => {
    e.preventDefault();
    const bad = wrongWords(form);
    setWrong(bad);
    if (bad) return;
    const display = personName(people.find((p) => p.id === who));
    const nobody: RoleForm = {
      week: Object.fromEntries(DAYS.map((d) => [d, ""])) as RoleForm["week"],
      number: "",
      mail: "",
    };
    setDraft({
      roles: [
        roleOf(form, newRole(of.service, { reference: `Practitioner/${who}`, display }, step)),
      ],
      changes: [{ what: toWord(step), before: "", after: display }, ...diffOfRole(nobody, form)],
    });
  };
  return (
    <form class="stack" onSubmit={look} aria-label={t("ro_add")}>
      {!staff.data && (staff.error ? <Failed error={staff.error} /> : <Skeleton lines={2} />)}
      <div class="field">
        <label for="ro-add-who">{t("ro_who")}</label>
        <select
          class="box"
          id="ro-add-who"
          required
          value={who}
          onChange={(e) => setWho(e.currentTarget.value)}
        >
          <option value="" />
          {people.map((p) => (
            <option key={p.id} value={p.id} dir="auto">
              {personName(p)}
            </option>
          ))}
        </select>
      </div>
      <div class="field">
        <label for="ro-add-step">{t("ro_as")}</label>
        <select
          class="box"
          id="ro-add-step"
          value={step}
          onChange={(e) => setStep(e.currentTarget.value)}
        >
          {STEPS.map((x) => (
            <option key={x} value={x}>
              {toWord(x)}
            </option>
          ))}
        </select>
      </div>
      <Fields form={form} onForm={setForm} />
      <Foot wrong={wrong} onDone={onDone} />
      {draft && <Confirm of={draft} onDone={onDone} />}
    </form>
  );
}

interface Named extends Row {
  name: string;
}

function Acts({ row, all }: { row: Named; all: Named[] }) {
  const [role, setRole] = useState<Role>();
  const [draft, setDraft] = useState<Draft>();
  const [error, busy, act] = useAct(KEY);
  const others = all.filter((x) => x.role !== row.role);
  const edit = (): void =>
    void act(async () => {
      setRole(await readRole(row.role));
      return "";
    });
  const swap = (other: Named): void =>
    void act(async () => {
      const roles = swapped(await readRole(row.role), await readRole(other.role));
      const line = (of: Named, to: Named): Change => ({
        what: toWord(of.to),
        before: of.name,
        after: to.name,
      });
      setDraft({ roles, changes: [line(row, other), line(other, row)] });
      return "";
    });
  return (
    <>
      <span class="ro-acts">
        <button type="button" class="btn small" disabled={busy} onClick={edit}>
          {t("ro_change")} <span class="out-of-sight">{row.name}</span>
        </button>
        {others.length > 0 && (
          <select
            class="box"
            aria-label={t("ro_swap_of", { name: row.name })}
            value=""
            disabled={busy}
            onChange={(e) => {
              const other = others.find((x) => x.role === e.currentTarget.value);
              e.currentTarget.value = "";
              if (other) swap(other);
            }}
          >
            <option value="">{t("ro_swap")}</option>
            {others.map((x) => (
              <option key={x.role} value={x.role}>
                {x.name}
              </option>
            ))}
          </select>
        )}
      </span>
      <Wrong text={role || draft ? "" : error} />
      {role && (
        <Dialog title={`${t("ro_edit")}: ${row.name}`} onClose={() => setRole(undefined)}>
          <Edit role={role} onDone={() => setRole(undefined)} />
        </Dialog>
      )}
      {draft && <Confirm of={draft} onDone={() => setDraft(undefined)} />}
    </>
  );
}

const dayHead = (day: string): string =>
  new Intl.DateTimeFormat(lang.value, { weekday: "short", day: "numeric", timeZone: "UTC" }).format(
    new Date(`${day}T12:00:00Z`),
  );

/** On the team's clock, as the table is. */
function moment(at: string, zone: string): string {
  const [day, time] = localOf(Date.parse(at), zone);
  return dayHead(day) + comma() + time;
}

function Week({ of, rows }: { of: Roster; rows: Named[] }) {
  const days = daysOf(of);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard
    <section class="fl-scroll" aria-label={t("ro_week")} tabIndex={0}>
      <table class="grid ro-week">
        <thead>
          <tr>
            <th scope="col">{t("ro_who")}</th>
            {days.map((d) => (
              <th scope="col" key={d}>
                {dayHead(d)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((r) => (
            <tr key={r.role}>
              <th scope="row">
                <bdi>{r.name}</bdi> <span class="muted">{toWord(r.to)}</span>
                {mayChange() && <Acts row={r} all={rows} />}
              </th>
              {days.map((d) => (
                <td key={d} class="tabular">
                  {(r.cells.get(d) ?? ["–"]).map((x) => (
                    <bdi key={x} dir="ltr">
                      {x}{" "}
                    </bdi>
                  ))}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function One({ of }: { of: Roster }) {
  const [adding, setAdding] = useState(false);
  const rows = rowsOf(of);
  const names = useNames(rows.map((r) => r.who?.reference));
  const named = rows.map((r) => ({
    ...r,
    name: r.who?.display ?? names.get(r.who?.reference ?? "") ?? t("someone"),
  }));
  const title = of.name || t("wt_house");
  return (
    <section class="card block" aria-label={title}>
      <h2>
        <bdi>{title}</bdi>
      </h2>
      {of.gaps.length > 0 && (
        <div class="note bad" role="status">
          <Icon name="warn" />
          <ul class="ro-gaps">
            {of.gaps.map((g) => (
              <li key={g.from}>
                {t("ro_gap", { from: moment(g.from, of.zone), until: moment(g.until, of.zone) })}
              </li>
            ))}
          </ul>
        </div>
      )}
      {of.handover && (
        <p class="muted">{t("ro_handover", { time: moment(of.handover, of.zone) })}</p>
      )}
      {rows.length > 0 && <Week of={of} rows={named} />}
      {mayChange() && (
        <p>
          <button type="button" class="btn" onClick={() => setAdding(true)}>
            {t("ro_add")} <span class="out-of-sight">{title}</span>
          </button>
        </p>
      )}
      {adding && (
        <Dialog title={`${t("ro_add")}: ${title}`} onClose={() => setAdding(false)}>
          <Add of={of} onDone={() => setAdding(false)} />
        </Dialog>
      )}
      <p class="muted fine">
        {t("ro_zone")} <bdi dir="ltr">{of.zone}</bdi>
      </p>
    </section>
  );
}

export function RosterPage() {
  const all = useLoad<Roster[]>(KEY, () => get<Roster[]>("/monitoring/roster"));
  return (
    <div class="page">
      <header class="page-head">
        <h1>{t("ro_title")}</h1>
        <p class="muted">{t("ro_lead")}</p>
      </header>
      {!all.data && (all.error ? <Failed error={all.error} /> : <Skeleton lines={6} />)}
      {all.data?.length === 0 && <Empty icon="clock" title={t("ro_none")} />}
      {all.data?.map((x) => (
        <One key={x.service} of={x} />
      ))}
    </div>
  );
}
