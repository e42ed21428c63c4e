// A call that a person makes: the rulebook is asked first; what it refuses has no number and no script here, but the
// rules, until when, and the exceptions it knows. What came of a call is written down as a Task, also of one that was
// made all the same, with its reason, and of one in which they called us.
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { Choice, Dialog, errorText, Failed, Skeleton } from "../kit/basics";
import { Field } from "../kit/field";
import { tell } from "../kit/toast";
import { type ApiError, post, question } from "../lib/api";
import type { Task } from "../lib/fhir";
import { idOf } from "../lib/fhir";
import { dayTimeInText, type Key, lang, languageName, list, t, time } from "../lib/i18n";
import { again as anew, useLoad } from "../lib/load";
import { session } from "../lib/session";
import { CALL_DIRECTION, CALL_EXCEPTION, TASK_CODE, useInProgramme } from "./acts";
import { budgetKey, ContactBudget } from "./budget";
import { Rules, Since, type Verdict } from "./call-rules";
import { localInput } from "./case";
import { TOPICS, topic } from "./reach";
import { programmeOf } from "./worklist";

const HOUR_MS = 3600_000;
const OUTCOMES = ["reached", "no-answer", "left-word"] as const;
type Outcome = (typeof OUTCOMES)[number];

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

const EXCEPTIONS = ["emergency", "callback"] as const;
type Exception = (typeof EXCEPTIONS)[number];
interface CallAsk {
  /** of their Patient, from which the number is */
  version: string;
  verdict: Verdict;
  outbound: Verdict;
  may: boolean;
  number?: string;
  until?: string;
  exceptions: Exception[];
  language: string;
  earliest?: string;
  latest?: string;
  paused: boolean;
  quiet: boolean;
  confidential: boolean;
  confidentialTo?: string;
  /** topics that they want no calls about, or nothing at all */
  notAbout: string[];
}
/** A call that is over already: theirs, or one of ours that nobody asked about before. */
const ALREADY = ["incoming", "made"] as const;
type Already = (typeof ALREADY)[number];
const clock = (hhmm: string): string => time(new Date(`2000-01-01T${hhmm}`));

/** What is known before a person calls: language help that is owed, the hour where they are, their wishes. */
function BeforeCall({
  of,
  offered,
  onOffered,
}: {
  of: CallAsk;
  offered: boolean;
  onOffered: (yes: boolean) => void;
}) {
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
            <input
              type="checkbox"
              checked={offered}
              onChange={(e) => onOffered(e.currentTarget.checked)}
            />{" "}
            {t("ca_offered")}
          </label>
        </div>
      )}
    </>
  );
}

/** What they want no calls about, and what this one is about: the rulebook is asked again for it. */
function About({
  not,
  value,
  busy,
  onChange,
}: {
  not: string[];
  value: string;
  busy: boolean;
  onChange: (about: string) => void;
}) {
  if (!not.length) return null;
  return (
    <>
      <p class="strong">{t("rc_no_calls_about", { topics: list(not.map(topic)) })}</p>
      <div class="field">
        <label for="ca-about">{t("ca_about")}</label>
        <select
          class="box"
          id="ca-about"
          value={value}
          disabled={busy}
          onChange={(e) => onChange(e.currentTarget.value)}
        >
          <option value="">{t("ca_about_other")}</option>
          {[...new Set([...TOPICS, ...not])].map((code) => (
            <option key={code} value={code}>
              {topic(code)}
            </option>
          ))}
        </select>
      </div>
    </>
  );
}

/** The rulebook says no to a call now: which rules, until when, and what would open it. Number and script are not here. */
function Barred({
  of,
  busy,
  already,
  reason,
  onReason,
  onPlan,
  onExcept,
}: {
  of: CallAsk;
  busy: boolean;
  already: boolean;
  reason: string;
  onReason: (reason: string) => void;
  onPlan: () => void;
  onExcept: (exception: Exception, reason: string) => void;
}) {
  const [exception, setException] = useState<Exception | "">("");
  const chosen = exception && of.exceptions.includes(exception) ? exception : "";
  return (
    <section class="stack" role="status" aria-labelledby="ca-barred">
      <h3 id="ca-barred" tabIndex={-1}>
        {t("ca_barred")}
      </h3>
      <Rules of={of.outbound} />
      {of.until ? (
        <div class="row-line">
          <p class="strong">{t("ca_barred_until", { time: dayTimeInText(of.until) })}</p>
          <button type="button" class="btn" disabled={busy} onClick={onPlan}>
            {t("ca_plan_call")}
          </button>
        </div>
      ) : (
        <p>{t("ca_barred_open")}</p>
      )}
      {of.exceptions.length > 0 && !already && (
        <>
          <p aria-hidden="true">{t("ca_exception")}</p>
          <Choice<Exception | "">
            legend={t("ca_exception")}
            value={chosen}
            options={[
              { value: "", label: t("ca_x_none") },
              ...of.exceptions.map((x) => ({ value: x, label: t(`ca_x_${x}`) })),
            ]}
            onChange={setException}
          />
          {chosen && (
            <div class="row-line">
              <Field
                id="ca-reason"
                label={t("ca_x_reason")}
                value={reason}
                onValue={onReason}
                onEnter={() => undefined} // keeps no call
                dir="auto"
              />
              <button
                type="button"
                class="btn"
                disabled={busy || !reason.trim()}
                onClick={() => onExcept(chosen, reason.trim())}
              >
                {t("ca_x_use")}
              </button>
            </div>
          )}
        </>
      )}
    </section>
  );
}

/** What was done is written down, else the counts lie: their call is no contact by us, ours is kept as an exception. */
function AlreadyMade({
  value,
  reason,
  onChange,
  onReason,
}: {
  value: Already | "";
  reason: string;
  onChange: (v: Already | "") => void;
  onReason: (reason: string) => void;
}) {
  return (
    <>
      <p aria-hidden="true">{t("ca_already")}</p>
      <Choice<Already | "">
        legend={t("ca_already")}
        value={value}
        options={[
          { value: "", label: t("ca_x_none") },
          ...ALREADY.map((a) => ({ value: a, label: t(`ca_a_${a}`) })),
        ]}
        onChange={onChange}
      />
      {value && <p class="muted">{t(`ca_a_${value}_lead`)}</p>}
      {value === "made" && (
        <Field
          id="ca-made-why"
          label={t("ca_a_why")}
          value={reason}
          onValue={onReason}
          maxLength={400}
          required
          dir="auto"
        />
      )}
    </>
  );
}

/** What came of it; of a call of theirs that we spoke. */
function Came({
  onOutcome,
  onWhen,
}: {
  onOutcome?: (o: Outcome) => void;
  onWhen?: (v: string) => void;
}) {
  return (
    <>
      {onOutcome && (
        <fieldset class="outcomes">
          <legend>{t("ca_came")}</legend>
          {OUTCOMES.map((o) => (
            <label key={o}>
              <input type="radio" name="call" value={o} required onChange={() => onOutcome(o)} />
              <span>{t(`ca_o_${o}`)}</span>
            </label>
          ))}
        </fieldset>
      )}
      {onWhen && (
        <div class="field">
          <label for="ca-when">{t("ca_when")}</label>
          <input
            class="box"
            id="ca-when"
            type="datetime-local"
            max={localInput(Date.now())}
            onInput={(e) => onWhen(e.currentTarget.value)}
          />
        </div>
      )}
    </>
  );
}

/** The questions about breath and water are those of heart failure. */
function Script({ programme }: { programme: string }) {
  const asks: Key[] =
    programme === "heart-failure" ? ["ca_script_ask", "ca_script_night"] : ["ca_script_feel"];
  return (
    <ol class="fine">
      <li>{t("ca_script_who")}</li>
      {asks.map((a) => (
        <li key={a}>{t(a)}</li>
      ))}
      <li>{t("ca_script_back")}</li>
    </ol>
  );
}

/** Nobody's words are cut off by what comes. */
const writing = (): boolean =>
  !!document.activeElement?.matches("textarea, input:not([type=radio]):not([type=checkbox])");

/** What the rulebook says turns with the record, with a consent or its end, and with a contact that spends the budget: a
 * message, or a colleague's call. */
export const askKey = (patient: string, from: string, about: string): string =>
  `Patient,Consent,Communication,Task|${patient}|call-ask|${from}|${about}`;

/** The telephone itself comes with the contact centre: here are the number, the words, and what came of it; where the
 * rulebook allows no call now, why not instead. */
export function CallDialog({ task, onClose }: { task: Task; onClose: () => void }) {
  const patient = idOf(task.for);
  const counted = useInProgramme(patient);
  const [from] = useState(() => new Date().toISOString());
  const [outcome, setOutcome] = useState<Outcome | "">("");
  const [note, setNote] = useState("");
  const [again, setAgain] = useState(false);
  const [error, busy, act] = useAct(`Task|${patient}|calls`, budgetKey(patient));
  const [offered, setOffered] = useState(false);
  const [opened, setOpened] = useState<{
    ask: CallAsk;
    exception: Exception;
    fired: string[];
  } | null>(null);
  /** A number was given, so that a call may have begun: the form for it stays, also where the number goes. */
  const [shown, setShown] = useState<{ exception?: Exception } | null>(null);
  const [reason, setReason] = useState("");
  const [about, setAbout] = useState("");
  const asking = about && { about };
  const key = askKey(patient, from, about);
  const { data, error: unasked } = useLoad<CallAsk>(key, () =>
    question<CallAsk>(`/fhir/Patient/${patient}/$call`, { ...asking }),
  );
  /** it stays while the rulebook is asked again */
  const [notAbout, setNotAbout] = useState<string[]>([]);
  useEffect(() => void (data && setNotAbout(data.notAbout)), [data]);
  const [already, setAlready] = useState<Already | "">("");
  const [why, setWhy] = useState("");
  const [when, setWhen] = useState("");
  const choose = (v: Already | ""): void => {
    setAlready(v);
    setWhen(""); // its box begins empty, too
  };
  /** The question above is asked again with every word of theirs. Where the exception opens it no longer (a no to calls
   * came), or for the Patient as it was, number and script go, for good; of what it still opens the rules that are new are
   * told beside the number. */
  const stands =
    opened &&
    data &&
    data.version === opened.ask.version &&
    data.confidential === opened.ask.confidential &&
    data.confidentialTo === opened.ask.confidentialTo &&
    (data.may || data.exceptions.includes(opened.exception));
  useEffect(() => {
    if (opened && stands) setShown({ exception: opened.exception });
    else setOpened(null);
  }, [opened, stands]);
  const asked = stands && !data.may ? opened.ask : data;
  useEffect(() => void (data?.may && setShown((is) => is ?? {})), [data]);
  /** Nobody knows whether it may still be dialled while the question has no answer. */
  const may = !!asked?.may && !unasked;
  const fell = !!shown && !!asked && !asked.may;
  useLayoutEffect(() => {
    if (fell && !busy && !writing()) document.getElementById("ca-barred")?.focus();
  }, [fell, busy]);
  const form = !!asked?.may || !!already || !!shown;
  const came = already === "incoming" ? "reached" : outcome;
  const whole = came && (already !== "made" || why.trim());
  const except = (exception: Exception, reason: string): void =>
    void act(async () => {
      const ask = await post<CallAsk>(`/fhir/Patient/${patient}/$call`, {
        ...asking,
        exception,
        reason,
      });
      // An answer of another moment than the question above: that is asked anew, and nothing opens.
      if (!ask.may || ask.version !== data?.version) {
        anew(key);
        return "";
      }
      setOpened({ ask, exception, fired: data.outbound.fired });
      return "";
    });
  /** For the hour at which the rulebook allows it, with the rules that held it until then. */
  const plan = (): void =>
    void act(async () => {
      const start = asked?.until ?? "";
      const end = new Date(Date.parse(start) + HOUR_MS).toISOString();
      await post(
        "/fhir/Task",
        callTask(task, {
          status: "requested",
          statusReason: { text: asked?.outbound.fired.join(", ") },
          restriction: { period: { start, end } },
        }),
      );
      onClose();
      return t("ca_planned");
    });
  const save = (): void =>
    void act(async () => {
      const to = (already && when ? new Date(when) : new Date()).toISOString();
      const start = already ? to : from;
      const exception = already === "made" ? already : already ? undefined : shown?.exception;
      if (offered) await post(`/fhir/Patient/${patient}/$call`, { offered });
      if (already === "made")
        await post(`/fhir/Patient/${patient}/$call`, {
          ...asking,
          exception,
          reason: why.trim(),
        });
      const made = [
        callTask(task, {
          status: "completed",
          executionPeriod: { start, end: to },
          output: [{ type: { text: "outcome" }, valueCode: came }],
          ...(note.trim() && { description: note.trim() }),
          ...(exception && { extension: [{ url: CALL_EXCEPTION, valueCode: exception }] }),
          ...(already === "incoming" && {
            extension: [{ url: CALL_DIRECTION, valueCode: already }],
          }),
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
      // How long one was that is over already nobody measured.
      if (counted && came === "reached" && start !== to)
        await post(`/fhir/Patient/${patient}/$time`, { kind: "call", from: start, to }).catch(
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
          if (form) save();
        }}
      >
        {may && !already && (
          <>
            <p>
              {asked?.number ? (
                <a class="big" href={`tel:${asked.number}`}>
                  <bdi dir="ltr">{asked.number}</bdi>
                </a>
              ) : (
                t("ca_no_number")
              )}
            </p>
            {stands && <p class="strong">{t(`ca_x_${opened.exception}`)}</p>}
          </>
        )}
        <div>
          <Since known={may && stands ? opened.fired : undefined} is={data?.outbound} fell={fell} />
          <ContactBudget patient={patient} />
        </div>
        <About
          not={notAbout}
          value={about}
          busy={busy}
          onChange={(v) => {
            setOpened(null);
            setShown(null);
            choose("");
            setAbout(v);
          }}
        />
        {asked && <BeforeCall of={data ?? asked} offered={offered} onOffered={setOffered} />}
        {!asked && !unasked && <Skeleton lines={3} />}
        {unasked && <Failed error={unasked} retry={() => anew(key)} />}
        {asked && !asked.may && (
          <>
            <Barred
              of={asked}
              busy={busy}
              already={already !== ""}
              reason={reason}
              onReason={setReason}
              onPlan={plan}
              onExcept={except}
            />
            <AlreadyMade value={already} reason={why} onChange={choose} onReason={setWhy} />
          </>
        )}
        {asked?.may && (
          <label>
            <input
              type="checkbox"
              checked={already === "incoming"}
              onChange={(e) => choose(e.currentTarget.checked ? "incoming" : "")}
            />{" "}
            {t("ca_a_incoming")}
          </label>
        )}
        {may && !already && <Script programme={programmeOf(task)} />}
        {form && (
          <>
            <Came
              key={already}
              onOutcome={already === "incoming" ? undefined : setOutcome}
              onWhen={already ? setWhen : undefined}
            />
            <Field
              id="call-note"
              label={t("ca_call_note")}
              value={note}
              onValue={setNote}
              dir="auto"
            />
            <label>
              <input
                type="checkbox"
                checked={again}
                onChange={(e) => setAgain(e.currentTarget.checked)}
              />{" "}
              {t("ca_call_again")}
            </label>
          </>
        )}
        <Wrong text={error} />
        <div class="dialog-end">
          <button type="button" class="btn" onClick={onClose}>
            {t("cancel")}
          </button>
          {form && (
            <button type="submit" class="btn primary" disabled={busy || !whole}>
              {t("ca_keep")}
            </button>
          )}
        </div>
      </form>
    </Dialog>
  );
}
