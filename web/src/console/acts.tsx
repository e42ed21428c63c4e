// What can be done about a case, the protocol's next step first: call (number, script, outcome, the next call), write,
// order by proposal, change the plan. And the note that is made of what was done.
import { useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { Dialog, errorText, Keys } from "../kit/basics";
import { Field } from "../kit/field";
import { lazy } from "../kit/lazy";
import { type Severity, severityOf } from "../kit/severity";
import { tell } from "../kit/toast";
import { type ApiError, post, search } from "../lib/api";
import type { Communication, Patient, Resource, Task } from "../lib/fhir";
import { idOf } from "../lib/fhir";
import { dayTime, dayTimeInText, type Key, lang, languageName, t, time } from "../lib/i18n";
import { useCommands } from "../lib/keys";
import { useLoad } from "../lib/load";
import { session } from "../lib/session";
import { ContactBudget } from "./budget";
import { evidenceOf, isInbound, timeOf, useMessages, usePatient } from "./data";
import { openTab } from "./patient";

const DailyDialog = lazy(async () => (await import("./daily")).DailyDialog);

const TASK_CODE = "https://weft.health/fhir/task-code";
const EPISODE = "https://weft.health/fhir/episode";
const OUTCOMES = ["reached", "no-answer", "left-word"] as const;
type Outcome = (typeof OUTCOMES)[number];

interface Order extends Resource {
  code?: { text?: string };
  authoredOn?: string;
}

const useCalls = (patient: string) =>
  useLoad<Task[]>(`Task|${patient}|calls`, () =>
    search<Task>(
      "Task",
      { patient, code: `${TASK_CODE}|call`, _sort: "-_lastUpdated", _count: "30" },
      30,
    ),
  );
const useOrders = (patient: string) =>
  useLoad<Order[]>(`ServiceRequest|${patient}|proposed`, () =>
    search<Order>("ServiceRequest", { patient, intent: "proposal", _count: "30" }, 30),
  );
/** Time is only written down for who is in a programme. */
const useInProgramme = (patient: string): boolean =>
  !!useLoad<Resource[]>(`CarePlan|${patient}|programme`, () =>
    search<Resource>(
      "CarePlan",
      { patient, identifier: `${EPISODE}|`, status: "active,on-hold", _count: "1" },
      1,
    ),
  ).data?.length;

/** One reading alone is most often a slip in measuring (half of heart failure alerts, ACI 2013), so another is asked for;
 * a critical one is spoken about at once, a high one within the hour (NEWS2: 5 to 6 within 60 minutes). */
export function nextStep(severity: Severity, readings: number): Key {
  if (severity === "critical") return "ca_now";
  if (readings <= 1) return "ca_again";
  return severity === "high" ? "ca_hour" : "ca_write";
}

/** What the patient said last, and what they were promised. */
export function CaseWords({ task }: { task: Task }) {
  const patient = idOf(task.for);
  const messages = useMessages(patient);
  const calls = useCalls(patient);
  const said = messages.data?.filter(isInbound).at(-1);
  const call = calls.data?.find((c) => c.status === "requested")?.restriction?.period?.end;
  const promised = task.executionPeriod?.end ?? call;
  return (
    <dl class="ca-words fine">
      <dt>{t("ca_said")}</dt>
      <dd>
        {said ? (
          <>
            <span dir="auto">{said.payload?.[0]?.contentString}</span>{" "}
            <span class="muted">{dayTime(timeOf(said))}</span>
          </>
        ) : (
          <span class="muted">{t("ca_said_nothing")}</span>
        )}
      </dd>
      <dt>{t("ca_promised")}</dt>
      <dd>
        {promised ? (
          t(promised === call ? "ca_call_by" : "ca_by", { time: dayTimeInText(promised) })
        ) : (
          <span class="muted">{t("ca_promised_nothing")}</span>
        )}
      </dd>
      <dt>{t("ca_next")}</dt>
      <dd>
        <strong>{t(nextStep(severityOf(task.priority), evidenceOf(task)))}</strong>
      </dd>
    </dl>
  );
}

function phoneOf(p: Patient | undefined): string {
  const phones = (p?.telecom ?? []).filter((x) => x.system === "phone" && x.use !== "old");
  return phones.sort((a, b) => (a.rank ?? 100) - (b.rank ?? 100))[0]?.value ?? "";
}
function tomorrow(): string {
  const d = new Date();
  d.setDate(d.getDate() + 1);
  d.setHours(10, 0, 0, 0);
  return d.toISOString();
}

function callTask(task: Task, more: object): object {
  const me = { reference: session.value?.reference };
  return {
    resourceType: "Task",
    intent: "order",
    code: { coding: [{ system: TASK_CODE, code: "call" }] },
    partOf: [{ reference: `Task/${task.id}` }],
    for: task.for,
    owner: me,
    requester: me,
    authoredOn: new Date().toISOString(),
    ...more,
  };
}

interface CallAsk {
  verdict: { decision: string; why: string[]; translation?: Record<string, string[]> };
  language: string;
  earliest?: string;
  latest?: string;
  paused: boolean;
  quiet: boolean;
  confidential: boolean;
  confidentialTo?: string;
}
const clock = (hhmm: string): string => time(new Date(`2000-01-01T${hhmm}`));

/** What is known before a person calls: language help that is owed, the hour where they are, their wishes. */
function BeforeCall({ of, onOffered }: { of: CallAsk; onOffered: (yes: boolean) => void }) {
  const { verdict: v, earliest = "", latest = "" } = of;
  const here = earliest === latest ? clock(earliest) : `${clock(earliest)} – ${clock(latest)}`;
  return (
    <>
      {earliest && <p class="muted">{t("ca_clock", { time: here })}</p>}
      {of.quiet && <p class="strong">{t("ca_quiet")}</p>}
      {of.paused && <p class="strong">{t("ca_paused")}</p>}
      {of.confidential && (
        <p class="strong">
          {t("ca_one_way")} <bdi dir="ltr">{of.confidentialTo}</bdi>
        </p>
      )}
      {v.decision !== "allow" && (
        <div class="note">
          <p>
            {of.language && <strong>{languageName(of.language)}. </strong>}
            {(v.translation?.[lang.value] ?? v.why).join(" ")}
          </p>
          <label>
            <input type="checkbox" onChange={(e) => onOffered(e.currentTarget.checked)} />{" "}
            {t("ca_offered")}
          </label>
        </div>
      )}
    </>
  );
}

/** The telephone itself comes with the contact centre: here are the number, the words, and what came of it. */
function CallDialog({ task, onClose }: { task: Task; onClose: () => void }) {
  const patient = idOf(task.for);
  const { data: person } = usePatient(patient);
  const counted = useInProgramme(patient);
  const [from] = useState(() => new Date().toISOString());
  const [outcome, setOutcome] = useState<Outcome | "">("");
  const [note, setNote] = useState("");
  const [again, setAgain] = useState(false);
  const [error, busy, act] = useAct(`Task|${patient}|calls`, `Communication|${patient}|budget`);
  const number = phoneOf(person);
  const [offered, setOffered] = useState(false);
  const { data: asked } = useLoad<CallAsk>(`Patient|${patient}|call-ask|${from}`, () =>
    post<CallAsk>(`/fhir/Patient/${patient}/$call`, {}),
  );
  const save = (): void =>
    void act(async () => {
      const to = new Date().toISOString();
      if (offered) await post(`/fhir/Patient/${patient}/$call`, { offered });
      const made = [
        callTask(task, {
          status: "completed",
          executionPeriod: { start: from, end: to },
          output: [{ type: { text: "outcome" }, valueCode: outcome }],
          ...(note.trim() && { description: note.trim() }),
        }),
        callTask(task, { status: "requested", restriction: { period: { end: tomorrow() } } }),
      ];
      // Both or none, so that a second try keeps no call twice.
      await post("/fhir", {
        resourceType: "Bundle",
        type: "transaction",
        entry: made.slice(0, again ? 2 : 1).map((resource) => ({
          request: { method: "POST", url: "Task" },
          resource,
        })),
      });
      if (counted && outcome === "reached")
        await post(`/fhir/Patient/${patient}/$time`, { kind: "call", from, to }).catch(
          (e: ApiError) => tell(errorText(e)),
        );
      onClose();
      return t("ca_call_kept");
    });
  return (
    <Dialog title={t("ca_call")} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(e) => {
          e.preventDefault();
          save();
        }}
      >
        <p>
          {number ? (
            <a class="big" href={`tel:${number}`}>
              <bdi dir="ltr">{number}</bdi>
            </a>
          ) : (
            t("ca_no_number")
          )}
        </p>
        <ContactBudget patient={patient} />
        {asked && <BeforeCall of={asked} onOffered={setOffered} />}
        <ol class="fine">
          <li>{t("ca_script_who")}</li>
          <li>{t("ca_script_ask")}</li>
          <li>{t("ca_script_night")}</li>
          <li>{t("ca_script_back")}</li>
        </ol>
        <fieldset class="outcomes">
          <legend>{t("ca_came")}</legend>
          {OUTCOMES.map((o) => (
            <label key={o}>
              <input type="radio" name="call" value={o} required onChange={() => setOutcome(o)} />
              <span>{t(`ca_o_${o}`)}</span>
            </label>
          ))}
        </fieldset>
        <Field id="call-note" label={t("ca_call_note")} value={note} onValue={setNote} dir="auto" />
        <label>
          <input
            type="checkbox"
            checked={again}
            onChange={(e) => setAgain(e.currentTarget.checked)}
          />{" "}
          {t("ca_call_again")}
        </label>
        <Wrong text={error} />
        <div class="dialog-end">
          <button type="button" class="btn" onClick={onClose}>
            {t("cancel")}
          </button>
          <button type="submit" class="btn primary" disabled={busy || !outcome}>
            {t("ca_keep")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** A nurse proposes; a doctor orders. */
function OrderDialog({ task, onClose }: { task: Task; onClose: () => void }) {
  const patient = idOf(task.for);
  const { data: person } = usePatient(patient);
  const doctor = person?.generalPractitioner?.[0];
  const [what, setWhat] = useState("");
  const [error, busy, act] = useAct(`ServiceRequest|${patient}|proposed`);
  const save = (): void =>
    void act(async () => {
      await post("/fhir/ServiceRequest", {
        resourceType: "ServiceRequest",
        status: "active",
        intent: "proposal",
        code: { text: what.trim() },
        subject: { reference: `Patient/${patient}` },
        requester: { reference: session.value?.reference },
        ...(doctor && { performer: [{ reference: doctor.reference }] }),
        ...(task.focus && { reasonReference: [task.focus] }),
        authoredOn: new Date().toISOString(),
      });
      onClose();
      return t("ca_order_kept");
    });
  return (
    <Dialog title={t("ca_order")} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(e) => {
          e.preventDefault();
          save();
        }}
      >
        <p class="muted">{t("ca_order_lead")}</p>
        <Field id="order" label={t("ca_order_what")} value={what} onValue={setWhat} dir="auto" />
        <Wrong text={error} />
        <div class="dialog-end">
          <button type="button" class="btn" onClick={onClose}>
            {t("cancel")}
          </button>
          <button type="submit" class="btn primary" disabled={busy || !what.trim()}>
            {t("ca_order_send")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function write(channel: string): void {
  const select = document.querySelector<HTMLSelectElement>("#channel");
  if (select) {
    select.value = channel;
    select.dispatchEvent(new Event("change", { bubbles: true }));
  }
  document.getElementById("message")?.focus();
}

export function CaseActs({ task }: { task: Task }) {
  const [dialog, setDialog] = useState<"" | "call" | "order" | "daily">("");
  const step = nextStep(severityOf(task.priority), evidenceOf(task));
  const callFirst = step === "ca_now" || step === "ca_hour";
  useCommands([
    { id: "call", keys: "p", label: t("cmd_call"), run: () => setDialog("call") },
    { id: "order", keys: "o", label: t("cmd_order"), run: () => setDialog("order") },
    { id: "daily", keys: "q", label: t("da_title"), run: () => setDialog("daily") },
  ]);
  const call = (
    <button
      key="call"
      type="button"
      class={callFirst ? "btn primary" : "btn"}
      onClick={() => setDialog("call")}
    >
      {t("ca_call")} <Keys keys="p" />
    </button>
  );
  const text = (
    <button
      key="text"
      type="button"
      class={callFirst ? "btn" : "btn primary"}
      onClick={() => write("sms")}
    >
      {t("ca_text")}
    </button>
  );
  return (
    <>
      <div class="case-acts no-print">
        {callFirst ? [call, text] : [text, call]}
        <button type="button" class="btn" onClick={() => write("email")}>
          {t("ca_email")}
        </button>
        <button type="button" class="btn" onClick={() => setDialog("daily")}>
          {t("da_open")} <Keys keys="q" />
        </button>
        <button type="button" class="btn" onClick={() => setDialog("order")}>
          {t("ca_order_short")} <Keys keys="o" />
        </button>
        <button type="button" class="btn" onClick={() => openTab("programme")}>
          {t("ca_plan")}
        </button>
      </div>
      {dialog === "call" && <CallDialog task={task} onClose={() => setDialog("")} />}
      {dialog === "daily" && <DailyDialog patient={idOf(task.for)} onClose={() => setDialog("")} />}
      {dialog === "order" && <OrderDialog task={task} onClose={() => setDialog("")} />}
    </>
  );
}

/** A line for each thing done since the case opened, in the order in which it was done. */
export function noteOf(
  task: Task,
  calls: Task[],
  messages: Communication[],
  orders: Order[],
): string {
  const since = task.authoredOn ?? "";
  const lines: [string, string][] = [];
  for (const c of calls)
    if (c.status === "completed" && (c.executionPeriod?.start ?? "") >= since)
      lines.push([
        c.executionPeriod!.start!,
        `${t("ca_n_call", {
          time: time(Date.parse(c.executionPeriod!.start!)),
          came: t(`ca_o_${c.output?.[0]?.valueCode ?? "reached"}` as Key),
        })}${c.description ? ` ${c.description}` : ""}`,
      ]);
  for (const m of messages) {
    const at = timeOf(m);
    if (at < since || !["completed", "in-progress"].includes(m.status)) continue;
    lines.push([
      at,
      t(isInbound(m) ? "ca_n_said" : "ca_n_wrote", {
        time: time(Date.parse(at)),
        words: m.payload?.[0]?.contentString ?? "",
      }),
    ]);
  }
  for (const o of orders)
    if ((o.authoredOn ?? "") >= since)
      lines.push([
        o.authoredOn!,
        t("ca_n_order", { time: time(Date.parse(o.authoredOn!)), what: o.code?.text ?? "" }),
      ]);
  return lines
    .sort((a, b) => a[0].localeCompare(b[0]))
    .map((l) => l[1].replace(/[\u2068\u2069]/g, ""))
    .join("\n");
}

/** The note as far as it can be made, and whether time is written down for this patient. */
export function useAssembled(task: Task): { note: string; counted: boolean } {
  const patient = idOf(task.for);
  const calls = useCalls(patient);
  const messages = useMessages(patient);
  const orders = useOrders(patient);
  const counted = useInProgramme(patient);
  return { note: noteOf(task, calls.data ?? [], messages.data ?? [], orders.data ?? []), counted };
}
