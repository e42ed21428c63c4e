// What: words in three languages side by side, judged while they are typed as they would leave; plainer words are
// offered; tried on people who are there, masked; approved by a second account.
import { useEffect, useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { errorText, Skeleton, useOpen } from "../kit/basics";
import { Area, Field } from "../kit/field";
import { type ApiError, call, get, post } from "../lib/api";
import { type Key, LANGS, type Lang, lang, number, t } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { session } from "../lib/session";
import { TestToMe } from "./probe";

interface Text {
  sms?: string;
  subject?: string;
  email?: string;
}
interface Variable {
  name: string;
  path: string;
  fallback: Partial<Record<Lang, string>>;
}
interface Words {
  id?: string;
  title: string;
  kind: string;
  evidence?: string;
  state?: string;
  version?: string;
  authors?: string[];
  texts: Partial<Record<Lang, Text>>;
  variables: Variable[];
}
interface Finding {
  language?: Lang;
  channel?: "sms" | "email";
  code: string;
  level: "error" | "advice";
  message: string;
  citation?: string;
  at: number;
  length: number;
  suggest?: string;
}
interface Shape {
  grade?: number;
  encoding?: string;
  segments?: number;
  left?: number;
  full?: string;
}
interface Lint {
  ok: boolean;
  findings: Finding[];
  texts: Record<Lang, { sms: Shape; email: Shape }>;
}
interface Tried {
  people: number;
  missing: Record<string, number>;
  samples: { language: Lang; sms: string }[];
}

const KEY = "ActivityDefinition|*|words";
const EMPTY: Words = { title: "", kind: "care", texts: {}, variables: [] };
const KINDS = ["care", "appointment", "refill", "marketing"] as const;
const TONGUES = Object.keys(LANGS) as Lang[];
const SETTLE_MS = 350;
const VARIABLES_MAX = 20;
/** Nothing was written yet in any language: then nothing is wrong with it either. */
const isBlank = (w: Words): boolean =>
  TONGUES.every((l) => !w.texts[l]?.sms && !w.texts[l]?.email && !w.texts[l]?.subject);
/** Without rows of values in which nothing was typed. */
export const filled = (w: Words): Words => ({
  ...w,
  variables: w.variables.filter((v) =>
    [v.name, v.path, ...Object.values(v.fallback)].some((x) => x.trim()),
  ),
});
/** Shown as they are typed. */
const NAMES = Object.fromEntries(
  ["first", "phone", "clinic", "link", "due"].map((n) => [n, `{${n}}`]),
);

function useLint(w: Words): [Lint | undefined, string] {
  const [lint, setLint] = useState<Lint>();
  const [error, setError] = useState("");
  const whole = w.variables.filter((v) => v.name && v.path);
  const text = JSON.stringify({ ...w, variables: whole });
  useEffect(() => {
    let live = true;
    const timer = setTimeout(async () => {
      try {
        const found = await post<Lint>(`/words-lint?language=${lang.value}`, JSON.parse(text));
        if (live) setLint(found);
        if (live) setError("");
      } catch (e) {
        if (live) setError(errorText(e as ApiError));
      }
    }, SETTLE_MS);
    return () => {
      live = false;
      clearTimeout(timer);
    };
  }, [text, lang.value]);
  return [lint, error];
}

/** Positions are bytes of UTF-8; the plainer words go in from the end. */
export function simplified(text: string, findings: Finding[]): string {
  let bytes = new TextEncoder().encode(text);
  const mends = findings.filter((f) => f.suggest).sort((x, y) => y.at - x.at);
  for (const f of mends) {
    const was = new TextDecoder().decode(bytes.slice(f.at, f.at + f.length));
    const capital = was[0] !== was[0]?.toLowerCase();
    const word = capital ? f.suggest![0]!.toUpperCase() + f.suggest!.slice(1) : f.suggest!;
    const made = new TextEncoder().encode(word);
    const next = new Uint8Array(bytes.length - f.length + made.length);
    next.set(bytes.slice(0, f.at));
    next.set(made, f.at);
    next.set(bytes.slice(f.at + f.length), f.at + made.length);
    bytes = next;
  }
  return new TextDecoder().decode(bytes);
}

function Findings({ all }: { all: Finding[] }) {
  if (!all.length) return null;
  return (
    <ul class="plain wd-findings">
      {all.map((f) => (
        <li key={`${f.code}-${f.at}-${f.message}`} class={f.level === "error" ? "bad" : ""}>
          <span aria-hidden="true">{f.level === "error" ? "✕" : "→"}</span>
          <span>
            <span class="out-of-sight">{t(f.level === "error" ? "wd_error" : "wd_advice")}: </span>
            <bdi title={f.citation}>{f.message}</bdi>
            {f.suggest && <bdi class="wd-plain"> {t("wd_instead", { word: f.suggest })}</bdi>}
          </span>
        </li>
      ))}
    </ul>
  );
}

interface TongueProps {
  l: Lang;
  text: Text;
  lint: Lint | undefined;
  change: (text: Text) => void;
}
function Tongue({ l, text, lint, change }: TongueProps) {
  const of = (channel: string): Finding[] =>
    lint?.findings.filter((f) => f.language === l && f.channel === channel) ?? [];
  const sms = of("sms");
  const shape = lint?.texts[l].sms;
  const plainer = sms.some((f) => f.suggest);
  return (
    <section class="card block" aria-labelledby={`wd-${l}`}>
      <h2 id={`wd-${l}`} lang={l}>
        {LANGS[l].name}
      </h2>
      <div class="field">
        <label for={`wd-sms-${l}`}>{t("wd_sms")}</label>
        <textarea
          class="box"
          id={`wd-sms-${l}`}
          rows={6}
          lang={l}
          dir={LANGS[l].dir}
          maxLength={2000}
          aria-describedby={`wd-shape-${l}`}
          value={text.sms ?? ""}
          onInput={(e) => change({ ...text, sms: e.currentTarget.value })}
        />
      </div>
      <p class="muted tabular" id={`wd-shape-${l}`} role="status">
        {shape?.grade !== undefined && `${t("wd_grade", { n: number(shape.grade) })} · `}
        {shape?.segments !== undefined &&
          `${t("wd_parts", { n: number(shape.segments) })} · ${shape.encoding} · ${t("wd_left", { n: number(shape.left ?? 0) })}`}
      </p>
      {plainer && (
        <button
          type="button"
          class="btn small"
          onClick={() => change({ ...text, sms: simplified(text.sms ?? "", sms) })}
        >
          {t("wd_simplify")}
        </button>
      )}
      <Findings all={sms} />
      {shape?.full && (
        <details>
          <summary>{t("wd_full")}</summary>
          <p dir="auto" lang={l}>
            {shape.full}
          </p>
        </details>
      )}
      <details>
        <summary>{t("wd_email")}</summary>
        <Field
          id={`wd-sub-${l}`}
          label={t("wd_subject")}
          lang={l}
          dir={LANGS[l].dir}
          value={text.subject ?? ""}
          onValue={(v) => change({ ...text, subject: v })}
        />
        <Area
          id={`wd-mail-${l}`}
          label={t("wd_email")}
          rows={6}
          lang={l}
          dir={LANGS[l].dir}
          value={text.email ?? ""}
          onValue={(v) => change({ ...text, email: v })}
        />
        <Findings all={of("email")} />
      </details>
    </section>
  );
}

function Trial({ w }: { w: Words }) {
  const [tried, setTried] = useState<Tried>();
  const [error, busy, act] = useAct();
  const run = (): void =>
    void act(async () => {
      setTried(await post<Tried>("/words-try", filled(w)));
      return "";
    });
  const missing = Object.entries(tried?.missing ?? {});
  return (
    <section class="card block" aria-labelledby="wd-try">
      <h2 id="wd-try">{t("wd_try")}</h2>
      <p class="muted">{t("wd_try_hint")}</p>
      <Wrong text={error} />
      <button type="button" class="btn" disabled={busy} onClick={run}>
        {t("wd_try_now")}
      </button>
      {tried && (
        <div role="status">
          <p>{t("wd_tried", { n: number(tried.people) })}</p>
          {missing.map(([name, n]) => (
            <p key={name}>{t("wd_missing", { name, n: number(n) })}</p>
          ))}
          <ul class="plain">
            {tried.samples.map((s) => (
              <li key={s.sms} class="note" dir="auto" lang={s.language}>
                {s.sms}
              </li>
            ))}
          </ul>
        </div>
      )}
    </section>
  );
}

/** What may be done next with words that are saved: outreach asks, another account of theirs or the privacy office says. */
function stepsOf(w: Words): string[] {
  const own = w.authors?.includes(session.value!.user) ?? false;
  if (w.state === "draft") return session.value!.role === "outreach" ? ["submit"] : [];
  if (w.state === "submitted") return own ? [] : ["approve", "refuse"];
  return [];
}

function Steps({ w, lint, open }: { w: Words; lint?: Lint; open: (w: Words) => void }) {
  const [error, busy, act] = useAct(KEY);
  const step = (s: string): void =>
    void act(async () => {
      open(await post<Words>(`/words/${w.id}/${s}`, {}));
      return t(`wd_done_${s}` as Key);
    });
  const errors = lint?.findings.filter((f) => f.level === "error").length ?? 0;
  return (
    <>
      <Wrong text={error} />
      {w.state && (
        <p>
          <strong>{t(`wd_s_${w.state}` as Key)}</strong>
          {w.version && ` · ${t("wd_version", { n: w.version })}`}
          {w.state === "submitted" && stepsOf(w).length === 0 && ` · ${t("wd_second")}`}
        </p>
      )}
      {w.id && w.state === "draft" && errors > 0 && (
        <p class="note wait" id="wd-why">
          {t("wd_errors", { n: number(errors) })}
        </p>
      )}
      {w.id &&
        stepsOf(w).map((s) => (
          <button
            key={s}
            type="button"
            class="btn"
            disabled={busy || (s === "submit" && (!lint || errors > 0))}
            aria-describedby={errors ? "wd-why" : undefined}
            onClick={() => step(s)}
          >
            {t(`wd_${s}` as Key)}
          </button>
        ))}
    </>
  );
}

/** Values of the house's own: a FHIRPath over the patient, and what stands there where somebody has none. */
function Own({ w, set }: { w: Words; set: (w: Words) => void }) {
  const put = (i: number, v: Partial<Variable>): void =>
    set({ ...w, variables: w.variables.map((x, k) => (k === i ? { ...x, ...v } : x)) });
  return (
    <details class="card block" {...useOpen(w.variables.length > 0)}>
      <summary>{t("wd_own")}</summary>
      <div class="au-stack">
        <p class="muted">{t("wd_own_hint", { name: "{name}" })}</p>
        {w.variables.map((v, i) => (
          <fieldset key={i} class="au-row">
            <legend>{t("wd_own_one", { n: number(i + 1) })}</legend>
            <Field
              id={`wd-own-${i}`}
              label={t("wd_own_name")}
              dir="ltr"
              maxLength={32}
              value={v.name}
              onValue={(name) => put(i, { name })}
            />
            <Field
              id={`wd-path-${i}`}
              label={t("wd_own_path")}
              dir="ltr"
              maxLength={400}
              value={v.path}
              onValue={(path) => put(i, { path })}
            />
            {TONGUES.map((l) => (
              <Field
                key={l}
                id={`wd-else-${i}-${l}`}
                label={t("wd_own_else", { language: LANGS[l].name })}
                lang={l}
                dir={LANGS[l].dir}
                maxLength={200}
                value={v.fallback[l] ?? ""}
                onValue={(text) => put(i, { fallback: { ...v.fallback, [l]: text } })}
              />
            ))}
            <button
              type="button"
              class="btn quiet small"
              onClick={() => set({ ...w, variables: w.variables.filter((_, k) => k !== i) })}
            >
              {t("wd_own_remove", { name: v.name || number(i + 1) })}
            </button>
          </fieldset>
        ))}
        <button
          type="button"
          class="btn small"
          disabled={w.variables.length >= VARIABLES_MAX}
          onClick={() =>
            set({ ...w, variables: [...w.variables, { name: "", path: "", fallback: {} }] })
          }
        >
          {t("wd_own_add")}
        </button>
      </div>
    </details>
  );
}

function Head({ w, set }: { w: Words; set: (w: Words) => void }) {
  return (
    <div class="au-row">
      <Field
        id="wd-title"
        label={t("wd_name")}
        required
        maxLength={200}
        value={w.title}
        onValue={(v) => set({ ...w, title: v })}
      />
      <div class="field">
        <label for="wd-kind">{t("wd_kind")}</label>
        <select
          class="box"
          id="wd-kind"
          value={w.kind}
          onChange={(e) => set({ ...w, kind: e.currentTarget.value })}
        >
          {KINDS.map((k) => (
            <option key={k} value={k}>
              {t(`wd_k_${k}`)}
            </option>
          ))}
        </select>
      </div>
      <Field
        id="wd-evidence"
        label={t("wd_evidence")}
        maxLength={2000}
        value={w.evidence ?? ""}
        onValue={(v) => set({ ...w, evidence: v })}
      />
    </div>
  );
}

export function WordsPage() {
  const all = useLoad<{ words: Words[] }>(KEY, () => get("/words"));
  const [w, setW] = useState<Words>(EMPTY);
  const [found, wrong] = useLint(w);
  const lint = isBlank(w) ? undefined : found;
  const [error, busy, act] = useAct(KEY);
  const save = (e: SubmitEvent): void => {
    e.preventDefault();
    void act(async () => {
      const path = w.id ? `/words/${w.id}` : "/words";
      setW(await call<Words>(w.id ? "PUT" : "POST", path, filled(w)));
      return t("wd_saved");
    });
  };
  return (
    <div class="page">
      <header class="page-head">
        <h1>{t("wd_title")}</h1>
        <p class="muted">{t("wd_lead")}</p>
      </header>
      {!all.data && !all.error && <Skeleton lines={2} />}
      {!!all.data?.words.length && (
        <div class="field">
          <label for="wd-open">{t("wd_open")}</label>
          <select
            class="box"
            id="wd-open"
            value=""
            onChange={(e) => {
              const found = all.data!.words.find((x) => x.id === e.currentTarget.value);
              if (found) setW(found);
            }}
          >
            <option value="">{t("au_which")}</option>
            {all.data.words.map((x) => (
              <option key={x.id} value={x.id}>
                {`${x.title} · ${t(`wd_s_${x.state}` as Key)}`}
              </option>
            ))}
          </select>
        </div>
      )}
      <form class="au-stack" onSubmit={save}>
        <Head w={w} set={setW} />
        <p class="hint">{t("wd_variables", NAMES)}</p>
        <Own w={w} set={setW} />
        <Wrong text={wrong} />
        <div class="wd-three">
          {TONGUES.map((l) => (
            <Tongue
              key={l}
              l={l}
              text={w.texts[l] ?? {}}
              lint={lint}
              change={(text) => setW({ ...w, texts: { ...w.texts, [l]: text } })}
            />
          ))}
        </div>
        <Findings all={lint?.findings.filter((f) => !f.language) ?? []} />
        <Wrong text={error} />
        <div class="acts">
          <button type="submit" class="btn primary" disabled={busy}>
            {t("wd_save")}
          </button>
          <Steps w={w} lint={found} open={setW} />
          <button type="button" class="btn quiet" onClick={() => setW(EMPTY)}>
            {t("wd_new")}
          </button>
        </div>
      </form>
      <Trial w={w} />
      <TestToMe words={filled(w)} />
    </div>
  );
}
