// The privacy officer's rules: a change typed as a sentence and read back, tried on the decisions of the last
// 90 days, approved by a second person, published with a date on which it takes itself back.
import { useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { Empty, Failed, Heads, Skeleton } from "../kit/basics";
import { Field } from "../kit/field";
import { call, get, post } from "../lib/api";
import { fullDate, has, type Key, number, t, time } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { session } from "../lib/session";
import { Evidence } from "./evidence";

interface Tried {
  looked: number;
  refused: number;
  held: number;
  allowed: number;
  withoutFacts: number;
  complete: boolean;
  millis: number;
  who: { user: string; role: string; refused: number; held: number; allowed: number }[];
}
interface Change {
  id: string;
  sentence: string;
  reason: string;
  status: string;
  author: string;
  approver?: string;
  from?: string;
  until?: string;
  /** Two people end or keep what was published; one of them asked. */
  asked?: { step: "end" | "keep"; by: string };
  change: { rule?: string; params?: Record<string, unknown>; was?: Record<string, unknown> };
  tried?: Tried;
}
interface Rules {
  version: number;
  changes: Change[];
}

const KEY = "Rules|*|changes";
const DAYS = 90;
const TRIAL_HOURS = 24;

export const mayRule = (role: string | undefined): boolean =>
  role === "privacy" || role === "admin";

function Draft() {
  const [error, busy, act] = useAct(KEY);
  const submit = (e: SubmitEvent): void => {
    e.preventDefault();
    const form = e.currentTarget as HTMLFormElement;
    const data = new FormData(form);
    void act(async () => {
      const made = await call<Change>("POST", "/rules/changes", {
        sentence: data.get("sentence"),
        reason: data.get("reason"),
      });
      form.reset();
      return t("ru_read_as", { sentence: made.sentence });
    });
  };
  return (
    <form class="card block" onSubmit={submit} aria-labelledby="ru-draft">
      <h2 id="ru-draft">{t("ru_draft")}</h2>
      <div class="field">
        <label for="ru-sentence">{t("ru_sentence")}</label>
        <textarea
          class="box"
          id="ru-sentence"
          name="sentence"
          dir="auto"
          rows={2}
          maxLength={500}
          required
        />
        <span class="hint">{t("ru_hint")}</span>
      </div>
      <Field id="ru-reason" label={t("ru_reason")} name="reason" maxLength={1000} required />
      <Wrong text={error} />
      <button type="submit" class="btn primary" disabled={busy}>
        {t("ru_read")}
      </button>
    </form>
  );
}

function Trial({ tried }: { tried: Tried }) {
  return (
    <div class="note" role="status">
      <p>
        {t("ru_tried", {
          refused: number(tried.refused),
          held: number(tried.held),
          looked: number(tried.looked),
          allowed: number(tried.allowed),
        })}
      </p>
      {!tried.complete && <p>{t("ru_incomplete")}</p>}
      {tried.withoutFacts > 0 && <p>{t("ru_without", { n: number(tried.withoutFacts) })}</p>}
      {tried.who.length > 0 && (
        <details>
          <summary>{t("ru_who")}</summary>
          <table>
            <Heads of={[t("ru_account"), t("ru_refused"), t("ru_held"), t("ru_allowed")]} />
            <tbody>
              {tried.who.map((w) => (
                <tr key={`${w.user} ${w.role}`}>
                  <td>
                    <bdi>{w.user}</bdi> <span class="muted">{w.role}</span>
                  </td>
                  <td class="tabular">{number(w.refused)}</td>
                  <td class="tabular">{number(w.held)}</td>
                  <td class="tabular">{number(w.allowed)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </details>
      )}
    </div>
  );
}

interface Act {
  word: Key;
  step: string;
  body?: unknown;
  main?: boolean;
}

/** What may be done next, by the state of the change and by who looks. */
function actsOf(c: Change, me: string): Act[] {
  const trial: Act = { word: "ru_try", step: "try", body: { days: DAYS } };
  if (c.status === "draft") return [trial, { word: "ru_submit", step: "submit", main: true }];
  if (c.status === "submitted") {
    const refuse: Act = { word: "ru_refuse", step: "refuse" };
    const approve: Act = { word: "ru_approve", step: "approve", main: true };
    return c.author === me ? [trial, refuse] : [trial, refuse, approve];
  }
  if (c.status === "approved")
    return [
      trial,
      { word: "ru_publish", step: "publish" },
      { word: "ru_publish_trial", step: "publish", body: { trialHours: TRIAL_HOURS }, main: true },
    ];
  if (c.status === "published" && !(c.until && Date.parse(c.until) <= Date.now())) {
    const end: Act = { word: "ru_end", step: "end" };
    const all = c.until ? [end, { word: "ru_keep", step: "keep", main: true } as Act] : [end];
    return all.filter((a) => !(c.asked?.step === a.step && c.asked.by === me));
  }
  return [];
}

function Card({ c }: { c: Change }) {
  const [error, busy, act] = useAct(KEY);
  const [doing, setDoing] = useState("");
  const me = session.value!.user;
  const run = (a: Act): void => {
    setDoing(a.step);
    void act(async () => {
      await post(`/rules/changes/${c.id}/${a.step}`, a.body ?? {});
      return t(a.word === "ru_try" ? "ru_try_done" : "ru_saved");
    });
  };
  const word = `ru_s_${c.status}`;
  return (
    <li class="card block">
      <h3 dir="auto">{c.sentence}</h3>
      <p>
        <strong>{has(word) ? t(word as Key) : c.status}</strong>
        {c.status === "submitted" && c.author === me && ` · ${t("ru_second")}`}
        {c.asked && ` · ${t(`ru_asked_${c.asked.step}`, { who: c.asked.by })}`}
        {c.from && ` · ${t("ru_from", { when: `${fullDate(c.from)} ${time(c.from)}` })}`}
        {c.until && ` · ${t("ru_until", { when: `${fullDate(c.until)} ${time(c.until)}` })}`}
      </p>
      {c.change.was && (
        <p class="tabular">
          {c.change.rule}: <del>{JSON.stringify(c.change.was)}</del>{" "}
          <ins>{JSON.stringify(c.change.params)}</ins>
        </p>
      )}
      <p class="muted">
        <span dir="auto">{c.reason}</span> · <bdi>{c.author}</bdi>
        {c.approver && (
          <>
            {" → "}
            <bdi>{c.approver}</bdi>
          </>
        )}
      </p>
      {c.tried && <Trial tried={c.tried} />}
      <Wrong text={error} />
      <div class="acts">
        {actsOf(c, me).map((a) => (
          <button
            key={a.word}
            type="button"
            class={a.main ? "btn primary" : "btn"}
            disabled={busy}
            aria-busy={busy && doing === a.step}
            onClick={() => run(a)}
          >
            {t(a.word)}
          </button>
        ))}
      </div>
    </li>
  );
}

export function RulesPage() {
  const rules = useLoad<Rules>(KEY, () => get<Rules>("/rules/changes"));
  return (
    <div class="page narrow">
      <header class="page-head">
        <h1>{t("ru_title")}</h1>
        {rules.data && (
          <p class="muted">
            {rules.data.version
              ? t("ru_version", { n: number(rules.data.version) })
              : t("ru_catalogue")}
          </p>
        )}
      </header>
      <Draft />
      {rules.error && <Failed error={rules.error} />}
      {!rules.data && !rules.error && <Skeleton lines={5} />}
      {rules.data?.changes.length === 0 && <Empty icon="list" title={t("ru_none")} />}
      <ul class="plain">
        {rules.data?.changes.map((c) => (
          <Card key={c.id} c={c} />
        ))}
      </ul>
      <Evidence />
    </div>
  );
}
