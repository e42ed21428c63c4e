// Campaigns and journeys: the list, a new one from an outline of the house, and one of them from draft to report.
import "../styles/outline.css";
import { useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { Empty, Failed, Skeleton } from "../kit/basics";
import { call, get, post } from "../lib/api";
import { lang, number, t, time } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { go, href } from "../lib/router";
import { session } from "../lib/session";
import { ContactBudget } from "./budget";
import { type Campaign, Life, stateWord } from "./life";
import { Outline } from "./outline";
import {
  audienceOf,
  duration,
  endsOf,
  extOf,
  hoursOf,
  type Plan,
  tidy,
  withAudience,
  withEnd,
  withExt,
  withHours,
} from "./plan";
import { Report } from "./report";
import { Simulate } from "./simulate";

const ALL = "campaigns";
const mayWrite = (): boolean => session.value?.role === "outreach";

function New() {
  const [error, busy, act] = useAct(ALL);
  const shipped = useLoad<{ outlines: { code: string; plan: Plan }[] }>("outlines", () =>
    get("/campaign-outlines"),
  );
  const make = (plan: Plan): Promise<void> =>
    act(async () => {
      const made = await post<Campaign>("/campaigns", plan);
      go(`/campaigns/${made.id}`);
      return "";
    });
  return (
    <details class="card block">
      <summary>{t("cp_new")}</summary>
      <ul class="plain">
        {shipped.data?.outlines.map((o) => (
          <li key={o.code}>
            <button type="button" class="btn" disabled={busy} onClick={() => void make(o.plan)}>
              <span dir="auto">{o.plan.title}</span>
            </button>
          </li>
        ))}
      </ul>
      <Wrong text={error} />
    </details>
  );
}

export function CampaignsPage() {
  const all = useLoad<{ campaigns: Campaign[] }>(ALL, () => get("/campaigns"));
  return (
    <div class="page narrow">
      <header class="page-head">
        <h1>{t("cp_title")}</h1>
      </header>
      {mayWrite() && <New />}
      {all.error && <Failed error={all.error} />}
      {!all.data && !all.error && <Skeleton lines={4} />}
      {all.data?.campaigns.length === 0 && <Empty icon="check" title={t("cp_none")} />}
      <ul class="plain">
        {all.data?.campaigns.map((c) => (
          <li key={c.id}>
            <a class="card link-card" href={href(`/campaigns/${c.id}`)}>
              <strong dir="auto">{c.title}</strong>
              <p class="muted">
                {stateWord(c.state)}
                {c.people ? ` · ${t("cp_people", { n: c.people })}` : ""}
              </p>
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}

interface Seen {
  id: string;
  name: string;
  text?: string;
  because: Record<string, string>;
}

function Preview({ id }: { id: string }) {
  const [error, busy, act] = useAct();
  const [seen, setSeen] = useState<Seen[]>([]);
  const look = (): Promise<void> =>
    act(async () => {
      setSeen((await get<{ people: Seen[] }>(`/campaigns/${id}/preview`)).people);
      return "";
    });
  return (
    <section class="card block" aria-label={t("cp_preview")}>
      <button type="button" class="btn" disabled={busy} onClick={() => void look()}>
        {t("cp_preview")}
      </button>
      <Wrong text={error} />
      <div role="status">
        <ul class="plain">
          {seen.map((p) => (
            <li key={p.id}>
              <strong>
                <bdi>{p.name}</bdi>
              </strong>
              <p dir="auto">{p.because[lang.value]}</p>
              <p class="muted" dir="auto">
                {p.text}
              </p>
              <ContactBudget patient={p.id} />
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}

interface Edit {
  plan: Plan;
  set: (p: Plan) => void;
}
function Audience({ plan, set }: Edit) {
  const all = useLoad<{ audiences?: { id: string; name?: string }[] }>("audiences", () =>
    get("/audiences"),
  );
  return (
    <div class="field">
      <label for="cp-audience">{t("cp_audience")}</label>
      <select
        class="box"
        id="cp-audience"
        value={audienceOf(plan)}
        onChange={(e) => set(withAudience(plan, e.currentTarget.value))}
      >
        <option value="">–</option>
        {all.data?.audiences?.map((a) => (
          <option key={a.id} value={`Group/${a.id}`}>
            {a.name ?? a.id}
          </option>
        ))}
      </select>
    </div>
  );
}

const HOURS: Record<string, number> = { min: 1 / 60, h: 1, d: 24 };
function spreadOf(plan: Plan): number | "" {
  const spread = extOf(plan, "spread")?.valueDuration;
  return spread ? spread.value * (HOURS[spread.code] ?? 1) : "";
}

/** For whom and when, for those who approve it and change nothing. */
function Told({ c }: { c: Campaign }) {
  const at = (hour: string): string => time(`2000-01-01T${hour}`);
  const [from, to] = hoursOf(c.plan);
  const spread = spreadOf(c.plan);
  const ends = c.endings.filter((e) => endsOf(c.plan).includes(e.code));
  return (
    <section class="card block" aria-label={t("cp_how")}>
      <dl class="fl-facts">
        {c.kind === "campaign" && (
          <div>
            <dt>{t("cp_audience")}</dt>
            <dd>
              <bdi>{c.audience || "–"}</bdi>
            </dd>
          </div>
        )}
        {ends.length > 0 && (
          <div>
            <dt>{t("cp_ends")}</dt>
            {ends.map((e) => (
              <dd key={e.code}>{e.label[lang.value]}</dd>
            ))}
          </div>
        )}
        {from && to && (
          <div>
            <dt>{t("cp_when")}</dt>
            <dd>
              {at(from)} – {at(to)}
            </dd>
          </div>
        )}
        {spread !== "" && (
          <div>
            <dt>{t("cp_spread")}</dt>
            <dd>{number(spread)}</dd>
          </div>
        )}
      </dl>
    </section>
  );
}

/** What ends it for a person, from the record: the shot, the test. */
function Ends({ plan, set, of }: Edit & { of: Campaign["endings"] }) {
  const on = endsOf(plan);
  return (
    <fieldset class="cp-when" aria-describedby="cp-ends-hint">
      <legend>{t("cp_ends")}</legend>
      {of.map((e) => (
        <div key={e.code}>
          <label>
            <input
              type="checkbox"
              checked={on.includes(e.code)}
              onChange={(x) => set(withEnd(plan, e.code, x.currentTarget.checked))}
            />{" "}
            {e.label[lang.value]}
          </label>
        </div>
      ))}
      <p class="hint" id="cp-ends-hint">
        {t("cp_ends_hint")}
      </p>
    </fieldset>
  );
}

/** The hours in which it may reach people, inside those of the law, and over how many they are spread. */
function When({ plan, set }: Edit) {
  const [from, to] = hoursOf(plan);
  const hours = spreadOf(plan);
  return (
    <fieldset class="au-row cp-when">
      <legend>{t("cp_when")}</legend>
      <div class="field">
        <label for="cp-from">{t("cp_from")}</label>
        <input
          class="box"
          id="cp-from"
          type="time"
          value={from}
          onChange={(e) => set(withHours(plan, e.currentTarget.value, to))}
        />
      </div>
      <div class="field">
        <label for="cp-to">{t("cp_to")}</label>
        <input
          class="box"
          id="cp-to"
          type="time"
          value={to}
          onChange={(e) => set(withHours(plan, from, e.currentTarget.value))}
        />
      </div>
      <div class="field">
        <label for="cp-spread">{t("cp_spread")}</label>
        <input
          class="box"
          id="cp-spread"
          type="number"
          min={0}
          max={24}
          step="any"
          value={hours}
          onChange={(e) => {
            const v = e.currentTarget.value;
            set(withExt(plan, "spread", v ? { valueDuration: duration(Number(v), "h") } : null));
          }}
        />
      </div>
    </fieldset>
  );
}

export function CampaignPage({ id }: { id: string }) {
  const key = `campaign/${id}`;
  const [error, busy, act] = useAct(key, ALL);
  const [draft, setDraft] = useState<Plan | null>(null);
  const one = useLoad<Campaign>(key, () => get(`/campaigns/${id}`));
  if (one.error) return <Failed error={one.error} />;
  if (!one.data) return <Skeleton lines={6} />;
  const c = one.data;
  const plan = draft ?? c.plan;
  const writes = mayWrite() && c.state !== "stopped";
  const put = async (): Promise<void> => {
    await call("PUT", `/campaigns/${id}`, tidy(plan));
    setDraft(null);
  };
  const save = (): Promise<void> =>
    act(async () => {
      await put();
      return t("cp_saved");
    });
  return (
    <div class="page">
      <header class="page-head">
        <h1 dir="auto">{c.title}</h1>
      </header>
      <Life c={c} keys={[key, ALL]} save={draft ? put : undefined} />
      {["running", "stopped", "done"].includes(c.state) && c.kind === "campaign" && (
        <Report id={id} />
      )}
      {!writes && <Told c={c} />}
      {writes && (
        <section class="card block" aria-label={t("cp_how")}>
          {c.kind === "campaign" && <Audience plan={plan} set={setDraft} />}
          <Ends plan={plan} set={setDraft} of={c.endings} />
          <When plan={plan} set={setDraft} />
        </section>
      )}
      <Outline plan={plan} set={writes ? setDraft : undefined} />
      {writes && (
        <div class="acts">
          <button
            type="button"
            class="btn primary"
            disabled={busy || !draft}
            onClick={() => void save()}
          >
            {t("cp_save")}
          </button>
          {draft && <span class="muted">{t("cp_unsaved")}</span>}
        </div>
      )}
      <Wrong text={error} />
      <Preview id={id} />
      <Simulate id={id} />
    </div>
  );
}
