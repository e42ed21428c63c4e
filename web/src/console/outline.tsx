// The outline of a campaign or journey as a list that the keyboard edits: each step its words in three languages
// and its day; earlier, later, away. The drawing beside it is a view of the same.
import { type Key, number, t } from "../lib/i18n";
import {
  type Action,
  daysOf,
  kindOf,
  newStep,
  type Plan,
  stepsOf,
  type Tongue,
  withDays,
  withSteps,
  withWords,
  wordsOf,
} from "./plan";

const TONGUES: { code: Tongue; name: string; dir: "ltr" | "rtl" }[] = [
  { code: "en", name: "English", dir: "ltr" },
  { code: "es", name: "Español", dir: "ltr" },
  { code: "ar", name: "العربية", dir: "rtl" },
];
const KINDS: Record<string, Key> = {
  message: "cp_k_message",
  ask: "cp_k_ask",
  case: "cp_k_case",
  call: "cp_k_call",
  end: "cp_k_end",
};

export function Drawing({ plan }: { plan: Plan }) {
  const steps = stepsOf(plan);
  const width = Math.max(240, steps.length * 120);
  return (
    <figure class="block" aria-hidden="true">
      <svg aria-hidden="true" viewBox={`0 0 ${width} 70`} width="100%" height="70">
        <line x1="20" x2={width - 20} y1="26" y2="26" stroke="currentColor" />
        {steps.map((s, i) => (
          <g key={s.id}>
            <circle cx={60 + i * 120} cy="26" r="9" fill="currentColor" />
            <text x={60 + i * 120} y="56" text-anchor="middle" font-size="12" fill="currentColor">
              {(s.title || s.id || "").slice(0, 18)}
            </text>
          </g>
        ))}
      </svg>
    </figure>
  );
}

function Words({ step, id, set }: { step: Action; id: string; set: (a: Action) => void }) {
  return (
    <>
      {TONGUES.map((l) => (
        <div class="field grow" key={l.code}>
          <label for={`${id}-${l.code}`}>{l.name}</label>
          <textarea
            class="box"
            id={`${id}-${l.code}`}
            dir={l.dir}
            lang={l.code}
            maxLength={600}
            value={wordsOf(step, l.code)}
            onInput={(e) => set(withWords(step, l.code, e.currentTarget.value))}
          />
        </div>
      ))}
    </>
  );
}

function Step({
  step,
  at,
  last,
  set,
  move,
}: {
  step: Action;
  at: number;
  last: boolean;
  set: (a: Action | null) => void;
  move: (by: number) => void;
}) {
  const id = `step-${at}`;
  const kind = kindOf(step);
  const name = step.title || step.id || "";
  return (
    <li class="card block">
      <div class="acts">
        <div class="field grow">
          <label for={`${id}-title`}>
            {number(at + 1)}. {KINDS[kind] ? t(KINDS[kind]) : kind}
          </label>
          <input
            class="box"
            id={`${id}-title`}
            dir="auto"
            value={step.title ?? ""}
            onInput={(e) => set({ ...step, title: e.currentTarget.value })}
          />
        </div>
        <div class="field">
          <label for={`${id}-day`}>{t("cp_day")}</label>
          <input
            class="box"
            id={`${id}-day`}
            type="number"
            min={-60}
            max={365}
            step="any"
            value={daysOf(step)}
            onChange={(e) => set(withDays(step, Number(e.currentTarget.value)))}
          />
        </div>
        <button type="button" class="btn" disabled={at === 0} onClick={() => move(-1)}>
          {t("cp_earlier")}
          <span class="out-of-sight"> {name}</span>
        </button>
        <button type="button" class="btn" disabled={last} onClick={() => move(1)}>
          {t("cp_later")}
          <span class="out-of-sight"> {name}</span>
        </button>
        <button type="button" class="btn" onClick={() => set(null)}>
          {t("cp_remove")}
          <span class="out-of-sight"> {name}</span>
        </button>
      </div>
      {(kind === "message" || kind === "ask") && <Words step={step} id={id} set={set} />}
      {step.action && (
        <ol class="plain">
          {step.action.map((p) => (
            <li key={p.prefix} dir="auto">
              {p.prefix} {p.title}
            </li>
          ))}
        </ol>
      )}
    </li>
  );
}

export function Outline({ plan, set }: { plan: Plan; set: (p: Plan) => void }) {
  const steps = stepsOf(plan);
  const put = (i: number, a: Action | null): void =>
    set(withSteps(plan, a ? steps.with(i, a) : steps.toSpliced(i, 1)));
  const move = (i: number, by: number): void => {
    const next = [...steps];
    const [one] = next.splice(i, 1);
    if (one) next.splice(i + by, 0, one);
    set(withSteps(plan, next));
  };
  return (
    <section aria-label={t("cp_outline")}>
      <h2>{t("cp_outline")}</h2>
      <Drawing plan={plan} />
      <ol class="plain">
        {steps.map((s, i) => (
          <Step
            key={s.id}
            step={s}
            at={i}
            last={i === steps.length - 1}
            set={(a) => put(i, a)}
            move={(by) => move(i, by)}
          />
        ))}
      </ol>
      <button
        type="button"
        class="btn"
        onClick={() => set(withSteps(plan, [...steps, newStep(plan)]))}
      >
        {t("cp_add")}
      </button>
    </section>
  );
}
