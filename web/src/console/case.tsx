// The case: what is wrong in one sentence, how long it waits, who has it, and what can be done. The
// server decides each step; when someone else was faster, its sentence is shown and the case reloads.
import { useState } from "preact/hooks";
import { Dialog, errorText, Keys } from "../kit/basics";
import { Field } from "../kit/field";
import { Icon } from "../kit/icons";
import { Mark, severityOf } from "../kit/severity";
import { tell } from "../kit/toast";
import { type ApiError, post } from "../lib/api";
import { idOf, type Task } from "../lib/fhir";
import { dayTime, dayTimeInText, type Key, span, t, wordOf } from "../lib/i18n";
import { useCommands } from "../lib/keys";
import { changed } from "../lib/load";
import { useNames } from "../lib/people";
import { href } from "../lib/router";
import { session } from "../lib/session";
import { CaseActs, CaseWords, useAssembled } from "./acts";
import { evidenceOf, ruleOf, sentenceOf } from "./data";
import { mayIncidents } from "./incidents";
import { CaseChain } from "./watch";
import { isMine, ownerWord, programmeOf, programmeWord, useNow } from "./worklist";

const OUTCOMES = [
  "contacted-ok",
  "advice-given",
  "medication-changed",
  "visit-arranged",
  "emergency-sent",
  "no-answer",
  "device-problem",
  "false-alarm",
] as const;
/** Of cases about looks at the record (spec/desk/outcomes.csv). */
const LOOK_OUTCOMES = ["explained", "training", "incident"] as const;
type Outcome = (typeof OUTCOMES)[number] | (typeof LOOK_OUTCOMES)[number];
const HOUR = 3_600_000;

export function localInput(ms: number): string {
  const d = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return d.toISOString().slice(0, 16);
}
function tomorrowAt(hour: number): number {
  const d = new Date();
  d.setDate(d.getDate() + 1);
  d.setHours(hour, 0, 0, 0);
  return d.getTime();
}

function SnoozeDialog({
  onPick,
  onClose,
}: {
  onPick: (until: number) => void;
  onClose: () => void;
}) {
  const choices: [Key, number][] = [
    ["snooze_1h", Date.now() + HOUR],
    ["snooze_4h", Date.now() + 4 * HOUR],
    ["snooze_morning", tomorrowAt(8)],
  ];
  const submit = (e: SubmitEvent): void => {
    e.preventDefault();
    const at = new FormData(e.currentTarget as HTMLFormElement).get("until");
    const ms = Date.parse(String(at));
    if (ms > Date.now()) onPick(ms);
  };
  return (
    <Dialog title={t("snooze_title")} onClose={onClose}>
      <p class="muted">{t("snooze_note")}</p>
      <div class="stack">
        {choices.map(([word, at], i) => (
          <button
            key={word}
            type="button"
            class="btn wide"
            autofocus={i === 0}
            onClick={() => onPick(at)}
          >
            <span>{t(word)}</span>
            <span class="muted">{dayTime(at)}</span>
          </button>
        ))}
      </div>
      <form class="inline" onSubmit={submit}>
        <div class="field grow">
          <label for="until">{t("snooze_pick")}</label>
          <input
            class="box"
            id="until"
            name="until"
            type="datetime-local"
            min={localInput(Date.now())}
            required
          />
        </div>
        <button type="submit" class="btn">
          {t("snooze")}
        </button>
      </form>
    </Dialog>
  );
}

interface ResolveProps {
  task: Task;
  onDone: (outcome: Outcome, note: string, minutes: number) => void;
  onClose: () => void;
  error: string;
  look: boolean;
}
function ResolveDialog({ task, onDone, onClose, error, look }: ResolveProps) {
  const [outcome, setOutcome] = useState<Outcome | "">("");
  const made = useAssembled(task);
  const [typed, setNote] = useState<string | null>(null);
  const [minutes, setMinutes] = useState("");
  const note = typed ?? (look ? "" : made.note);
  const done = (): void => {
    if (outcome) onDone(outcome, note.trim(), Number(minutes) || 0);
  };
  return (
    <Dialog title={t("resolve_title")} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(e) => {
          e.preventDefault();
          done();
        }}
        onKeyDown={(e) => {
          if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) done();
        }}
      >
        <fieldset class="outcomes">
          <legend class="out-of-sight">{t("case_outcome")}</legend>
          {(look ? LOOK_OUTCOMES : OUTCOMES).map((o, i) => (
            <label key={o}>
              <input
                type="radio"
                name="outcome"
                autofocus={i === 0}
                value={o}
                required
                onChange={() => setOutcome(o)}
              />
              <span>{t(`o_${o}`)}</span>
            </label>
          ))}
        </fieldset>
        <div class="field">
          <label for="note">{t("resolve_note")}</label>
          <textarea
            class="box"
            id="note"
            value={note}
            aria-describedby="note-hint"
            onInput={(e) => setNote(e.currentTarget.value)}
          />
          <span class="hint" id="note-hint">
            {t("resolve_note_hint")}
          </span>
        </div>
        {made.counted && !look && (
          <Field
            id="minutes"
            label={t("ca_minutes")}
            type="number"
            min={0}
            max={240}
            value={minutes}
            onValue={setMinutes}
          />
        )}
        {error && (
          <p class="note bad" role="alert" dir="auto">
            {error}
          </p>
        )}
        <div class="dialog-end">
          <button type="button" class="btn" onClick={onClose}>
            {t("cancel")}
          </button>
          <button type="submit" class="btn primary" disabled={!outcome}>
            {t("resolve")}
            <Keys keys="mod+enter" />
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function whoHas(task: Task, names: Map<string, string>): string {
  if (!task.owner?.reference) return t("unclaimed");
  return isMine(task) ? t("case_yours") : t("case_with", { name: ownerWord(task, names) });
}

type Act = "claim" | "release" | "snooze" | "resolve";

function outcomeWord(task: Task): string {
  const out = task.output?.[0];
  const code =
    out?.valueCodeableConcept?.coding?.[0]?.code ??
    out?.valueCode ??
    out?.valueString ??
    task.businessStatus?.coding?.[0]?.code ??
    task.businessStatus?.text ??
    "";
  return wordOf("o_", code);
}

function Closed({ task }: { task: Task }) {
  return (
    <div class="note good">
      <Icon name="check" />
      <div>
        <p>
          <strong>{t("case_closed")}</strong>
        </p>
        <p>{outcomeWord(task)}</p>
        {task.note?.map((n, i) => (
          <p key={i} dir="auto">
            {n.text}
          </p>
        ))}
      </div>
    </div>
  );
}

export function CasePanel({ task }: { task: Task }) {
  const [dialog, setDialog] = useState<"" | "snooze" | "resolve">("");
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const now = useNow(30_000);
  const mine = isMine(task);
  const names = useNames([task.owner?.reference]);
  const open = ["requested", "in-progress", "on-hold"].includes(task.status);
  const patient = idOf(task.for);

  const act = async (
    what: Act,
    body: object,
    done: string,
    undo?: () => void,
  ): Promise<boolean> => {
    let ok = false;
    if (busy) return ok;
    setBusy(true);
    setError("");
    try {
      await post<Task>(`/fhir/Task/${task.id}/$${what}`, body);
      ok = true;
      setDialog("");
      tell(done, undo);
    } catch (e) {
      const err = e as ApiError;
      setError(err.status === 409 && err.issues.length === 0 ? t("conflict") : errorText(err));
    }
    setBusy(false);
    changed("Task", patient);
    return ok;
  };
  const claim = (): void =>
    void act("claim", {}, t("claimed"), () => void act("release", {}, t("released")));
  const release = (): void => void act("release", {}, t("released"));
  const snooze = (until: number): void =>
    void act(
      "snooze",
      { until: new Date(until).toISOString() },
      t("snoozed", { time: dayTimeInText(until) }),
    );
  /** Minutes beside the calls, which keep their own. */
  const resolve = async (outcome: Outcome, note: string, minutes: number): Promise<void> => {
    if ((await act("resolve", { outcome, note }, t("resolved"))) && minutes > 0)
      await post(`/fhir/Patient/${patient}/$time`, {
        kind: "review",
        from: new Date(Date.now() - minutes * 60_000).toISOString(),
        to: new Date().toISOString(),
      }).catch((e: ApiError) => tell(errorText(e)));
  };

  useCommands(
    open
      ? [
          ...(mine ? [] : [{ id: "claim", keys: "c", label: t("cmd_claim"), run: claim }]),
          ...(mine ? [{ id: "release", keys: "u", label: t("cmd_release"), run: release }] : []),
          { id: "snooze", keys: "s", label: t("cmd_snooze"), run: () => setDialog("snooze") },
          { id: "resolve", keys: "e", label: t("cmd_resolve"), run: () => setDialog("resolve") },
        ]
      : [],
  );
  const severity = severityOf(task.priority);
  const rule = ruleOf(task);
  const evidence = evidenceOf(task);
  const taken = !!task.owner?.reference && !mine;
  const isLook = programmeOf(task).startsWith("look-");
  return (
    <section class={`case card sev-${severity}`} aria-label={t("case")}>
      <div class="case-top">
        <Mark of={severity} tag />
        <span class="muted">{programmeWord(programmeOf(task))}</span>
        <span class="muted tabular">
          {task.status === "on-hold" && task.restriction?.period?.end
            ? t("snoozed_until", { time: dayTimeInText(task.restriction.period.end, now) })
            : t("waiting", { time: span(now - Date.parse(task.authoredOn ?? "")) })}
        </span>
      </div>
      <p class="case-why" dir="auto">
        {sentenceOf(task)}
      </p>
      <p class="muted fine case-facts">
        {open && <span>{whoHas(task, names)}</span>}
        {evidence > 0 && <span>{t("case_evidence", { n: evidence })}</span>}
        {rule && (
          <span>
            {t("case_rule")} <code>{rule}</code>
          </span>
        )}
      </p>
      {error && !dialog && (
        <p class="note bad" role="alert">
          <Icon name="warn" />
          <span dir="auto">{error}</span>
        </p>
      )}
      {!open && <Closed task={task} />}
      {mayIncidents(session.value?.role) && (
        <div class="case-acts no-print">
          <a class="btn" href={href(`/incidents/case/${task.id}`)}>
            {t("in_open")}
          </a>
        </div>
      )}
      {!isLook && <CaseChain task={task} now={now} />}
      {open && !!patient && !isLook && <CaseWords task={task} />}
      {mine && open && !!patient && !isLook && <CaseActs task={task} />}
      {open && (
        <div class="case-acts no-print">
          {mine ? (
            <button
              type="button"
              class="btn primary"
              disabled={busy}
              onClick={() => setDialog("resolve")}
            >
              {t("resolve")} <Keys keys="e" />
            </button>
          ) : (
            <button type="button" class="btn primary" disabled={busy || taken} onClick={claim}>
              {t("claim")} <Keys keys="c" />
            </button>
          )}
          <button
            type="button"
            class="btn"
            disabled={busy || taken}
            onClick={() => setDialog("snooze")}
          >
            {t("snooze")} <Keys keys="s" />
          </button>
          {mine && (
            <button type="button" class="btn" disabled={busy} onClick={release}>
              {t("release")} <Keys keys="u" />
            </button>
          )}
        </div>
      )}
      {dialog === "snooze" && <SnoozeDialog onPick={snooze} onClose={() => setDialog("")} />}
      {dialog === "resolve" && (
        <ResolveDialog
          task={task}
          look={isLook}
          onDone={(o, note, minutes) => void resolve(o, note, minutes)}
          onClose={() => setDialog("")}
          error={error}
        />
      )}
    </section>
  );
}
