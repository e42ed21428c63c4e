// People who help me: who sees what until when, adding somebody, stopping at once with undo. Nobody
// needs my password: they get a link to an account of their own.

import { useState } from "preact/hooks";
import { Wrong } from "../kit/act";
import { errorText, Failed, Skeleton } from "../kit/basics";
import { Field } from "../kit/field";
import { tell } from "../kit/toast";
import { type ApiError, get, post } from "../lib/api";
import { fullDate, list, t } from "../lib/i18n";
import { again, useLoad } from "../lib/load";
import { me } from "./data";
import { type Offer, Sections, shareWord } from "./shared";

export interface Helper {
  consent: string;
  related: string;
  name: string;
  what: string[];
  until: string;
  state: "invited" | "active" | "stopped" | "ended" | "coming";
  proxy: boolean;
}
interface Told {
  helpers: Helper[];
  offers: Offer[];
}
const DAYS = [7, 30, 90, 365];
const DAY = 86_400_000;
const key = (): string => `Consent|${me()}|helpers`;

export const useHelpers = () => useLoad<Told>(key(), () => get<Told>("/auth/helpers"));

function Row({ h }: { h: Helper }) {
  const [error, setError] = useState("");
  const set = async (what: "stop" | "resume"): Promise<void> => {
    setError("");
    try {
      await post(`/auth/helpers/${what}`, { consent: h.consent });
      if (what === "stop") tell(t("helper_stopped", { name: h.name }), () => void set("resume"));
    } catch (e) {
      setError(errorText(e as ApiError));
    }
    again(key());
  };
  const on = h.state === "active" || h.state === "invited" || h.state === "coming";
  return (
    <li class="card block">
      <h3>
        <bdi>{h.name}</bdi>
      </h3>
      <p>
        {on
          ? `${t("helper_sees", { what: list(h.what.map(shareWord)) })} · ${t(`helper_${h.state}`)} · ${t("helper_until", { day: fullDate(h.until) })}`
          : t(`helper_${h.state}`, { name: h.name })}
      </p>
      {error && (
        <p class="note bad" role="alert">
          <span dir="auto">{error}</span>
        </p>
      )}
      {h.proxy && <p class="muted">{t("helper_proxy")}</p>}
      {on && !h.proxy && (
        <button type="button" class="btn" onClick={() => void set("stop")}>
          {t("helper_stop")} <span class="out-of-sight">{h.name}</span>
        </button>
      )}
    </li>
  );
}

function Link({ link, name, email }: { link: string; name: string; email: string }) {
  const copy = (): void => {
    void navigator.clipboard?.writeText(link).then(() => tell(t("helper_copied")));
  };
  const mail = `mailto:${encodeURIComponent(email)}?subject=${encodeURIComponent("Weft")}&body=${encodeURIComponent(link)}`;
  return (
    <div class="note" role="status">
      <div class="place-in">
        <p>
          <strong>{t("helper_link", { name })}</strong>
        </p>
        <p>
          <code class="break" dir="ltr">
            {link}
          </code>
        </p>
        <div class="acts">
          <button type="button" class="btn" onClick={copy}>
            {t("helper_copy")}
          </button>
          {email && (
            <a class="btn" href={mail}>
              {t("helper_mail")}
            </a>
          )}
        </div>
      </div>
    </div>
  );
}

function Add({ offers, done }: { offers: Offer[]; done: () => void }) {
  const [what, setWhat] = useState(offers.filter((o) => o.preset).map((o) => o.category));
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [days, setDays] = useState(90);
  const [preview, setPreview] = useState(false);
  const [error, setError] = useState("");
  const [link, setLink] = useState("");
  const toggle = (c: string): void =>
    setWhat(what.includes(c) ? what.filter((x) => x !== c) : [...what, c]);
  const share = async (e: SubmitEvent): Promise<void> => {
    e.preventDefault();
    setError("");
    try {
      const until = new Date(Date.now() + days * DAY).toISOString();
      const told = await post<{ link: string }>("/auth/helpers", { name, email, what, until });
      setLink(told.link);
      again(key());
    } catch (err) {
      setError(errorText(err as ApiError));
    }
  };
  if (link)
    return (
      <>
        <Link link={link} name={name} email={email} />
        <button type="button" class="btn" onClick={done}>
          {t("helper_done")}
        </button>
      </>
    );
  return (
    <form class="card block" onSubmit={share}>
      <h2>{t("helper_add")}</h2>
      <Field
        id="helper-name"
        label={t("helper_name")}
        value={name}
        required
        maxLength={100}
        onValue={setName}
      />
      <Field
        id="helper-email"
        label={t("helper_email")}
        type="email"
        value={email}
        dir="ltr"
        onValue={setEmail}
      />
      <fieldset class="plain">
        <legend>{t("helper_what")}</legend>
        {offers.map((o) => (
          <label key={o.category} class="switch">
            <input
              type="checkbox"
              checked={what.includes(o.category)}
              onChange={() => toggle(o.category)}
            />
            <span>{shareWord(o.category)}</span>
          </label>
        ))}
      </fieldset>
      <div class="field">
        <label for="helper-days">{t("helper_how_long")}</label>
        <select
          class="box"
          id="helper-days"
          value={String(days)}
          onChange={(e) => setDays(Number(e.currentTarget.value))}
        >
          {DAYS.map((d) => (
            <option key={d} value={String(d)}>
              {t("helper_days", { n: d })}
            </option>
          ))}
        </select>
      </div>
      <Wrong text={error} />
      <div class="acts">
        <button
          type="button"
          class="btn"
          aria-expanded={preview}
          onClick={() => setPreview(!preview)}
        >
          {t("helper_preview", { name: name || t("helper_them") })}
        </button>
        <button type="submit" class="btn primary" disabled={!what.length}>
          {t("helper_share")}
        </button>
        <button type="button" class="btn quiet" onClick={done}>
          {t("cancel_step")}
        </button>
      </div>
      {preview && (
        <section class="place-in" aria-label={t("helper_preview", { name })}>
          <Sections offers={offers.filter((o) => what.includes(o.category))} patient={me()} />
        </section>
      )}
    </form>
  );
}

export function Helpers() {
  const { data, error } = useHelpers();
  const [adding, setAdding] = useState(false);
  return (
    <div class="place">
      <h1 tabIndex={-1}>{t("helpers_title")}</h1>
      <p class="muted">{t("helpers_lead")}</p>
      {!data && error && <Failed error={error} retry={() => again(key())} />}
      {!data && !error && <Skeleton lines={4} />}
      {data && adding && <Add offers={data.offers} done={() => setAdding(false)} />}
      {data && !adding && (
        <button type="button" class="btn primary" onClick={() => setAdding(true)}>
          {t("helper_add")}
        </button>
      )}
      {data && data.helpers.length === 0 && <p>{t("helpers_none")}</p>}
      <ul class="plain">
        {(data?.helpers ?? []).map((h) => (
          <Row key={h.consent} h={h} />
        ))}
      </ul>
    </div>
  );
}
