// The door of both apps. Passwords may be pasted and managed; nothing has to be remembered or solved.
// When a session has run out it says so, and says that the work is kept.
import { useState } from "preact/hooks";
import { ApiError, call } from "../lib/api";
import { LANGS, type Lang, lang, setLanguage, t, wantedLanguage } from "../lib/i18n";
import { begin, endReason, type Session } from "../lib/session";
import { Choice, errorText } from "./basics";
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

export function SignIn({ title, lead }: { title: string; lead: string }) {
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (e: SubmitEvent): Promise<void> => {
    e.preventDefault();
    const form = new FormData(e.currentTarget as HTMLFormElement);
    setBusy(true);
    setError("");
    try {
      const s = await call<Session>("POST", "/auth/sign-in", {
        user: String(form.get("user")).trim(),
        password: form.get("password"),
      });
      await setLanguage(wantedLanguage(s.language), false);
      begin(s);
    } catch (err) {
      const refused = err instanceof ApiError && (err.status === 401 || err.status === 400);
      setError(refused ? t("signin_refused") : errorText(err as ApiError));
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
          {error && (
            <p class="note bad" role="alert">
              <Icon name="warn" />
              <span dir="auto">{error}</span>
            </p>
          )}
          <div class="field">
            <label for="user">{t("user_name")}</label>
            <input
              class="box"
              id="user"
              name="user"
              autocomplete="username"
              autocapitalize="none"
              spellcheck={false}
              required
              dir="ltr"
            />
          </div>
          <div class="field">
            <label for="password">{t("password")}</label>
            <input
              class="box"
              id="password"
              name="password"
              type="password"
              autocomplete="current-password"
              required
              dir="ltr"
            />
          </div>
          <button type="submit" class="btn primary" disabled={busy}>
            {t("sign_in")}
          </button>
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
