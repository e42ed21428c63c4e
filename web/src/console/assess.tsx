// The assessment of an incident by four factors and, unless a low probability was shown, the notice that the letters
// are made of; in Spanish and Arabic too where somebody writes it. What is being written is a draft.
import { useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { Choice } from "../kit/basics";
import { post } from "../lib/api";
import { draft, keepDraft } from "../lib/drafts";
import { fullDate, type Key, LANGS, t } from "../lib/i18n";

const FACTORS = ["nature", "recipient", "acquired", "mitigation", "reason"] as const;
const PARTS = ["happened", "steps", "doing", "contact"] as const;
const OTHERS = ["es", "ar"] as const;
type Notice = Record<string, string>;
export interface Assessment {
  nature: string;
  recipient: string;
  acquired: string;
  mitigation: string;
  reason: string;
  lowProbability: boolean;
  by: string;
  at: string;
  notice?: object;
}
interface Form {
  low: "" | "low" | "notice";
  said: Record<string, string>;
}
const BLANK: Form = { low: "", said: {} };

/** The body that the server asks for; another language only when somebody wrote in it. */
export function assessmentOf(f: Form): object {
  const pick = (names: readonly string[], lead = ""): Notice =>
    Object.fromEntries(names.map((n) => [n, f.said[lead + n] ?? ""]));
  const others = OTHERS.filter((l) => PARTS.some((p) => f.said[`${l}-${p}`]?.trim()));
  return {
    ...pick(FACTORS),
    lowProbability: f.low === "low",
    ...(f.low === "notice" && {
      notice: {
        ...pick(PARTS),
        ...Object.fromEntries(others.map((l) => [l, pick(PARTS, `${l}-`)])),
      },
    }),
  };
}

function Kept({ a }: { a: Assessment }) {
  return (
    <>
      <p>
        <strong>{t(a.lowProbability ? "in_low" : "in_notice")}</strong>{" "}
        <span class="muted">{t("in_assessed_by", { who: a.by, day: fullDate(a.at) })}</span>
      </p>
      <dl class="pairs">
        {FACTORS.map((f) => (
          <div key={f}>
            <dt class="muted">{t(`in_${f}`)}</dt>
            <dd dir="auto">{a[f]}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

export function Assess(p: { id: string; kept?: Assessment; open: boolean; keys: string[] }) {
  const key = `assess|${p.id}`;
  const [f, setForm] = useState<Form>(() => JSON.parse(draft(key) || JSON.stringify(BLANK)));
  const [again, setAgain] = useState(false);
  const [error, busy, act] = useAct(...p.keys);
  const set = (next: Form): void => {
    setForm(next);
    keepDraft(key, JSON.stringify(next));
  };
  const save = (e: SubmitEvent): void => {
    e.preventDefault();
    void act(async () => {
      await post(`/incidents/${p.id}/assess`, assessmentOf(f));
      keepDraft(key, "");
      setAgain(false);
      return t("in_assessed");
    });
  };
  const box = (name: string, word: Key, must: boolean, lang?: string) => (
    <div class="field" key={name}>
      <label for={`as-${name}`}>{t(word)}</label>
      <textarea
        class="box"
        id={`as-${name}`}
        lang={lang}
        dir="auto"
        required={must}
        maxLength={4000}
        value={f.said[name] ?? ""}
        onInput={(e) => set({ ...f, said: { ...f.said, [name]: e.currentTarget.value } })}
      />
    </div>
  );
  const writing = p.open && (!p.kept || again);
  return (
    <section class="card block" aria-labelledby="in-assess">
      <h2 id="in-assess">{t("in_assess")}</h2>
      {p.kept && <Kept a={p.kept} />}
      {p.kept && p.open && !again && (
        <div class="acts">
          <button type="button" class="btn" onClick={() => setAgain(true)}>
            {t("in_assess_again")}
          </button>
        </div>
      )}
      {!p.kept && !p.open && <p class="muted">{t("in_not_assessed")}</p>}
      {writing && (
        <form class="place-in" onSubmit={save}>
          {FACTORS.map((x) => box(x, `in_${x}`, true))}
          <Choice<Form["low"]>
            legend={t("in_result")}
            value={f.low}
            options={[
              { value: "low", label: t("in_low") },
              { value: "notice", label: t("in_notice") },
            ]}
            onChange={(low) => set({ ...f, low })}
          />
          {f.low === "notice" && (
            <>
              {PARTS.map((x) => box(x, `in_${x}`, true))}
              {OTHERS.map((l) => (
                <details key={l}>
                  <summary lang={l}>{LANGS[l].name}</summary>
                  <div class="place-in">
                    {PARTS.map((x) => box(`${l}-${x}`, `in_${x}`, false, l))}
                  </div>
                </details>
              ))}
            </>
          )}
          <Wrong text={error} />
          <div class="acts">
            <button type="submit" class="btn primary" disabled={busy || !f.low}>
              {t("in_assess_keep")}
            </button>
          </div>
        </form>
      )}
    </section>
  );
}
