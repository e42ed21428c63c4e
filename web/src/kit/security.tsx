// How my account is opened: passkeys, password, codes, and where I am signed in. Each change that could
// open the account for somebody else asks first who is there (guard.tsx).
import { useState } from "preact/hooks";
import { call, get, post } from "../lib/api";
import { fullDate, t, time } from "../lib/i18n";
import { again, useLoad } from "../lib/load";
import { addPasskey, hasPasskeys } from "../lib/passkey";
import { begin, end, type Session, session } from "../lib/session";
import { useAct, Wrong } from "./act";
import { Failed, Skeleton } from "./basics";
import { Field } from "./field";
import { Icon } from "./icons";

interface Passkey {
  id: string;
  name: string;
  added: string;
  last?: string;
  synced: boolean;
  copied: boolean;
}
interface Security {
  password: boolean;
  totp: boolean;
  recovery: number;
  passkeys: Passkey[];
}
interface Row {
  id: string;
  device: string;
  began: string;
  last: string;
  current: boolean;
}

const KEY = "Account|*|security";
const SESSIONS = "Account|*|sessions";

function PasskeyRow({ k }: { k: Passkey }) {
  const [error, busy, act] = useAct(KEY, SESSIONS);
  const remove = (): Promise<void> =>
    act(async () => {
      await post("/auth/passkeys/remove", { id: k.id });
      return t("key_removed");
    });
  return (
    <li class="row-line">
      <div>
        <strong>
          <bdi>{k.name}</bdi>
        </strong>
        <p class="muted small">
          {t("key_added", { day: fullDate(k.added) })}
          {k.last && ` · ${t("key_used", { day: fullDate(k.last) })}`}
          {k.synced && ` · ${t("key_synced")}`}
        </p>
        {k.copied && <p class="note bad">{t("key_copied")}</p>}
        <Wrong text={error} />
      </div>
      <button type="button" class="btn small" disabled={busy} onClick={() => void remove()}>
        {t("key_remove")} <span class="out-of-sight">{k.name}</span>
      </button>
    </li>
  );
}

function Passkeys({ keys }: { keys: Passkey[] }) {
  const [error, busy, act] = useAct(KEY, SESSIONS);
  const add = (e: SubmitEvent): void => {
    e.preventDefault();
    const form = e.currentTarget as HTMLFormElement;
    const name = String(new FormData(form).get("key-name")).trim();
    void act(async () => {
      if (!(await addPasskey(name))) return t("key_not_added");
      form.reset();
      return t("key_done");
    });
  };
  return (
    <section class="card block" aria-labelledby="sec-keys">
      <h2 id="sec-keys">{t("keys_title")}</h2>
      <p class="muted">{t("keys_lead")}</p>
      <ul class="plain">
        {keys.map((k) => (
          <PasskeyRow key={k.id} k={k} />
        ))}
      </ul>
      <Wrong text={error} />
      {hasPasskeys() ? (
        <form class="line-form" onSubmit={add}>
          <Field id="key-name" label={t("key_name")} name="key-name" maxLength={60} required />
          <button type="submit" class="btn primary" disabled={busy}>
            {t("key_add")}
          </button>
        </form>
      ) : (
        <p class="note">{t("keys_none_here")}</p>
      )}
    </section>
  );
}

function Password() {
  const [error, busy, act] = useAct(KEY, SESSIONS);
  const change = (e: SubmitEvent): void => {
    e.preventDefault();
    const form = e.currentTarget as HTMLFormElement;
    const password = new FormData(form).get("new-password");
    void act(async () => {
      begin(await call<Session>("POST", "/auth/password", { password }));
      form.reset();
      return t("password_done");
    });
  };
  return (
    <section class="card block" aria-labelledby="sec-password">
      <h2 id="sec-password">{t("password")}</h2>
      <p class="muted">{t("password_lead")}</p>
      <Wrong text={error} />
      <form class="line-form" onSubmit={change}>
        <Field
          id="new-password"
          label={t("password_new")}
          name="new-password"
          type="password"
          autocomplete="new-password"
          minLength={12}
          required
          dir="ltr"
        />
        <button type="submit" class="btn" disabled={busy}>
          {t("password_change")}
        </button>
      </form>
    </section>
  );
}

/** At the door, before anything else: a password of before the longer minimum. */
export function RenewPage() {
  return (
    <main id="main" class="place security" tabIndex={-1}>
      <h1 tabIndex={-1}>{t("renew_title")}</h1>
      <p class="muted">{t("renew_lead")}</p>
      <Password />
      <button
        type="button"
        class="btn"
        onClick={() => begin({ ...session.value!, renew: undefined })}
      >
        {t("renew_later")}
      </button>
    </main>
  );
}

function Totp({ on }: { on: boolean }) {
  const [error, busy, act] = useAct(KEY, SESSIONS);
  const [secret, setSecret] = useState("");
  const start = (): Promise<void> =>
    act(async () => {
      setSecret((await post<{ secret: string }>("/auth/totp", {})).secret);
      return "";
    });
  const set = (e: SubmitEvent): void => {
    e.preventDefault();
    const code = String(new FormData(e.currentTarget as HTMLFormElement).get("totp-code")).trim();
    void act(async () => {
      begin(await call<Session>("POST", "/auth/totp", { secret, code }));
      setSecret("");
      return t("totp_done");
    });
  };
  return (
    <section class="card block" aria-labelledby="sec-totp">
      <h2 id="sec-totp">{t("totp_title")}</h2>
      <p class="muted">{t(on ? "totp_on" : "totp_off")}</p>
      <Wrong text={error} />
      {secret ? (
        <form class="line-form" onSubmit={set}>
          <p>
            {t("totp_key")} <code dir="ltr">{secret.replace(/(.{4})/g, "$1 ").trim()}</code>
          </p>
          <div class="field">
            <label for="totp-code">{t("code")}</label>
            <input
              class="box"
              id="totp-code"
              name="totp-code"
              inputmode="numeric"
              autocomplete="one-time-code"
              pattern="[0-9]{6}"
              required
              dir="ltr"
            />
          </div>
          <button type="submit" class="btn primary" disabled={busy}>
            {t("totp_set")}
          </button>
        </form>
      ) : (
        <button type="button" class="btn" disabled={busy} onClick={() => void start()}>
          {t(on ? "totp_again" : "totp_start")}
        </button>
      )}
    </section>
  );
}

function Recovery({ left }: { left: number }) {
  const [error, busy, act] = useAct(KEY, SESSIONS);
  const [codes, setCodes] = useState<string[]>([]);
  const make = (): Promise<void> =>
    act(async () => {
      setCodes((await post<{ codes: string[] }>("/auth/recovery-codes", {})).codes);
      return "";
    });
  return (
    <section class="card block" aria-labelledby="sec-recovery">
      <h2 id="sec-recovery">{t("recovery_title")}</h2>
      <p class="muted">{t("recovery_left", { n: left })}</p>
      <Wrong text={error} />
      {codes.length > 0 && (
        <>
          <p class="note" role="status">
            {t("recovery_once")}
          </p>
          <ul class="codes" dir="ltr">
            {codes.map((c) => (
              <li key={c}>
                <code>{c}</code>
              </li>
            ))}
          </ul>
        </>
      )}
      <button type="button" class="btn" disabled={busy} onClick={() => void make()}>
        {t("recovery_make")}
      </button>
    </section>
  );
}

function Sessions() {
  const { data, error: failed } = useLoad(SESSIONS, () =>
    get<{ sessions: Row[] }>("/auth/sessions"),
  );
  const [error, busy, act] = useAct(KEY, SESSIONS);
  const stop = (r: Row): Promise<void> =>
    act(async () => {
      await call("DELETE", `/auth/sessions/${r.id}`);
      return t("session_ended");
    });
  const everywhere = (): Promise<void> =>
    act(async () => {
      await post("/auth/sign-out-everywhere", {});
      end("");
      return "";
    });
  return (
    <section class="card block" aria-labelledby="sec-sessions">
      <h2 id="sec-sessions">{t("sessions_title")}</h2>
      {failed && !data && <Failed error={failed} retry={() => again(SESSIONS)} />}
      <Wrong text={error} />
      <ul class="plain">
        {(data?.sessions ?? []).map((r) => (
          <li key={r.id} class="row-line">
            <div>
              <strong>
                <bdi>{r.device || t("session_unknown")}</bdi>
              </strong>
              {r.current && ` · ${t("session_this")}`}
              <p class="muted small">
                {t("session_since", { day: fullDate(r.began), time: time(Date.parse(r.began)) })}
              </p>
            </div>
            {!r.current && (
              <button type="button" class="btn small" disabled={busy} onClick={() => void stop(r)}>
                {t("session_end")}
              </button>
            )}
          </li>
        ))}
      </ul>
      <button type="button" class="btn" disabled={busy} onClick={() => void everywhere()}>
        <Icon name="door" />
        {t("sign_out_everywhere")}
      </button>
    </section>
  );
}

export function SecurityPage() {
  const { data, error } = useLoad(KEY, () => get<Security>("/auth/security"));
  return (
    <div class="place security">
      <h1 tabIndex={-1}>{t("security_title")}</h1>
      {!data &&
        (error ? <Failed error={error} retry={() => again(KEY)} /> : <Skeleton lines={6} />)}
      {data && (
        <>
          <Passkeys keys={data.passkeys} />
          <Password />
          <Totp on={data.totp} />
          <Recovery left={data.recovery} />
        </>
      )}
      <Sessions />
    </div>
  );
}
