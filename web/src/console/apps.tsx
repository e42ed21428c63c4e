// The administrator's apps: who waits for a decision, what each may ask for, until when; and the launches of
// late, step by step, with the reason of each refusal in words (the launch debugger).
import { useAct, Wrong } from "../kit/act";
import { Empty, Failed, Skeleton } from "../kit/basics";
import { Field } from "../kit/field";
import { get, post } from "../lib/api";
import { fullDate, has, type Key, number, t, time } from "../lib/i18n";
import { again, useLoad } from "../lib/load";

interface App {
  client_id: string;
  client_name: string;
  contact?: string;
  status: string;
  scope: string;
  redirect_uris: string[];
  launch_url?: string;
  jwks_uri?: string;
  token_endpoint_auth_method: string;
  backend?: boolean;
  role?: string;
  minute: number;
  ends: string;
}
interface Step {
  time: string;
  launch: string;
  app: string;
  step: string;
  ok: boolean;
  error: string;
  why: string;
  parameters: string;
}

const KEY = "Apps|*|all";
const STEPS = "Apps|*|steps";
const ROLES = ["nurse", "agent", "outreach", "privacy"];

export const mayApps = (role: string | undefined): boolean => role === "admin";

function Facts({ a }: { a: App }) {
  return (
    <dl class="facts">
      <dt>{t("ap_asks")}</dt>
      <dd>
        {a.scope.split(" ").map((s) => (
          <code key={s} dir="ltr">
            {s}{" "}
          </code>
        ))}
      </dd>
      {a.redirect_uris.length > 0 && <dt>{t("ap_back")}</dt>}
      {a.redirect_uris.map((u) => (
        <dd key={u}>
          <code dir="ltr">{u}</code>
        </dd>
      ))}
      {a.launch_url && <dt>{t("ap_launch")}</dt>}
      {a.launch_url && (
        <dd>
          <code dir="ltr">{a.launch_url}</code>
        </dd>
      )}
      <dt>{t("ap_proof")}</dt>
      <dd>
        <code dir="ltr">{a.token_endpoint_auth_method}</code> <span dir="ltr">{a.jwks_uri}</span>
      </dd>
    </dl>
  );
}

function Card({ a }: { a: App }) {
  const [error, busy, act] = useAct(KEY);
  const decide = (e: SubmitEvent): void => {
    e.preventDefault();
    const data = new FormData(e.currentTarget as HTMLFormElement);
    const verb = (e.submitter as HTMLButtonElement).value;
    const day = String(data.get("ends"));
    void act(async () => {
      await post(`/auth/apps/${a.client_id}`, {
        status: verb,
        minute: Number(data.get("minute")),
        expires: `${day}T00:00:00Z`,
        ...(data.get("role") ? { role: data.get("role") } : {}),
      });
      return t("ap_saved");
    });
  };
  const word = `ap_s_${a.status}`;
  const id = `ap-${a.client_id}`;
  return (
    <li class="card block">
      <h3 dir="auto">{a.client_name}</h3>
      <p>
        <strong>{has(word) ? t(word as Key) : a.status}</strong> · <bdi>{a.client_id}</bdi>
        {a.contact && (
          <>
            {" · "}
            <bdi>{a.contact}</bdi>
          </>
        )}
      </p>
      <Facts a={a} />
      <form onSubmit={decide} aria-label={a.client_name}>
        {a.backend && (
          <div class="field">
            <label for={`${id}-role`}>{t("ap_role")}</label>
            <select class="box" id={`${id}-role`} name="role">
              {ROLES.map((r) => (
                <option key={r} value={r} selected={r === (a.role ?? "nurse")}>
                  {t(`ac_r_${r}` as Key)}
                </option>
              ))}
            </select>
          </div>
        )}
        <Field
          id={`${id}-minute`}
          label={t("ap_minute")}
          name="minute"
          type="number"
          min={1}
          max={1_000_000}
          defaultValue={String(a.minute)}
          required
        />
        <Field
          id={`${id}-ends`}
          label={t("ap_ends")}
          name="ends"
          type="date"
          defaultValue={a.ends.slice(0, 10)}
          required
        />
        <Wrong text={error} />
        <div class="acts">
          <button type="submit" class="btn primary" value="approved" disabled={busy}>
            {t(a.status === "approved" ? "ap_keep" : "ap_approve")}
          </button>
          <button type="submit" class="btn" value="refused" disabled={busy}>
            {t(a.status === "approved" ? "ap_end" : "ap_refuse")}
          </button>
        </div>
      </form>
    </li>
  );
}

function Launches() {
  const steps = useLoad<{ steps: Step[] }>(STEPS, () => get<{ steps: Step[] }>("/auth/launches"));
  return (
    <section aria-labelledby="ap-launches">
      <h2 id="ap-launches">{t("ap_launches")}</h2>
      <p class="muted">{t("ap_launches_hint")}</p>
      <button type="button" class="btn" onClick={() => again(STEPS)}>
        {t("ap_again")}
      </button>
      {steps.error && <Failed error={steps.error} />}
      {steps.data?.steps.length === 0 && <Empty icon="list" title={t("ap_no_launch")} />}
      <ol class="plain">
        {steps.data?.steps.map((s, i) => (
          <li key={`${s.time}${i}`} class="card block">
            <p>
              <strong>
                {s.ok ? "✓" : "✗"} {s.step}
              </strong>{" "}
              · <bdi>{s.app}</bdi> · <bdi>{s.launch}</bdi> ·{" "}
              <span class="tabular">
                {fullDate(s.time)} {time(s.time)}
              </span>
            </p>
            {s.why && (
              <p dir="ltr">
                <code>{s.error}</code> {s.why}
              </p>
            )}
            {s.parameters && (
              <p dir="ltr" class="muted">
                {s.parameters}
              </p>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}

export function AppsPage() {
  const apps = useLoad<{ apps: App[] }>(KEY, () => get<{ apps: App[] }>("/auth/apps"));
  const rank = (a: App): number => (a.status === "pending" ? 0 : a.status === "approved" ? 1 : 2);
  const list = [...(apps.data?.apps ?? [])].sort((a, b) => rank(a) - rank(b));
  return (
    <div class="page narrow">
      <header class="page-head">
        <h1>{t("ap_title")}</h1>
        {apps.data && <p class="muted">{t("ap_count", { n: number(list.length) })}</p>}
      </header>
      {apps.error && <Failed error={apps.error} />}
      {!apps.data && !apps.error && <Skeleton lines={5} />}
      {apps.data && list.length === 0 && <Empty icon="list" title={t("ap_none")} />}
      <ul class="plain">
        {list.map((a) => (
          <Card key={a.client_id} a={a} />
        ))}
      </ul>
      <Launches />
    </div>
  );
}
