// One step or path of an outline: what it is, when it comes and for whom, by which channel, in which words, and what
// is promised. What is wrong with it stands above.

import { get } from "../lib/api";
import { LANGS, type Lang, t } from "../lib/i18n";
import { useLoad } from "../lib/load";
import type { Fault } from "./outline";
import {
  type Action,
  duration,
  extOf,
  type From,
  isPath,
  kindOf,
  speaks,
  whenOf,
  withExt,
  withKind,
  withWhen,
  withWords,
  wordsOf,
} from "./plan";
import { TestToMe } from "./probe";

interface Edit {
  step: Action;
  set: (a: Action) => void;
}
const KINDS = ["message", "ask", "case", "call", "end"] as const;
const CHANNELS = ["preferred", "other", "sms", "email", "push", "letter"] as const;
const PRIORITIES = ["stat", "asap", "urgent", "routine"] as const;
const UNITS = ["min", "h", "d", "wk"] as const;
/** The answers that free text is understood as (spec/campaign/answers.csv). */
const ANSWERS = [
  "worse",
  "medicine",
  "visit",
  "ok",
  "side-effect",
  "cannot-get",
  "how-to",
  "yes",
  "no",
  "done",
] as const;

interface SelectProps<T extends string> {
  id: string;
  label: string;
  value: string;
  options: readonly T[];
  word: (o: T) => string;
  none?: string;
  set: (v: string) => void;
}
function Select<T extends string>({ id, label, value, options, word, none, set }: SelectProps<T>) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select class="box" id={id} value={value} onChange={(e) => set(e.currentTarget.value)}>
        {none !== undefined && <option value="">{none}</option>}
        {options.map((o) => (
          <option key={o} value={o}>
            {word(o)}
          </option>
        ))}
      </select>
    </div>
  );
}

interface SpanProps {
  id: string;
  label: string;
  value: number | "";
  code: string;
  set: (value: number | "", code: string) => void;
}
/** So many minutes, hours, days or weeks. */
function Span({ id, label, value, code, set }: SpanProps) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="cp-span">
        <input
          class="box"
          id={id}
          type="number"
          min={0}
          max={800}
          step="any"
          value={value}
          onInput={(e) => {
            const v = e.currentTarget.value;
            set(v === "" ? "" : Number(v), code);
          }}
        />
        <select
          class="box"
          aria-label={t("cp_unit", { what: label })}
          value={code}
          onChange={(e) => set(value, e.currentTarget.value)}
        >
          {UNITS.map((u) => (
            <option key={u} value={u}>
              {t(`cp_u_${u}`)}
            </option>
          ))}
        </select>
      </div>
    </div>
  );
}

function ExtSpan({ step, set, name, label }: Edit & { name: string; label: string }) {
  const d = extOf(step, name)?.valueDuration;
  return (
    <Span
      id={`cp-${name}`}
      label={label}
      value={d?.value ?? ""}
      code={d?.code ?? "h"}
      set={(v, code) =>
        set(withExt(step, name, v === "" ? null : { valueDuration: duration(v, code) }))
      }
    />
  );
}

function When({ step, set }: Edit) {
  const w = whenOf(step);
  const at = extOf(step, "at")?.valueTime?.slice(0, 5) ?? "";
  return (
    <div class="au-row">
      <Select<From>
        id="cp-after"
        label={t("cp_comes")}
        value={w.from}
        options={["start", "step", "before"]}
        word={(o) => t(`cp_f_${o}`)}
        set={(v) => set(withWhen(step, v as From, w.value, w.code))}
      />
      <Span
        id="cp-delay"
        label={t("cp_after")}
        value={w.value}
        code={w.code}
        set={(v, code) => set(withWhen(step, w.from, v || 0, code))}
      />
      <div class="field">
        <label for="cp-at">{t("cp_at")}</label>
        <input
          class="box"
          id="cp-at"
          type="time"
          value={at}
          onChange={(e) => {
            const v = e.currentTarget.value;
            set(withExt(step, "at", v ? { valueTime: `${v}:00` } : null));
          }}
        />
      </div>
    </div>
  );
}

function Condition({ step, set }: Edit) {
  return (
    <div class="field">
      <label for="cp-if">{t("cp_if")}</label>
      <input
        class="box"
        id="cp-if"
        dir="ltr"
        spellcheck={false}
        aria-describedby="cp-if-hint"
        value={step.condition?.[0]?.expression.expression ?? ""}
        onInput={(e) => {
          const expression = e.currentTarget.value;
          const { condition: _, ...rest } = step;
          const one = {
            kind: "applicability",
            expression: { language: "text/fhirpath", expression },
          };
          set(expression.trim() ? { ...rest, condition: [one] } : rest);
        }}
      />
      <span class="hint" id="cp-if-hint">
        {t("cp_if_hint")}
      </span>
    </div>
  );
}

interface Library {
  words: { id: string; title: string; state: string }[];
}
/** Words of the library that were approved; else the step's own, side by side. */
function Words({ step, set }: Edit) {
  const library = useLoad<Library>("ActivityDefinition|*|words", () => get("/words"));
  const approved = library.data?.words.filter((w) => w.state === "active") ?? [];
  const used = step.definitionCanonical ?? "";
  return (
    <>
      {!isPath(step) && (approved.length > 0 || used) && (
        <Select
          id="cp-words"
          label={t("cp_words")}
          value={used}
          options={approved.map((w) => `ActivityDefinition/${w.id}`)}
          word={(o) => approved.find((w) => o.endsWith(`/${w.id}`))?.title ?? o}
          none={t("cp_words_own")}
          set={(v) => set({ ...step, definitionCanonical: v })}
        />
      )}
      {!used &&
        (Object.keys(LANGS) as Lang[]).map((l) => (
          <div class="field" key={l}>
            <label for={`cp-text-${l}`} lang={l}>
              {LANGS[l].name}
            </label>
            <textarea
              class="box"
              id={`cp-text-${l}`}
              dir={LANGS[l].dir}
              lang={l}
              maxLength={600}
              value={wordsOf(step, l)}
              onInput={(e) => set(withWords(step, l, e.currentTarget.value))}
            />
          </div>
        ))}
      <details>
        <summary>{t("tm_title")}</summary>
        <TestToMe
          id={used.split("/")[1]}
          words={{
            title: step.title ?? "",
            kind: "care",
            variables: [],
            texts: Object.fromEntries(
              (Object.keys(LANGS) as Lang[]).map((l) => [l, { sms: wordsOf(step, l) }]),
            ),
          }}
        />
      </details>
    </>
  );
}

function Speaking({ step, set }: Edit) {
  const channel = extOf(step, "channel")?.valueCode ?? "preferred";
  const tries = extOf(step, "tries")?.valueInteger ?? 1;
  return (
    <>
      <div class="au-row">
        <Select
          id="cp-channel"
          label={t("cp_channel")}
          value={channel}
          options={CHANNELS}
          word={(o) => t(`cp_ch_${o}`)}
          set={(v) => set(withExt(step, "channel", v === "preferred" ? null : { valueCode: v }))}
        />
        <ExtSpan step={step} set={set} name="expires" label={t("cp_expires")} />
      </div>
      {kindOf(step) === "ask" && (
        <div class="au-row">
          <ExtSpan step={step} set={set} name="silence" label={t("cp_silence")} />
          <div class="field">
            <label for="cp-tries">{t("cp_tries")}</label>
            <input
              class="box"
              id="cp-tries"
              type="number"
              min={1}
              max={9}
              value={tries}
              onInput={(e) =>
                set(withExt(step, "tries", { valueInteger: Number(e.currentTarget.value) }))
              }
            />
          </div>
        </div>
      )}
    </>
  );
}

function Promised({ step, set }: Edit) {
  return (
    <div class="au-row">
      <Select
        id="cp-priority"
        label={t("cp_priority")}
        value={step.priority ?? "routine"}
        options={PRIORITIES}
        word={(o) => t(`cp_p_${o}`)}
        set={(priority) => set({ ...step, priority })}
      />
      <ExtSpan step={step} set={set} name="promise" label={t("cp_promise")} />
    </div>
  );
}

function Name({ step, set }: Edit) {
  return (
    <div class="field grow">
      <label for="cp-title">{t("cp_name")}</label>
      <input
        class="box"
        id="cp-title"
        dir="auto"
        maxLength={100}
        value={step.title ?? ""}
        onInput={(e) => set({ ...step, title: e.currentTarget.value })}
      />
    </div>
  );
}

function Path({ step, set }: Edit) {
  return (
    <>
      <div class="au-row">
        <Name step={step} set={set} />
        <Select
          id="cp-answer"
          label={t("cp_answer")}
          value={extOf(step, "answer")?.valueCode ?? ""}
          options={ANSWERS}
          word={(o) => t(`cp_a_${o}`)}
          none="–"
          set={(v) => set(withExt(step, "answer", v ? { valueCode: v } : null))}
        />
      </div>
      <h4>{t("cp_echo")}</h4>
      <Words step={step} set={set} />
    </>
  );
}

function Step({ step, set }: Edit) {
  const kind = kindOf(step);
  return (
    <>
      <div class="au-row">
        <Name step={step} set={set} />
        <Select
          id="cp-kind"
          label={t("cp_kind")}
          value={kind}
          options={KINDS}
          word={(o) => t(`cp_k_${o}`)}
          set={(v) => set(withKind(step, v))}
        />
      </div>
      <When step={step} set={set} />
      <Condition step={step} set={set} />
      {speaks(step) && <Speaking step={step} set={set} />}
      {(kind === "case" || kind === "call") && <Promised step={step} set={set} />}
      {speaks(step) && <Words step={step} set={set} />}
    </>
  );
}

export function StepForm({
  step,
  faults,
  set,
}: {
  step: Action;
  faults: Fault[];
  set?: (a: Action) => void;
}) {
  const edit = { step, set: set ?? (() => {}) };
  return (
    <fieldset class="cp-step" disabled={!set}>
      <legend>{t("cp_step")}</legend>
      {faults.map((f) => (
        <p key={f.at + f.text} class="note bad">
          <bdi>{f.text}</bdi>
        </p>
      ))}
      {isPath(step) ? <Path {...edit} /> : <Step {...edit} />}
    </fieldset>
  );
}
