// How a patient may be reached, as they said it: yes or no to each channel, quiet hours, a pause, topics; a consent
// written down with its evidence; and a link with which the patient sets it without signing in. The server decides.
import { useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { Choice, Dialog } from "../kit/basics";
import { Area, Field, textOf } from "../kit/field";
import { Icon } from "../kit/icons";
import { get, post } from "../lib/api";
import { fullDate, list, t, wordOf } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { session } from "../lib/session";
import { budgetKey } from "./budget";
import { Part2 } from "./part2";

interface Wishes {
  pausedUntil?: string;
  quietFrom?: string;
  quietUntil?: string;
  refused: string[];
  /** topics that nobody calls about */
  noCalls: string[];
  ways: Record<string, string>;
  reach: string[];
  sms?: boolean;
  email?: boolean;
  push?: boolean;
  letter?: boolean;
  voice?: boolean;
}
const CHANNELS = ["sms", "email", "push", "letter", "voice"] as const;
type Channel = (typeof CHANNELS)[number];
const HOWS = ["oral", "written", "web", "keypad"] as const;
type How = (typeof HOWS)[number];
/** What there is a number or address for; calls are of the number that gets texts. */
const waysOf = (reach: string[]): Channel[] =>
  CHANNELS.filter((c) => reach.includes(c === "voice" ? "sms" : c));
/** Of which a yes is written down; a letter needs none, and a device says it itself. */
const ASKED = ["sms", "email", "voice"] as const;
const PURPOSES = ["care", "appointment", "marketing"] as const;
/** What a written consent has to hold (47 CFR 64.1200(f)(9)); the server names what lacks. */
const ELEMENTS = [
  "signature",
  "seller_name",
  "phone_number",
  "automated_tech_authorisation",
  "not_condition_of_purchase",
] as const;
const keyOf = (patient: string): string => `Consent|${patient}|reach`;
export const topic = (code: string): string => wordOf("rc_t_", code);
/** What the preference centre asks about (portal/wishes.tsx). */
export const TOPICS = [
  "appointment_or_exam_confirm_remind",
  "home_healthcare_instructions",
  "prescription_notification",
  "lab_results",
  "wellness_checkup",
];

function Lines({ of }: { of: Wishes }) {
  const said = (c: Channel): string => {
    if (of[c] === false) return t("rc_no");
    if (of[c] === true) return t("rc_yes");
    return t(c === "letter" || c === "voice" ? "rc_unless" : "rc_unasked");
  };
  const ways = waysOf(of.reach);
  const topics = Object.entries(of.ways).map(([code, way]) =>
    t("rc_by", { topic: topic(code), way: t(`cp_ch_${way as Channel}`) }),
  );
  return (
    <>
      <ul>
        {CHANNELS.filter((c) => ways.includes(c) || of[c] !== undefined).map((c) => (
          <li key={c}>
            <span>{t(`cp_ch_${c}`)}</span>
            <span class={of[c] === false ? "strong" : "muted"}>{said(c)}</span>
          </li>
        ))}
      </ul>
      {of.pausedUntil && <p class="strong">{t("rc_paused", { day: fullDate(of.pausedUntil) })}</p>}
      {of.quietFrom && of.quietUntil && (
        <p>{t("rc_quiet", { from: of.quietFrom, until: of.quietUntil })}</p>
      )}
      {of.refused.length > 0 && <p>{t("rc_refused", { topics: list(of.refused.map(topic)) })}</p>}
      {of.noCalls.length > 0 && (
        <p class="strong">{t("rc_no_calls_about", { topics: list(of.noCalls.map(topic)) })}</p>
      )}
      {topics.map((w) => (
        <p key={w}>{w}</p>
      ))}
    </>
  );
}

/** A link for this patient alone; whoever makes it can only take away with it. */
function Link({ patient }: { patient: string }) {
  const [link, setLink] = useState<{ link: string; until: string } | null>(null);
  const [error, busy, act] = useAct();
  const make = (): void =>
    void act(async () => {
      setLink(await post(`/fhir/Patient/${patient}/$contact-link`, {}));
      return "";
    });
  return (
    <>
      <button type="button" class="btn" disabled={busy} onClick={make}>
        {t("rc_link")}
      </button>
      {link && (
        <div class="field">
          <label for="rc-link">{t("rc_link_is", { day: fullDate(link.until) })}</label>
          <input
            class="box"
            id="rc-link"
            dir="ltr"
            readOnly
            value={link.link}
            onFocus={(e) => e.currentTarget.select()}
          />
        </div>
      )}
      <Wrong text={error} />
    </>
  );
}

function Boxes<T extends string>({
  legend,
  of,
  word,
  chosen,
  onChange,
}: {
  legend: string;
  of: readonly T[];
  word: (v: T) => string;
  chosen: T[];
  onChange: (v: T[]) => void;
}) {
  return (
    <fieldset class="plain">
      <legend>{legend}</legend>
      {of.map((v) => (
        <label key={v} class="switch">
          <input
            type="checkbox"
            checked={chosen.includes(v)}
            onChange={(e) =>
              onChange(e.currentTarget.checked ? [...chosen, v] : chosen.filter((x) => x !== v))
            }
          />
          <span>{word(v)}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** Nothing is ticked beforehand; what the rulebook finds missing is told and nothing is kept. */
function ConsentDialog({
  patient,
  noCalls,
  onClose,
}: {
  patient: string;
  noCalls: string[];
  onClose: () => void;
}) {
  const [how, setHow] = useState<How>("oral");
  const [channel, setChannel] = useState<(typeof ASKED)[number]>("sms");
  const [purposes, setPurposes] = useState<(typeof PURPOSES)[number][]>([]);
  const [elements, setElements] = useState<(typeof ELEMENTS)[number][]>([]);
  const [formal, setFormal] = useState(false);
  const [lifted, setLifted] = useState<string[]>([]);
  const topics = channel === "voice" ? lifted : [];
  const [error, busy, act] = useAct(keyOf(patient), budgetKey(patient));
  const written = formal && how !== "oral";
  const keep = (e: Event): void => {
    e.preventDefault();
    const form = new FormData(e.currentTarget as HTMLFormElement);
    void act(async () => {
      await post(`/fhir/Patient/${patient}/$consent`, {
        how,
        channel,
        ...(topics.length ? { topics } : { purposes }),
        type: written ? "prior_express_written_consent" : "prior_express_consent",
        elements: written ? elements : [],
        evidence: textOf(form, "evidence"),
        affirmative: form.get("affirmative") === "on",
        granular: form.get("granular") === "on",
        separate: form.get("separate") === "on",
        ...(textOf(form, "until") && { until: textOf(form, "until") }),
      });
      onClose();
      return t("rc_kept");
    });
  };
  return (
    <Dialog title={t("rc_write")} onClose={onClose}>
      <form class="stack" onSubmit={keep}>
        <Choice<How>
          legend={t("rc_how")}
          value={how}
          options={HOWS.map((h) => ({ value: h, label: t(`rc_h_${h}`) }))}
          onChange={setHow}
        />
        <Choice<(typeof ASKED)[number]>
          legend={t("rc_for")}
          value={channel}
          options={ASKED.map((c) => ({ value: c, label: t(`cp_ch_${c}`) }))}
          onChange={setChannel}
        />
        {channel === "voice" && noCalls.length > 0 && (
          <Boxes
            legend={t("rc_calls_again")}
            of={noCalls}
            word={topic}
            chosen={lifted}
            onChange={setLifted}
          />
        )}
        {topics.length === 0 && (
          <Boxes
            legend={t("rc_about")}
            of={PURPOSES}
            word={(p) => t(`rc_p_${p}`)}
            chosen={purposes}
            onChange={setPurposes}
          />
        )}
        {how !== "oral" && (
          <label class="switch">
            <input
              type="checkbox"
              checked={formal}
              onChange={(e) => setFormal(e.currentTarget.checked)}
            />
            <span>{t("rc_formal")}</span>
          </label>
        )}
        {written && (
          <Boxes
            legend={t("rc_elements")}
            of={ELEMENTS}
            word={(x) => t(`rc_e_${x}`)}
            chosen={elements}
            onChange={setElements}
          />
        )}
        <Area
          id="rc-evidence"
          name="evidence"
          label={t("rc_evidence")}
          rows={3}
          maxLength={8000}
          required
          dir="auto"
        />
        {(["affirmative", "granular", "separate"] as const).map((name) => (
          <label key={name} class="switch">
            <input type="checkbox" name={name} />
            <span>{t(`rc_${name}`)}</span>
          </label>
        ))}
        {topics.length === 0 && (
          <Field id="rc-until" name="until" type="date" label={t("rc_until")} />
        )}
        <Wrong text={error} />
        <div class="dialog-end">
          <button type="button" class="btn" onClick={onClose}>
            {t("cancel")}
          </button>
          <button
            type="submit"
            class="btn primary"
            disabled={busy || purposes.length + topics.length === 0}
          >
            {t("rc_keep")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** A no is kept as it was said: to one way, for every purpose, of calls also for some; nothing more is asked. */
function NoDialog({
  patient,
  ways,
  onClose,
}: {
  patient: string;
  ways: Channel[];
  onClose: () => void;
}) {
  const [how, setHow] = useState<How>("oral");
  const [channel, setChannel] = useState<Channel | "">("");
  const [topics, setTopics] = useState<string[]>([]);
  const [error, busy, act] = useAct(keyOf(patient), budgetKey(patient));
  const keep = (e: Event): void => {
    e.preventDefault();
    const form = new FormData(e.currentTarget as HTMLFormElement);
    void act(async () => {
      await post(`/fhir/Patient/${patient}/$consent`, {
        no: true,
        how,
        channel,
        ...(channel === "voice" && topics.length > 0 && { topics }),
        evidence: textOf(form, "evidence"),
      });
      onClose();
      return t("rc_no_kept");
    });
  };
  return (
    <Dialog title={t("rc_write_no")} onClose={onClose}>
      <form class="stack" onSubmit={keep}>
        <p aria-hidden="true">{t("rc_no_to")}</p>
        <Choice<Channel | "">
          legend={t("rc_no_to")}
          value={channel}
          options={ways.map((c) => ({ value: c, label: t(`cp_ch_${c}`) }))}
          onChange={setChannel}
        />
        {channel === "voice" && (
          <>
            {topics.length === 0 && <p class="muted">{t("rc_no_calls_lead")}</p>}
            <Boxes
              legend={t("rc_no_calls_only")}
              of={TOPICS}
              word={topic}
              chosen={topics}
              onChange={setTopics}
            />
          </>
        )}
        <p aria-hidden="true">{t("rc_no_how")}</p>
        <Choice<How>
          legend={t("rc_no_how")}
          value={how}
          options={HOWS.map((h) => ({ value: h, label: t(`rc_h_${h}`) }))}
          onChange={setHow}
        />
        <Area
          id="rc-no-evidence"
          name="evidence"
          label={t("rc_no_evidence")}
          rows={2}
          maxLength={8000}
          required
          dir="auto"
        />
        <Wrong text={error} />
        <div class="dialog-end">
          <button type="button" class="btn" onClick={onClose}>
            {t("cancel")}
          </button>
          <button type="submit" class="btn primary" disabled={busy || !channel}>
            {t("rc_no_keep")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

export function Reach({ id }: { id: string }) {
  const [open, setOpen] = useState<"yes" | "no" | "">("");
  const close = (): void => setOpen("");
  const { data } = useLoad<Wishes>(keyOf(id), () =>
    get<Wishes>(`/fhir/Patient/${id}/$preferences`),
  );
  if (!data) return null;
  return (
    <section class="card facts-list" aria-labelledby="rc">
      <h2 id="rc">
        <Icon name="message" />
        {t("rc_title")}
      </h2>
      <Lines of={data} />
      {session.value?.role === "nurse" && (
        <div class="case-acts">
          <button type="button" class="btn" onClick={() => setOpen("yes")}>
            {t("rc_write")}
          </button>
          <button type="button" class="btn" onClick={() => setOpen("no")}>
            {t("rc_write_no")}
          </button>
          <Link patient={id} />
        </div>
      )}
      <Part2 patient={id} />
      {open === "yes" && <ConsentDialog patient={id} noCalls={data.noCalls} onClose={close} />}
      {open === "no" && <NoDialog patient={id} ways={waysOf(data.reach)} onClose={close} />}
    </section>
  );
}
