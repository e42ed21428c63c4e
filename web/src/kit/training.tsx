// Training and agreements: what the role asks for, read, answered, passed. Until all of it holds the
// server shows no patient data, so this page stands in the place of the app.
import { useState } from "preact/hooks";
import { type ApiError, get, post } from "../lib/api";
import { fullDate, lang, t } from "../lib/i18n";
import { again, useLoad } from "../lib/load";
import { begin, type Session } from "../lib/session";
import { errorText, Failed, Skeleton } from "./basics";
import { Icon } from "./icons";

type Said<T> = Record<"en" | "es" | "ar", T>;
interface Module {
  id: string;
  kind: "agreement" | "module";
  citation: string;
  title: Said<string>;
  text: Said<string[]>;
  quiz: { ask: Said<string>; options: Said<string[]> }[];
  done: boolean;
  until?: string;
}
const KEY = "Account|*|training";

function Quiz({ m, passed }: { m: Module; passed: () => void }) {
  const [wrong, setWrong] = useState<number[]>([]);
  const [error, setError] = useState("");
  const submit = async (e: SubmitEvent): Promise<void> => {
    e.preventDefault();
    const form = new FormData(e.currentTarget as HTMLFormElement);
    const answers = m.quiz.map((_, i) => Number(form.get(`${m.id}-${i}`)));
    setError("");
    try {
      const said = await post<{ passed: boolean; wrong: number[] }>("/auth/training", {
        module: m.id,
        answers,
      });
      setWrong(said.wrong);
      if (said.passed) passed();
    } catch (err) {
      setError(errorText(err as ApiError));
    }
  };
  return (
    <form class="place-in" onSubmit={submit}>
      {m.quiz.map((q, i) => (
        <fieldset key={i} class="plain">
          <legend>{q.ask[lang.value]}</legend>
          {q.options[lang.value].map((o, k) => (
            <label key={k} class="switch">
              <input type="radio" name={`${m.id}-${i}`} value={k} required />
              <span>{o}</span>
            </label>
          ))}
          {wrong.includes(i) && (
            <p class="note bad" role="alert">
              <Icon name="warn" />
              <span>{t("training_wrong")}</span>
            </p>
          )}
        </fieldset>
      ))}
      {error && <p class="note bad">{error}</p>}
      <button type="submit" class="btn primary">
        {t(m.kind === "agreement" ? "training_agree" : "training_answer")}
      </button>
    </form>
  );
}

export function TrainingPage() {
  const { data, error } = useLoad<{ modules: Module[] }>(KEY, () => get("/auth/training"));
  const passed = async (): Promise<void> => {
    again(KEY);
    const me = await get<Session>("/auth/me");
    if (!me.untrained) begin(me);
  };
  return (
    <main id="main" class="place security" tabIndex={-1}>
      <h1 tabIndex={-1}>{t("training_title")}</h1>
      <p class="muted">{t("training_lead")}</p>
      {!data &&
        (error ? <Failed error={error} retry={() => again(KEY)} /> : <Skeleton lines={6} />)}
      {(data?.modules ?? []).map((m) => (
        <section key={m.id} class="card block" aria-labelledby={`training-${m.id}`}>
          <h2 id={`training-${m.id}`}>{m.title[lang.value]}</h2>
          {m.done ? (
            <p>
              <Icon name="check" /> {t("training_done", { day: fullDate(m.until) })}
            </p>
          ) : (
            <>
              {m.text[lang.value].map((line) => (
                <p key={line}>{line}</p>
              ))}
              <p class="muted small" dir="ltr">
                {m.citation}
              </p>
              <Quiz m={m} passed={() => void passed()} />
            </>
          )}
        </section>
      ))}
    </main>
  );
}
