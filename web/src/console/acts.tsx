// What can be done about a case, the protocol's next step first: call (number, script, outcome, the next call), write,
// order by proposal, change the plan. And the note that is made of what was done.
import { useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { Dialog, Keys } from "../kit/basics";
import { Field } from "../kit/field";
import { lazy } from "../kit/lazy";
import { type Severity, severityOf } from "../kit/severity";
import { post, search } from "../lib/api";
import type { Communication, Resource, Task } from "../lib/fhir";
import { idOf } from "../lib/fhir";
import { dayTime, dayTimeInText, type Key, t, time } from "../lib/i18n";
import { useCommands } from "../lib/keys";
import { useLoad } from "../lib/load";
import { saidIn } from "../lib/said";
import { session } from "../lib/session";
import { evidenceOf, isInbound, readsCare, timeOf, useMessages, usePatient } from "./data";
import { openTab } from "./patient";

const CallDialog = lazy(async () => (await import("./call")).CallDialog);
const DailyDialog = lazy(async () => (await import("./daily")).DailyDialog);

export const TASK_CODE = "https://weft.health/fhir/task-code";
export const CALL_EXCEPTION = "https://weft.health/fhir/StructureDefinition/call-exception";
export const CALL_DIRECTION = "https://weft.health/fhir/StructureDefinition/call-direction";
const EPISODE = "https://weft.health/fhir/episode";

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
  useLoad<Order[]>(readsCare() ? `ServiceRequest|${patient}|proposed` : null, () =>
    search<Order>("ServiceRequest", { patient, intent: "proposal", _count: "30" }, 30),
  );
/** Time is only written down for who is in a programme. */
export const useInProgramme = (patient: string): boolean =>
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

/** One that the rulebook held says from when on, and which rules. */
function promisedText(call: Task | undefined, end: string): string {
  const from = call?.restriction?.period?.start;
  if (call && from)
    return t("ca_call_from", { time: dayTimeInText(from), rules: call.statusReason?.text ?? "" });
  return t(call ? "ca_call_by" : "ca_by", { time: dayTimeInText(end) });
}

/** What the patient said last, and what they were promised. */
export function CaseWords({ task }: { task: Task }) {
  const patient = idOf(task.for);
  const messages = useMessages(patient);
  const calls = useCalls(patient);
  const orders = useOrders(patient);
  const proposed = (orders.data ?? []).filter(
    (o) => (o.authoredOn ?? "") >= (task.authoredOn ?? ""),
  );
  const said = messages.data?.filter(isInbound).at(-1);
  const planned = calls.data?.find((c) => c.status === "requested");
  const call = planned?.restriction?.period?.end;
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
          promisedText(promised === call ? planned : undefined, promised)
        ) : (
          <span class="muted">{t("ca_promised_nothing")}</span>
        )}
      </dd>
      {proposed.length > 0 && (
        <>
          <dt>{t("ca_proposed")}</dt>
          {proposed.map((o) => (
            <dd key={o.id}>
              <span dir="auto">{o.code?.text}</span>{" "}
              <span class="muted">{dayTime(o.authoredOn ?? "")}</span>
            </dd>
          ))}
        </>
      )}
      <dt>{t("ca_next")}</dt>
      <dd>
        <strong>{t(nextStep(severityOf(task.priority), evidenceOf(task)))}</strong>
      </dd>
    </dl>
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
        <Field
          id="order"
          label={t("ca_order_what")}
          value={what}
          onValue={setWhat}
          dir="auto"
          autofocus
        />
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
      {dialog === "call" && <CallDialog key={task.id} task={task} onClose={() => setDialog("")} />}
      {dialog === "daily" && <DailyDialog patient={idOf(task.for)} onClose={() => setDialog("")} />}
      {dialog === "order" && <OrderDialog task={task} onClose={() => setDialog("")} />}
    </>
  );
}

/** They called us; by a named exception; as any. */
function lineOf(call: Task): "ca_n_incoming" | "ca_n_exception" | "ca_n_call" {
  const has = (url: string): boolean => !!call.extension?.some((e) => e.url === url);
  if (has(CALL_DIRECTION)) return "ca_n_incoming";
  return has(CALL_EXCEPTION) ? "ca_n_exception" : "ca_n_call";
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
        `${t(lineOf(c), {
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
        words: saidIn(m),
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
