// A patient's request on the officer's screen: what is asked, how long is left, and the steps: more time once
// with the reason, yes, or no with the reason. The patient reads each reason.
import { useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { Dialog } from "../kit/basics";
import { Area } from "../kit/field";
import { Icon } from "../kit/icons";
import { Mark, severityOf } from "../kit/severity";
import { post } from "../lib/api";
import { idOf, type Task } from "../lib/fhir";
import { fullDate, type Key, t } from "../lib/i18n";
import { changed } from "../lib/load";
import { daysLeft, dueOf, isOpen, isSoon, part, rightOf, saidIn } from "../lib/rights";
import { ruleOf } from "./data";
import { isMine, useNow } from "./worklist";

export const rightWord = (task: Task): string => t(`right_${rightOf(task)}` as Key);

/** "12 days left", "3 days late". */
export function leftWord(task: Task, now: number): string {
  const n = daysLeft(task, now);
  return n >= 0 ? t("right_left", { n }) : t("right_late", { n: -n });
}

type Step = "extend" | "granted" | "denied";

function ReasonDialog({
  step,
  run,
  close,
}: {
  step: Step;
  run: (r: string) => void;
  close: () => void;
}) {
  const [reason, setReason] = useState("");
  return (
    <Dialog title={t(`right_do_${step}` as Key)} onClose={close}>
      <form
        class="stack"
        onSubmit={(e) => {
          e.preventDefault();
          run(reason);
        }}
      >
        <Area
          id="right-reason"
          label={t("right_reason")}
          value={reason}
          required={step !== "granted"}
          maxLength={2000}
          onValue={setReason}
        />
        <div class="dialog-end">
          <button type="button" class="btn" onClick={close}>
            {t("cancel")}
          </button>
          <button type="submit" class="btn primary">
            {t(`right_do_${step}` as Key)}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Facts({ task }: { task: Task }) {
  const about = task.input?.filter((i) => i.type?.text === "about") ?? [];
  return (
    <dl class="pairs">
      {saidIn(task.input, "words") && (
        <div>
          <dt>{t("right_said")}</dt>
          <dd dir="auto">{saidIn(task.input, "words")}</dd>
        </div>
      )}
      {about.map((i) => (
        <div key={i.valueReference?.reference}>
          <dt>{t("right_on")}</dt>
          <dd>
            <code dir="ltr">{i.valueReference?.reference}</code>
          </dd>
        </div>
      ))}
      {saidIn(task.input, "to") && (
        <div>
          <dt>{t("right_reach")}</dt>
          <dd>
            <bdi dir="ltr">{saidIn(task.input, "to")}</bdi>
          </dd>
        </div>
      )}
      <div>
        <dt>{t("right_due")}</dt>
        <dd>{fullDate(dueOf(task))}</dd>
      </div>
    </dl>
  );
}

export function RightPanel({ task }: { task: Task }) {
  const [step, setStep] = useState<Step | "">("");
  const [error, busy, act] = useAct();
  const now = useNow(30_000);
  const mine = isMine(task);
  const go = (what: string, body: object, said: string): void =>
    void act(async () => {
      setStep("");
      try {
        await post<Task>(`/fhir/Task/${task.id}/$${what}`, body);
      } finally {
        changed("Task", idOf(task.for));
      }
      return said;
    });
  const run = (reason: string): void =>
    step === "extend"
      ? go("extend", { reason }, t("right_extended"))
      : go("decide", { decision: step, reason }, t("right_answered"));
  const late = isOpen(task) && isSoon(task, now);
  const soon = daysLeft(task, now) < 0 ? "sev-critical" : "sev-high";
  const answer = saidIn(task.output, "reason");
  return (
    <section class={`case card sev-${severityOf(task.priority)}`} aria-label={t("case")}>
      <div class="case-top">
        <Mark of={severityOf(task.priority)} tag />
        <span class="muted">{t("right_request")}</span>
        {isOpen(task) && (
          <span class={late ? `strong ${soon}` : "muted"}>{leftWord(task, now)}</span>
        )}
      </div>
      <p class="case-why">{rightWord(task)}</p>
      <Facts task={task} />
      <p class="muted fine case-facts">
        {t("case_rule")} <code>{ruleOf(task)}</code>
      </p>
      <Wrong text={error} />
      {!isOpen(task) && (
        <div class="note good">
          <Icon name="check" />
          <div>
            <p>
              <strong>
                {t(task.status === "rejected" ? "right_was_denied" : "right_was_granted")}
              </strong>
            </p>
            {answer && <p dir="auto">{answer}</p>}
          </div>
        </div>
      )}
      {isOpen(task) && !mine && (
        <div class="case-acts no-print">
          <button
            type="button"
            class="btn primary"
            disabled={busy || !!task.owner?.reference}
            onClick={() => go("claim", {}, t("claimed"))}
          >
            {t("claim")}
          </button>
        </div>
      )}
      {isOpen(task) && mine && (
        <div class="case-acts no-print">
          <button
            type="button"
            class="btn primary"
            disabled={busy}
            onClick={() => setStep("granted")}
          >
            {t("right_do_granted")}
          </button>
          <button type="button" class="btn" disabled={busy} onClick={() => setStep("denied")}>
            {t("right_do_denied")}
          </button>
          {!part(task.input, "extended") && daysLeft(task, now) >= 0 && (
            <button type="button" class="btn" disabled={busy} onClick={() => setStep("extend")}>
              {t("right_do_extend")}
            </button>
          )}
          <button
            type="button"
            class="btn"
            disabled={busy}
            onClick={() => go("release", {}, t("released"))}
          >
            {t("release")}
          </button>
        </div>
      )}
      {step && <ReasonDialog step={step} run={run} close={() => setStep("")} />}
    </section>
  );
}
