// Joining as a helper: the link of the invitation opens an account of one's own. The secret stands
// behind the # of the address, which browsers send to nobody.

import { useEffect, useState } from "preact/hooks";
import { Wrong } from "../kit/act";
import { errorText, Skeleton } from "../kit/basics";
import { Field } from "../kit/field";
import { Brand } from "../kit/icons";
import { SignIn } from "../kit/signin";
import { type ApiError, call } from "../lib/api";
import { fullDate, list, t } from "../lib/i18n";
import { addPasskey, hasPasskeys } from "../lib/passkey";
import { go, href } from "../lib/router";
import { begin, type Session, session } from "../lib/session";
import { shareWord } from "./shared";

interface Invitation {
  patient: string;
  name: string;
  email: string;
  until: string;
  what: string[];
}

export function Join() {
  const [secret] = useState(location.hash.slice(1));
  const [told, setTold] = useState<Invitation | null>(null);
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const [known, setKnown] = useState(false);
  useEffect(() => {
    call<Invitation>("POST", "/auth/join/begin", { secret })
      .then(setTold)
      .catch((e) => setError((e as ApiError).status === 404 ? t("join_over") : errorText(e)));
  }, [secret]);
  const join = async (e: SubmitEvent): Promise<void> => {
    e.preventDefault();
    const form = new FormData(e.currentTarget as HTMLFormElement);
    const byKey = (e.submitter as HTMLButtonElement | null)?.value === "passkey";
    const password = byKey ? "" : String(form.get("join-password") ?? "");
    const user = String(form.get("join-user")).trim().toLowerCase();
    setBusy(true);
    setError("");
    try {
      if (!byKey && password.length < 12) throw new Error(t("join_password_short"));
      const s = await call<Session>("POST", "/auth/join", {
        secret,
        user,
        password,
        session: "cookie",
      });
      begin(s);
      go(byKey && !(await addPasskey(t("join_this_device"))) ? "/security" : "/", true);
    } catch (err) {
      setError(
        (err as ApiError).status === undefined
          ? (err as Error).message
          : errorText(err as ApiError),
      );
      setBusy(false);
    }
  };
  const add = async (): Promise<void> => {
    setBusy(true);
    setError("");
    try {
      begin(await call<Session>("POST", "/auth/join/more", { secret }));
      location.replace(href("/"));
    } catch (err) {
      setError(errorText(err as ApiError));
      setBusy(false);
    }
  };
  const mine = session.value?.role === "helper" ? session.value.user : "";
  if (known && !session.value) return <SignIn title={t("sign_in")} lead={t("join_known_lead")} />;
  return (
    <main class="door">
      <div class="door-in">
        <span class="brand">
          <Brand word="Weft" />
        </span>
        <form class="card" onSubmit={join}>
          <h1>{told ? t("join_title", { name: told.patient }) : t("join_wait")}</h1>
          {!told && !error && <Skeleton />}
          <Wrong text={error} />
          {told && (
            <>
              <p>
                {t("join_what", {
                  what: list(told.what.map(shareWord)),
                  day: fullDate(told.until),
                })}
              </p>
              {mine ? (
                <button
                  type="button"
                  class="btn primary"
                  disabled={busy}
                  onClick={() => void add()}
                >
                  {t("join_more", { user: mine })}
                </button>
              ) : (
                <button type="button" class="btn" onClick={() => setKnown(true)}>
                  {t("join_known")}
                </button>
              )}
              <p class="muted">{t("join_own")}</p>
              <Field
                id="join-user"
                label={t("join_user")}
                name="join-user"
                autocomplete="username"
                autocapitalize="none"
                spellcheck={false}
                required
                dir="ltr"
                defaultValue={told.email.toLowerCase()}
              />
              {hasPasskeys() && (
                <>
                  <button type="submit" value="passkey" class="btn primary" disabled={busy}>
                    {t("join_passkey")}
                  </button>
                  <p class="muted or">{t("signin_or")}</p>
                </>
              )}
              <Field
                id="join-password"
                label={t("password_new")}
                name="join-password"
                type="password"
                autocomplete="new-password"
                dir="ltr"
              />
              <button type="submit" value="password" class="btn" disabled={busy}>
                {t("join_password")}
              </button>
            </>
          )}
        </form>
      </div>
    </main>
  );
}
