// The door of both apps. Passwords may be pasted and managed; nothing has to be remembered or solved.
// When a session has run out it says so, and says that the work is kept.

import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, call } from "../lib/api";
import { LANGS, type Lang, lang, setLanguage, t, wantedLanguage } from "../lib/i18n";
import { hasPasskeys, signInByPasskey } from "../lib/passkey";
import { begin, endReason, expectSession, type Session } from "../lib/session";
import { Wrong } from "./act";
import { Choice, errorText } from "./basics";
import { Field } from "./field";
import { Brand, Icon } from "./icons";

export function LanguageSelect({ id }: { id: string }) {
  return (
    <div class="field">
      <label for={id}>{t("language")}</label>
      <select
        class="box"
        id={id}
        value={lang.value}
        onChange={(e) => void setLanguage(e.currentTarget.value as Lang)}
      >
        {Object.entries(LANGS).map(([code, l]) => (
          <option key={code} value={code} lang={code}>
            {l.name}
          </option>
        ))}
      </select>
    </div>
  );
}

/** The second step: the six digits of an authenticator. The demonstration shows them itself, and one
 * press fills them in. */
function CodeField({ user }: { user: string }) {
  const [shown, setShown] = useState("");
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    input.current?.focus();
    fetch(`/demo/code?user=${encodeURIComponent(user)}`)
      .then((r) => (r.ok ? r.json() : null))
      .then((o: { code?: string } | null) => setShown(o?.code ?? ""))
      .catch(() => setShown(""));
  }, [user]);
  const fillIn = (): void => {
    if (!input.current) return;
    input.current.value = shown;
    input.current.focus();
  };
  return (
    <div class="field">
      <label for="code">{t("code")}</label>
      <input
        class="box"
        id="code"
        name="code"
        inputmode="numeric"
        autocomplete="one-time-code"
        pattern="[0-9]{6}"
        maxLength={6}
        required
        dir="ltr"
        aria-describedby="code-help"
        ref={input}
      />
      <p class="muted" id="code-help">
        {t("signin_code")}
      </p>
      {shown && (
        <p class="note demo-phone">
          <Icon name="phone" />
          <span>{t("signin_demo_code")}</span>
          <button type="button" class="btn small tabular" onClick={fillIn}>
            <bdi>{shown}</bdi>
          </button>
        </p>
      )}
    </div>
  );
}

/** People of the organisation's own provider, when one is set up. The mark lets the page that comes back
 * look for the session. */
function Outside() {
  const [name, setName] = useState("");
  useEffect(() => {
    fetch("/auth/ways")
      .then((r) => (r.ok ? r.json() : null))
      .then((o: { outside?: string } | null) => setName(o?.outside ?? ""))
      .catch(() => setName(""));
  }, []);
  if (!name) return null;
  return (
    <a class="btn" href="/oauth/outside" target="_self" onClick={expectSession}>
      {t("signin_outside", { name })}
    </a>
  );
}

export function SignIn({ title, lead }: { title: string; lead: string }) {
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const [codeFor, setCodeFor] = useState("");
  const [recover, setRecover] = useState(false);
  const enter = async (s: Session): Promise<void> => {
    await setLanguage(wantedLanguage(s.language), false);
    begin(s);
  };
  const byPasskey = async (): Promise<void> => {
    setBusy(true);
    setError("");
    try {
      const s = await signInByPasskey();
      if (s) return await enter(s);
    } catch (err) {
      const refused = err instanceof ApiError && err.status === 401;
      setError(refused ? t("signin_passkey_refused") : errorText(err as ApiError));
    }
    setBusy(false);
  };
  const submit = async (e: SubmitEvent): Promise<void> => {
    e.preventDefault();
    const form = new FormData(e.currentTarget as HTMLFormElement);
    setBusy(true);
    setError("");
    try {
      const user = String(form.get("user")).trim();
      const said = recover
        ? { code: form.get("recovery-code") }
        : {
            password: form.get("password"),
            ...(codeFor && { code: String(form.get("code")).trim() }),
          };
      const path = recover ? "/auth/recover" : "/auth/sign-in";
      await enter(await call<Session>("POST", path, { user, ...said, session: "cookie" }));
    } catch (err) {
      const refused = err instanceof ApiError && (err.status === 401 || err.status === 400);
      const wantsCode =
        err instanceof ApiError && err.issues.some((i) => i.expression?.includes("code"));
      if (wantsCode && !codeFor) setCodeFor(String(form.get("user")).trim());
      else setError(refused && !wantsCode ? t("signin_refused") : errorText(err as ApiError));
      setBusy(false);
    }
  };
  return (
    <main class="door">
      <div class="door-in">
        <span class="brand">
          <Brand word="Weft" />
        </span>
        <form class="card" onSubmit={submit}>
          <div>
            <h1>{title}</h1>
            <p class="muted">{lead}</p>
          </div>
          {endReason.value === "expired" && (
            <p class="note wait" role="status">
              <Icon name="clock" />
              <span>{t("signin_expired")}</span>
            </p>
          )}
          <Wrong text={error} />
          {hasPasskeys() && (
            <>
              <button
                type="button"
                class="btn primary"
                disabled={busy}
                onClick={() => void byPasskey()}
              >
                {t("signin_passkey")}
              </button>
              <p class="muted or">{t("signin_or")}</p>
            </>
          )}
          <Field
            id="user"
            label={t("user_name")}
            name="user"
            autocomplete="username"
            autocapitalize="none"
            spellcheck={false}
            required
            dir="ltr"
          />
          {recover ? (
            <Field
              id="recovery-code"
              label={t("recovery_code")}
              name="recovery-code"
              autocomplete="off"
              autocapitalize="none"
              spellcheck={false}
              required
              dir="ltr"
            />
          ) : (
            <Field
              id="password"
              label={t("password")}
              name="password"
              type="password"
              autocomplete="current-password"
              required
              dir="ltr"
            />
          )}
          {codeFor && !recover && <CodeField user={codeFor} />}
          <button type="submit" class={hasPasskeys() ? "btn" : "btn primary"} disabled={busy}>
            {t("sign_in")}
          </button>
          <button type="button" class="btn quiet" onClick={() => setRecover(!recover)}>
            {t(recover ? "signin_not_recover" : "signin_recover")}
          </button>
          <Outside />
        </form>
        <Choice<Lang>
          legend={t("language")}
          value={lang.value}
          options={Object.entries(LANGS).map(([code, l]) => ({
            value: code as Lang,
            label: l.name,
            lang: code,
          }))}
          onChange={(l) => void setLanguage(l)}
        />
      </div>
    </main>
  );
}
