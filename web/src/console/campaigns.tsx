// Campaigns and journeys: the list, a new one from an outline of the house, and one of them from draft to report.
import { useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { Empty, Failed, Skeleton } from "../kit/basics";
import { call, get, post } from "../lib/api";
import { dayTime, has, type Key, lang, number, t } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { go, href } from "../lib/router";
import { Outline } from "./outline";
import { audienceOf, type Plan, withAudience } from "./plan";
import { Report } from "./report";
import { Simulate } from "./simulate";

export const mayCampaign = (role: string | undefined): boolean =>
  role === "outreach" || role === "privacy";
const ALL = "campaigns";

interface Campaign {
  id: string;
  title: string;
  kind: string;
  state: string;
  people?: number;
  held?: number;
  start?: string;
  live?: boolean;
  diff?: { fewer: number; more: number };
  plan: Plan;
}

const stateWord = (s: string): string => (has(`cp_s_${s}`) ? t(`cp_s_${s}` as Key) : s);

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
      <New />
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
                {c.people ? ` · ${t("cp_people", { n: number(c.people) })}` : ""}
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
      <ul class="plain" role="status">
        {seen.map((p) => (
          <li key={p.id}>
            <strong>
              <bdi>{p.name}</bdi>
            </strong>
            <p dir="auto">{p.because[lang.value]}</p>
            <p class="muted" dir="auto">
              {p.text}
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}

const STEPS: Record<string, { step: string; word: Key }[]> = {
  draft: [{ step: "submit", word: "cp_submit" }],
  submitted: [
    { step: "approve", word: "cp_approve" },
    { step: "refuse", word: "cp_refuse" },
  ],
  approved: [{ step: "schedule", word: "cp_schedule" }],
  scheduled: [
    { step: "undo", word: "cp_undo" },
    { step: "stop", word: "cp_stop" },
  ],
  running: [{ step: "stop", word: "cp_stop" }],
};

function Life({ c, reload }: { c: Campaign; reload: string }) {
  const [error, busy, act] = useAct(reload, ALL);
  const take = (step: string): Promise<void> =>
    act(async () => {
      const now = await post<Campaign>(`/campaigns/${c.id}/step`, { step });
      return stateWord(now.state);
    });
  return (
    <section class="card block" aria-label={t("cp_life")}>
      <p role="status">
        <strong>{stateWord(c.state)}</strong>
        {c.people ? ` · ${t("cp_people", { n: number(c.people) })}` : ""}
        {c.start ? ` · ${t("cp_start", { when: dayTime(c.start) })}` : ""}
        {c.diff && c.diff.fewer > 0 ? ` · ${t("cp_fewer", { n: number(c.diff.fewer) })}` : ""}
      </p>
      <div class="acts">
        {STEPS[c.state]?.map((s) => (
          <button
            key={s.step}
            type="button"
            class={s.step === "stop" ? "btn danger" : "btn primary"}
            disabled={busy}
            onClick={() => void take(s.step)}
          >
            {t(s.word)}
          </button>
        ))}
      </div>
      <Wrong text={error} />
    </section>
  );
}

function Audience({ plan, set }: { plan: Plan; set: (p: Plan) => void }) {
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

export function CampaignPage({ id }: { id: string }) {
  const key = `campaign/${id}`;
  const [error, busy, act] = useAct(key, ALL);
  const [draft, setDraft] = useState<Plan | null>(null);
  const one = useLoad<Campaign>(key, () => get(`/campaigns/${id}`));
  if (one.error) return <Failed error={one.error} />;
  if (!one.data) return <Skeleton lines={6} />;
  const plan = draft ?? one.data.plan;
  const save = (): Promise<void> =>
    act(async () => {
      await call("PUT", `/campaigns/${id}`, plan);
      setDraft(null);
      return t("cp_saved");
    });
  return (
    <div class="page narrow">
      <header class="page-head">
        <h1 dir="auto">{one.data.title}</h1>
      </header>
      <Life c={one.data} reload={key} />
      {one.data.kind === "campaign" && <Audience plan={plan} set={setDraft} />}
      <Preview id={id} />
      <Simulate id={id} />
      <Outline plan={plan} set={setDraft} />
      <Wrong text={error} />
      <div class="acts">
        <button
          type="button"
          class="btn primary"
          disabled={busy || !draft}
          onClick={() => void save()}
        >
          {t("cp_save")}
        </button>
      </div>
      {["running", "stopped", "done"].includes(one.data.state) && one.data.kind === "campaign" && (
        <Report id={id} />
      )}
    </div>
  );
}
