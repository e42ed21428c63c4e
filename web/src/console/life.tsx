// Where a campaign stands and the next step of its life: who approved it, when it starts and until when that can be
// undone, what changed since, which versions people are in. Whatever runs can be stopped by one button.
import { useEffect, useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { post } from "../lib/api";
import { dayTimeInText, type Key, number, t, wordOf } from "../lib/i18n";
import { again } from "../lib/load";
import type { Plan } from "./plan";

export interface Campaign {
  id: string;
  title: string;
  kind: string;
  state: string;
  version: number;
  people?: number;
  /** how many it was for when approval was asked for */
  asked?: number;
  /** what its audience is called */
  audience?: string;
  start?: string;
  scheduled?: string;
  live?: boolean;
  approvals?: { by: string; at: string }[];
  needed?: number;
  undoMinutes: number;
  /** what the server lets this person do next */
  steps: string[];
  /** why they may not approve: they wrote it; they gave their approval */
  wrote: boolean;
  gave: boolean;
  diff?: { fewer: number; more: number };
  /** shots and tests by which it may end for a person */
  endings: { code: string; label: Record<string, string> }[];
  underWay: { version: number; people: number }[];
  plan: Plan;
}

export const stateWord = (s: string): string => wordOf("cp_s_", s);

/** The first is what is expected, in the colour of it. */
const STEPS: Record<string, { step: string; word: Key }[]> = {
  draft: [{ step: "submit", word: "cp_submit" }],
  submitted: [
    { step: "approve", word: "cp_approve" },
    { step: "refuse", word: "cp_refuse" },
  ],
  approved: [{ step: "schedule", word: "cp_schedule" }],
  scheduled: [{ step: "undo", word: "cp_undo" }],
};
/** Asked again only about the time it starts: each look is a line of the trail. */
const POLL_MS = 2000;
const NEAR_MS = 60_000;

/** What there is to say of it, a sentence each. */
function facts(c: Campaign): string[] {
  const out: string[] = [];
  const undoable = c.state === "scheduled" && c.scheduled && c.undoMinutes > 0;
  const people = c.state === "submitted" ? c.asked : c.people;
  if (people) out.push(t("cp_people", { n: people }));
  if (c.needed)
    out.push(t("cp_approvals", { n: number(c.approvals?.length ?? 0), of: number(c.needed) }));
  if (c.start && c.state === "scheduled") out.push(t("cp_start", { when: dayTimeInText(c.start) }));
  if (undoable)
    out.push(
      t("cp_undo_until", {
        when: dayTimeInText(Date.parse(c.scheduled!) + c.undoMinutes * 60_000),
      }),
    );
  if (c.diff?.fewer) out.push(t("cp_fewer", { n: number(c.diff.fewer) }));
  if (c.diff?.more) out.push(t("cp_more", { n: number(c.diff.more) }));
  return out;
}

function Versions({ c }: { c: Campaign }) {
  if (!c.underWay.length) return null;
  return (
    <>
      <p class="muted">{t("cp_keep", { v: number(c.version) })}</p>
      <ul class="plain">
        {c.underWay.map((v) => (
          <li key={v.version}>
            {t(v.people ? "cp_under_way" : "cp_under_way_few", {
              v: number(v.version),
              n: number(v.people),
            })}
          </li>
        ))}
      </ul>
    </>
  );
}

interface LifeProps {
  c: Campaign;
  keys: string[];
  /** what is written and not saved yet is saved before anybody is asked about it */
  save?: () => Promise<void>;
}
export function Life({ c, keys, save }: LifeProps) {
  const [error, busy, act] = useAct(...keys);
  const [start, setStart] = useState("");
  const moving = ["scheduled", "running"].includes(c.state);
  useEffect(() => {
    if (!moving) return;
    const timer = setInterval(() => {
      if (Math.abs(Date.now() - Date.parse(c.start ?? "")) < NEAR_MS) again(keys[0]!);
    }, POLL_MS);
    return () => clearInterval(timer);
  }, [moving, c.start, keys[0]]);
  const take = (step: string): Promise<void> =>
    act(async () => {
      if (step === "submit") await save?.();
      const at = step === "schedule" && start ? new Date(start).toISOString() : undefined;
      return stateWord((await post<Campaign>(`/campaigns/${c.id}/step`, { step, at })).state);
    });
  return (
    <section class="card block" aria-label={t("cp_life")}>
      <div role="status">
        <p>
          <strong>{stateWord(c.state)}</strong>
          {facts(c).map((f) => ` · ${f}`)}
        </p>
        {c.state === "submitted" && !c.steps.includes("approve") && (
          <p>{t(c.gave ? "cp_second_gave" : "cp_second_wrote")}</p>
        )}
        <Versions c={c} />
      </div>
      {c.state === "approved" && c.steps.includes("schedule") && (
        <div class="field">
          <label for="cp-start">{t("cp_start_at")}</label>
          <input
            class="box"
            id="cp-start"
            type="datetime-local"
            aria-describedby="cp-start-hint"
            value={start}
            onInput={(e) => setStart(e.currentTarget.value)}
          />
          <span class="hint" id="cp-start-hint">
            {t("cp_start_hint", { n: number(c.undoMinutes) })}
          </span>
        </div>
      )}
      <div class="acts">
        {STEPS[c.state]
          ?.filter((s) => c.steps.includes(s.step))
          .map((s, i) => (
            <button
              key={s.step}
              type="button"
              class={i === 0 ? "btn primary" : "btn"}
              disabled={busy}
              onClick={() => void take(s.step)}
            >
              {t(s.word)}
            </button>
          ))}
        {(moving || c.live) && c.steps.includes("stop") && (
          <button
            type="button"
            class="btn danger"
            disabled={busy}
            onClick={() => void take("stop")}
          >
            {t("cp_stop")}
          </button>
        )}
      </div>
      <Wrong text={error} />
    </section>
  );
}
