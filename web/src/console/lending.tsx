// A role lent to a colleague until a time: what I lent and can take back, what was lent to me and can be worked in.
// Whoever works in a lent role stands in the trail under their own name.
import { useAct, Wrong } from "../kit/act";
import { Empty, Failed, Skeleton } from "../kit/basics";
import { Field } from "../kit/field";
import { call, get, post } from "../lib/api";
import { fullDate, t, time } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { go } from "../lib/router";
import { begin, type Session, session } from "../lib/session";
import { roleWord } from "./accounts";

interface Lent {
  from: string;
  to: string;
  role: string;
  until: string;
  reason: string;
}

const KEY = "Lent|*|all";
const HOURS = [4, 12, 24, 72, 168, 336];
const HOUR_MS = 3_600_000;

function Lend() {
  const [error, busy, act] = useAct(KEY);
  const lend = (e: SubmitEvent): void => {
    e.preventDefault();
    const form = e.currentTarget as HTMLFormElement;
    const data = new FormData(form);
    const until = new Date(Date.now() + Number(data.get("hours")) * HOUR_MS).toISOString();
    void act(async () => {
      await post("/auth/lent", {
        to: String(data.get("to")).trim(),
        until,
        reason: data.get("reason"),
      });
      form.reset();
      return t("le_done");
    });
  };
  return (
    <form class="card block" onSubmit={lend} aria-labelledby="le-new">
      <h2 id="le-new">{t("le_new")}</h2>
      <Field id="le-to" label={t("le_to")} name="to" autocomplete="off" required dir="ltr" />
      <div class="field">
        <label for="le-hours">{t("le_hours")}</label>
        <select class="box" id="le-hours" name="hours">
          {HOURS.map((h) => (
            <option key={h} value={h} selected={h === 12}>
              {h < 48 ? t("le_n_hours", { n: h }) : t("le_n_days", { n: h / 24 })}
            </option>
          ))}
        </select>
      </div>
      <Field
        id="le-reason"
        label={t("le_reason")}
        name="reason"
        maxLength={200}
        required
        dir="auto"
      />
      <Wrong text={error} />
      <button type="submit" class="btn primary" disabled={busy}>
        {t("le_lend")}
      </button>
    </form>
  );
}

function Row({ l }: { l: Lent }) {
  const [error, busy, act] = useAct(KEY);
  const mine = l.from === session.value!.user;
  const back = (): Promise<void> =>
    act(async () => {
      await post("/auth/lent", { to: l.to, until: new Date(0).toISOString() });
      return t("le_taken");
    });
  const use = (): Promise<void> =>
    act(async () => {
      begin(await call<Session>("POST", "/auth/act-for", { from: l.from }));
      go("/");
      return t("le_acting", { who: l.from });
    });
  return (
    <li class="card block">
      <p>
        <strong>{roleWord(l.role)}</strong> · <bdi>{l.from}</bdi> {"→"} <bdi>{l.to}</bdi> ·{" "}
        <span class="tabular">
          {t("le_until", { when: `${fullDate(l.until)} ${time(l.until)}` })}
        </span>
      </p>
      {l.reason && (
        <p class="muted" dir="auto">
          {l.reason}
        </p>
      )}
      <Wrong text={error} />
      <button
        type="button"
        class="btn"
        disabled={busy}
        onClick={() => void (mine ? back() : use())}
      >
        {t(mine ? "le_back" : "le_use")}
      </button>
    </li>
  );
}

export function LendingPage() {
  const lent = useLoad<{ lent: Lent[] }>(KEY, () => get<{ lent: Lent[] }>("/auth/lent"));
  return (
    <div class="page narrow">
      <header class="page-head">
        <h1>{t("le_title")}</h1>
        <p class="muted">{t("le_lead")}</p>
      </header>
      <Lend />
      {lent.error && <Failed error={lent.error} />}
      {!lent.data && !lent.error && <Skeleton lines={3} />}
      {lent.data?.lent.length === 0 && <Empty icon="people" title={t("le_none")} />}
      <ul class="plain">
        {lent.data?.lent.map((l) => (
          <Row key={`${l.from} ${l.to}`} l={l} />
        ))}
      </ul>
    </div>
  );
}
