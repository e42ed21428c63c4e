// What guards a session on the screen: the warning before an unused one ends, and the question who is
// there before a sensitive step. Invariant: nothing that was typed is lost by either.

import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, call } from "../lib/api";
import { t } from "../lib/i18n";
import { heardOf, isTold, touch } from "../lib/idle";
import { hasPasskeys, stepUpByPasskey } from "../lib/passkey";
import { end, type Session, session } from "../lib/session";
import { asking } from "../lib/stepup";
import { Wrong } from "./act";
import { Dialog, errorText } from "./basics";
import { Field } from "./field";
import { leave } from "./leave";

const WARN_S = 120;
const clock = (s: number): string => `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;

/** Seconds left, asked of the server without counting as use: another tab may be busy. */
async function leftNow(): Promise<number> {
  touch(0);
  const me = await call<Session & { left?: number }>("GET", "/auth/me");
  return me.left ?? Number.POSITIVE_INFINITY;
}

function Warning() {
  const rest = session.value?.rest ?? 0;
  const warn = Math.min(WARN_S, Math.floor(rest / 2));
  const [until, setUntil] = useState(0);
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!rest) return;
    let asked = false;
    const timer = setInterval(() => {
      const at = Date.now();
      setNow(at);
      if (until) {
        if (at < until) return;
        end("expired");
      } else if (!isTold(at)) void call("GET", "/auth/me").catch(() => undefined);
      else if (!asked && at - heardOf.peek() > (rest - warn) * 1000) {
        asked = true;
        leftNow()
          .then((left) => {
            if (left > warn) heardOf.value = Date.now() - (rest - left) * 1000;
            else setUntil(Date.now() + left * 1000);
          })
          .catch(() => undefined)
          .finally(() => {
            asked = false;
          });
      }
    }, 1000);
    return () => clearInterval(timer);
  }, [rest, warn, until]);
  if (!until) return null;
  const stay = (): void => {
    touch();
    setUntil(0);
    void call("GET", "/auth/me").catch(() => undefined);
  };
  const left = Math.max(0, Math.ceil((until - now) / 1000));
  return (
    <Dialog title={t("rest_title")} onClose={stay}>
      <p role="timer">{t("rest_text", { left: clock(left) })}</p>
      <div class="acts">
        <button type="button" class="btn primary" onClick={stay}>
          {t("rest_stay")}
        </button>
        <button type="button" class="btn" onClick={() => void leave()}>
          {t("sign_out")}
        </button>
      </div>
    </Dialog>
  );
}

function StepUp() {
  const [error, setError] = useState("");
  const [wantsCode, setWantsCode] = useState(false);
  const [busy, setBusy] = useState(false);
  const code = useRef<HTMLInputElement>(null);
  useEffect(() => code.current?.focus(), [wantsCode]);
  const submit = async (e: SubmitEvent): Promise<void> => {
    e.preventDefault();
    const form = new FormData(e.currentTarget as HTMLFormElement);
    setBusy(true);
    setError("");
    try {
      await call("POST", "/auth/step-up", {
        password: form.get("step-password"),
        ...(wantsCode && { code: String(form.get("step-code")).trim() }),
      });
      asking.value?.(true);
    } catch (err) {
      const said = err as ApiError;
      const code =
        said instanceof ApiError && said.issues.some((i) => i.expression?.includes("code"));
      if (code && !wantsCode) setWantsCode(true);
      else setError(said.status === 401 && !code ? t("signin_refused") : errorText(said));
      setBusy(false);
    }
  };
  const byPasskey = async (): Promise<void> => {
    setBusy(true);
    setError("");
    try {
      if (await stepUpByPasskey()) return asking.value?.(true);
    } catch (err) {
      setError(
        (err as ApiError).status === 401 ? t("signin_passkey_refused") : errorText(err as ApiError),
      );
    }
    setBusy(false);
  };
  return (
    <Dialog title={t("step_title")} onClose={() => asking.value?.(false)}>
      <form class="stack" onSubmit={submit}>
        <p>{t("step_text")}</p>
        <Wrong text={error} />
        {hasPasskeys() && (
          <button
            type="button"
            class="btn primary"
            disabled={busy}
            onClick={() => void byPasskey()}
          >
            {t("step_passkey")}
          </button>
        )}
        <Field
          id="step-password"
          label={t("password")}
          name="step-password"
          type="password"
          autocomplete="current-password"
          required
          dir="ltr"
        />
        {wantsCode && (
          <div class="field">
            <label for="step-code">{t("code")}</label>
            <input
              class="box"
              id="step-code"
              name="step-code"
              inputmode="numeric"
              autocomplete="one-time-code"
              required
              dir="ltr"
              ref={code}
            />
          </div>
        )}
        <div class="acts">
          <button type="submit" class="btn primary" disabled={busy}>
            {t("step_go")}
          </button>
          <button type="button" class="btn" onClick={() => asking.value?.(false)}>
            {t("cancel_step")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

export function Guard() {
  return (
    <>
      <Warning key={session.value?.user} />
      {asking.value && <StepUp />}
    </>
  );
}
