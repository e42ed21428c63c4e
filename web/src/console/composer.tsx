// The conversation and the composer. While someone writes, the server is asked whether the message may
// go and how it would arrive; the button says what pressing it does now. What may not be sent cannot
// be sent, and every refusal names its rule. Sending can be taken back for ten seconds.
import { useEffect, useRef, useState } from "preact/hooks";
import { errorText, Keys } from "../kit/basics";
import { Icon, type IconName } from "../kit/icons";
import { tell } from "../kit/toast";
import { type ApiError, call, get, issueText, post } from "../lib/api";
import { draft, keepDraft } from "../lib/drafts";
import {
  type Communication,
  type Extension,
  firstName,
  type OutcomeIssue,
  type Patient,
} from "../lib/fhir";
import {
  dayTime,
  dayTimeInText,
  has,
  type Key,
  LANGS,
  lang,
  number,
  startOfDay,
  t,
  time,
} from "../lib/i18n";
import { useCommands } from "../lib/keys";
import { changed, useLoad } from "../lib/load";
import { readMark } from "../lib/read";
import { byPhone, saidIn } from "../lib/said";
import { ContactBudget } from "./budget";
import { isInbound, timeOf, useMessages, usePatient } from "./data";

interface Template {
  code: string;
  purpose: string;
  channel: string;
  language: string;
  title: string;
  text: string;
  subject: string;
}
export interface Check {
  verdict: {
    decision: string;
    fired?: string[];
    /** Sentences of what has to be done, in the reader's language. */
    asks?: string[];
    why?: string[];
    /** The same sentences, by language. */
    translation?: Record<string, string[]>;
    missing?: string[];
    hold?: { kinds?: string[]; until?: string | number };
  };
  channel?: string;
  to?: string;
  recipient?: string;
  /** Why this channel, by language. */
  because?: Record<string, string>;
  language?: string;
  text?: string;
  subject?: string;
  encoding?: string;
  segments?: number;
  characters?: number;
  grade?: number | null;
  sendAt?: string | number;
}
interface Draft {
  channel: "" | "sms" | "email" | "push" | "letter";
  language: string;
  template: string;
  purpose: string;
  subject: string;
  text: string;
  /** Without an answer it goes by another way, at last a person calls. */
  asks: boolean;
  /** The words stay in the portal; what goes out says only that they are there. */
  portal: boolean;
}
const BLANK: Draft = {
  channel: "",
  language: "",
  template: "",
  purpose: "care",
  subject: "",
  text: "",
  asks: false,
  portal: false,
};
const DEBOUNCE_MS = 300;
const FIRST_REASONS = 3;
const UNDO_MS = 10_000;
const CHANNEL_ICON: Record<string, IconName> = { sms: "phone", email: "mail", letter: "mail" };

function statusWord(c: Communication): string {
  const key = `st_${c.status}`;
  return isInbound(c) || !has(key) ? "" : t(key as Key);
}
function channelWord(c: Communication): string {
  const code =
    c.medium?.[0]?.coding?.[0]?.code?.toLowerCase() ?? c.medium?.[0]?.text?.toLowerCase() ?? "";
  if (byPhone(c)) return t("in_by_phone");
  if (code.includes("sms")) return t("via_sms");
  if (code.includes("mail")) return t("via_email");
  if (code === "letter" || code === "push") return t(`via_${code}`);
  return code ? t("via_portal") : "";
}

const PORTAL_NOTICE = "https://weft.health/fhir/StructureDefinition/portal-notice";
const UNDERSTOOD = "https://weft.health/fhir/StructureDefinition/understood";

/** What a question's answer was taken for, how surely and by which rule. */
function meaningOf(c: Communication): string {
  const parts = c.extension?.find((e) => e.url === UNDERSTOOD)?.extension;
  const part = (name: string): Extension | undefined => parts?.find((e) => e.url === name);
  if (!parts) return "";
  const n = number(part("confidence")?.valueInteger ?? 0);
  const what = part("meaning")?.valueString;
  const by = part("matched")?.valueString ?? "";
  return what ? t("understood", { what, n, by }) : t("understood_not", { n });
}

/** Whom the patient named to get their messages: who got this one, or wrote it. */
function helperOf(c: Communication): string {
  const who = isInbound(c) ? c.sender : c.recipient?.[0];
  if (!who?.reference?.startsWith("RelatedPerson/")) return "";
  return t(isInbound(c) ? "from_helper" : "to_helper", { who: who.display ?? t("helper_unnamed") });
}

const keptOf = (c: Communication): string =>
  c.extension?.some((e) => e.url === PORTAL_NOTICE) ? t("msg_in_portal") : "";
/** It goes instead of one that did not arrive or was not answered. */
const insteadOf = (c: Communication): string => (c.partOf?.length ? t("msg_again") : "");

/** When they looked at it, and who, when it was a helper; how, when it was not in the portal. */
function readWord(c: Communication): string {
  const mark = readMark(c);
  if (!mark) return "";
  const sameDay = startOfDay(mark.at) === startOfDay(timeOf(c));
  const when = sameDay ? time(mark.at) : dayTimeInText(mark.at);
  if (mark.by.startsWith("RelatedPerson/"))
    return t("read_by", { who: mark.who || t("helper_unnamed"), time: when });
  return t(mark.how === "link" ? "read_link" : "read_at", { time: when });
}

export function Thread({ patient }: { patient: string }) {
  const { data } = useMessages(patient);
  const end = useRef<HTMLOListElement>(null);
  useEffect(() => {
    const list = end.current;
    if (list) list.scrollTop = list.scrollHeight;
  }, [data?.length]);
  return (
    <section class="thread card" aria-label={t("messages")}>
      <h2>
        <Icon name="message" />
        {t("messages")}
      </h2>
      {data?.length === 0 && <p class="muted">{t("messages_none")}</p>}
      {!!data?.length && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
        <ol ref={end} tabIndex={0} aria-label={t("messages")}>
          {data.map((c) => (
            <li key={c.id} class={`${isInbound(c) ? "said in" : "said out"} is-${c.status}`}>
              <p dir="auto">{saidIn(c)}</p>
              <p class="said-meta">
                {[
                  channelWord(c),
                  helperOf(c),
                  insteadOf(c),
                  keptOf(c),
                  dayTime(timeOf(c)),
                  statusWord(c),
                  readWord(c),
                  meaningOf(c),
                ]
                  .filter(Boolean)
                  .join(" · ")}
              </p>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

/** Asks the server 300 ms after the last change; only the newest answer counts. */
function useCheck(body: object | null): { check: Check | null; busy: boolean; error: string } {
  const [state, setState] = useState<{ check: Check | null; busy: boolean; error: string }>({
    check: null,
    busy: false,
    error: "",
  });
  const key = JSON.stringify(body);
  useEffect(() => {
    if (!body) {
      setState({ check: null, busy: false, error: "" });
      return;
    }
    let late = false;
    setState((s) => ({ ...s, busy: true }));
    const timer = setTimeout(async () => {
      try {
        const check = await post<Check>("/fhir/Communication/$check", body);
        if (!late) setState({ check, busy: false, error: "" });
      } catch (e) {
        if (!late) setState({ check: null, busy: false, error: errorText(e as ApiError) });
      }
    }, DEBOUNCE_MS);
    return () => {
      late = true;
      clearTimeout(timer);
    };
  }, [key]);
  return state;
}

interface Say {
  kind: "good" | "bad" | "wait" | "";
  icon: IconName;
  title: string;
  can: boolean;
  button: string;
}
export function sayOf(check: Check | null, now = Date.now()): Say {
  const none: Say = {
    kind: "",
    icon: "clock",
    title: t("v_idle"),
    can: false,
    button: t("send_now"),
  };
  if (!check) return none;
  const { decision, hold } = check.verdict;
  if (decision === "allow")
    return { kind: "good", icon: "check", title: t("v_allow"), can: true, button: t("send_now") };
  if (decision === "hold_until") {
    const time = dayTimeInText(hold?.until ?? check.sendAt ?? "", now);
    return {
      kind: "wait",
      icon: "clock",
      title: t("v_hold", { time }),
      can: true,
      button: t("send_at", { time }),
    };
  }
  const title = t(decision === "require" ? "v_require" : "v_deny");
  return { kind: "bad", icon: "stop", title, can: false, button: t("send_cannot") };
}

function Verdict({ check, busy, error }: { check: Check | null; busy: boolean; error: string }) {
  if (error)
    return (
      <p class="note bad" role="alert" dir="auto">
        {error}
      </p>
    );
  const say = sayOf(check);
  if (!check || !say.kind)
    return <p class="muted fine verdict-idle">{busy ? t("v_checking") : t("v_idle")}</p>;
  const { fired = [], missing = [], asks = [] } = check.verdict;
  const why = check.verdict.translation?.[lang.value] ?? check.verdict.why ?? [];
  const paired = why.length === fired.length;
  return (
    <div class={`note verdict ${say.kind}${busy ? " stale" : ""}`} role="status">
      <Icon name={say.icon} />
      <div>
        <p>
          <strong>{say.title}</strong>
        </p>
        {say.kind === "good" ? null : (
          <ul>
            {why.slice(0, FIRST_REASONS).map((w, i) => (
              <li key={i}>
                <span dir="auto">{w}</span> {paired && <code>{fired[i]}</code>}
              </li>
            ))}
          </ul>
        )}
        {fired.length === 0 && why.length === 0 ? (
          <p>{t("v_clear")}</p>
        ) : (
          <details class="fine">
            <summary>{t("v_rules", { n: fired.length })}</summary>
            <ul>
              {why.slice(say.kind === "good" ? 0 : FIRST_REASONS).map((w, i) => (
                <li key={i} dir="auto">
                  {w}
                </li>
              ))}
            </ul>
            <p>
              {fired.map((f) => (
                <code key={f}>{f} </code>
              ))}
            </p>
            {missing.length > 0 && (
              <p>
                {t("v_missing")}{" "}
                {missing.map((m) => (
                  <code key={m}>{m} </code>
                ))}
              </p>
            )}
            {asks.length > 0 && (
              <>
                <p>
                  <strong>{t("v_do")}</strong>
                </p>
                <ul>
                  {asks.map((a) => (
                    <li key={a} dir="auto">
                      {a}
                    </li>
                  ))}
                </ul>
              </>
            )}
          </details>
        )}
      </div>
    </div>
  );
}

function Measures({ check }: { check: Check }) {
  const grade = typeof check.grade === "number" ? check.grade : null;
  const sms = check.channel === "sms";
  return (
    <p class="fine muted measures">
      <span>
        <Icon name={CHANNEL_ICON[check.channel ?? ""] ?? "message"} />
        <bdi dir="ltr">{check.to}</bdi>
      </span>
      {check.recipient && <span class="strong">{t("to_helper", { who: check.recipient })}</span>}
      {sms && check.segments !== undefined && (
        <span class={check.segments > 2 ? "sev-high strong" : ""}>
          {t("parts", { n: check.segments })} · {check.encoding}
        </span>
      )}
      {check.because && <span dir="auto">{check.because[lang.value] ?? check.because.en}</span>}
      {check.characters !== undefined && <span>{t("characters", { n: check.characters })}</span>}
      {grade !== null && (
        <span class={grade > 6 ? "sev-high strong" : ""}>
          {t(grade > 6 ? "grade_high" : "grade", { n: number(grade) })}
        </span>
      )}
    </p>
  );
}

function Refused({ issues }: { issues: OutcomeIssue[] }) {
  return (
    <div class="note bad" role="alert">
      <Icon name="stop" />
      <div>
        <p>
          <strong>{t("refused")}</strong>
        </p>
        <ul>
          {issues.map((i, n) => (
            <li key={n}>
              <span dir="auto">{issueText(i)}</span>{" "}
              {i.diagnostics && <code>{i.details?.text}</code>}
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

function loadDraft(key: string): Draft {
  try {
    return { ...BLANK, ...(JSON.parse(draft(key) || "{}") as Partial<Draft>) };
  } catch {
    return BLANK;
  }
}
const newKey = (): string => crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;

/** The channel of the contact with the best rank, as the server chooses it. */
function preferredChannel(p: Patient | undefined): "sms" | "email" {
  const usable = (p?.telecom ?? [])
    .filter((c) => c.use !== "old" && ["phone", "sms", "email"].includes(c.system ?? ""))
    .sort((a, b) => (a.rank ?? 100) - (b.rank ?? 100));
  return usable[0]?.system === "email" ? "email" : "sms";
}

export function Composer({ patient, task }: { patient: string; task: string | null }) {
  const draftKey = `message.${patient}`;
  const [d, setDraft] = useState<Draft>(() => loadDraft(draftKey));
  const [failed, setFailed] = useState<ApiError | null>(null);
  const sending = useRef("");
  const { data: person } = usePatient(patient);
  const own = person?.communication?.[0]?.language.coding?.[0]?.code?.split("-")[0] ?? "en";
  const wanted = d.language || own;
  const preferred = preferredChannel(person);
  const templates = useLoad<Template[]>(`Template|*|${wanted}`, () =>
    get<Template[]>(`/fhir/Communication/$templates?language=${wanted}`),
  );
  // The message is in the patient's language, the names of its templates in the reader's.
  const named = useLoad<Template[]>(`Template|*|${lang.value}`, () =>
    get<Template[]>(`/fhir/Communication/$templates?language=${lang.value}`),
  );
  const titles = new Map(named.data?.map((x) => [x.code, x.title]));
  const set = (part: Partial<Draft>): void => {
    const next = { ...d, ...part };
    setDraft(next);
    setFailed(null);
    keepDraft(draftKey, next.text || next.subject ? JSON.stringify(next) : "");
  };
  const ask = { ...d, patient, task: task ?? "" };
  // Whether it may go does not hang on an answer being asked for: no second check for a tick.
  const body = d.text.trim() ? { ...ask, asks: undefined } : null;
  const { check, busy, error } = useCheck(body);
  const say = sayOf(check);
  const ready = say.can && !busy && !!body;

  const takeBack = async (c: Communication, kept: Draft): Promise<void> => {
    try {
      await call("POST", `/fhir/Communication/${c.id}/$undo`, {});
      setDraft(kept);
      tell(t("undone"));
    } catch (e) {
      tell(errorText(e as ApiError));
    }
    changed("Communication", patient);
  };
  const send = async (): Promise<void> => {
    if (!ready || sending.current) return;
    sending.current = newKey();
    try {
      const c = await post<Communication>("/fhir/Communication/$send", {
        ...ask,
        key: sending.current,
      });
      const kept = d;
      set(BLANK);
      const held = say.kind === "wait";
      const time = dayTimeInText(check?.verdict.hold?.until ?? check?.sendAt ?? "");
      tell(held ? t("sent_held", { time }) : t("sent"), () => void takeBack(c, kept), UNDO_MS);
    } catch (e) {
      setFailed(e as ApiError);
    }
    sending.current = "";
    changed("Communication", patient);
    changed("Task", patient);
  };
  const pick = (code: string, channel = d.channel): void => {
    const all = (templates.data ?? []).filter((x) => x.code === code);
    const found = all.find((x) => x.channel === (channel || preferred)) ?? all[0];
    if (!found) {
      set({ template: "", channel });
      return;
    }
    set({
      template: code,
      channel,
      text: found.text.replaceAll("…", firstName(person)),
      subject: found.subject ?? "",
      purpose: found.purpose || "care",
    });
  };
  useCommands([
    {
      id: "reply",
      keys: "r",
      label: t("cmd_reply"),
      run: () => document.getElementById("message")?.focus(),
    },
    { id: "send", keys: "mod+enter", label: t("cmd_send"), run: () => void send(), always: true },
  ]);
  const email = ["email", "letter"].includes(d.channel || check?.channel || "");
  return (
    <section class="composer card no-print" aria-label={t("compose")}>
      <ContactBudget patient={patient} />
      <div class="composer-top">
        <div class="field">
          <label for="channel">{t("channel")}</label>
          <select
            class="box"
            id="channel"
            value={d.channel}
            onChange={(e) => {
              const channel = e.currentTarget.value as Draft["channel"];
              if (d.template) pick(d.template, channel);
              else set({ channel });
            }}
          >
            <option value="">{t("ch_auto")}</option>
            <option value="sms">{t("ch_sms")}</option>
            <option value="email">{t("ch_email")}</option>
            <option value="push">{t("via_push")}</option>
            <option value="letter">{t("via_letter")}</option>
          </select>
        </div>
        <div class="field">
          <label for="msg-language">{t("msg_language")}</label>
          <select
            class="box"
            id="msg-language"
            value={d.language}
            onChange={(e) => set({ language: e.currentTarget.value, template: "" })}
          >
            <option value="">{t("msg_language_own")}</option>
            {Object.entries(LANGS).map(([code, l]) => (
              <option key={code} value={code} lang={code}>
                {l.name}
              </option>
            ))}
          </select>
        </div>
        <div class="field">
          <label for="template">{t("template")}</label>
          <select
            class="box"
            id="template"
            value={d.template}
            onChange={(e) => pick(e.currentTarget.value)}
          >
            <option value="">{t("template_free")}</option>
            {[...new Map((templates.data ?? []).map((x) => [x.code, x])).values()].map((x) => (
              <option key={x.code} value={x.code}>
                {titles.get(x.code) ?? x.title}
              </option>
            ))}
          </select>
        </div>
      </div>
      {email && (
        <div class="field">
          <label for="subject">{t("subject")}</label>
          <input
            class="box"
            id="subject"
            dir="auto"
            value={d.subject}
            onInput={(e) => set({ subject: e.currentTarget.value })}
          />
        </div>
      )}
      <div class="field">
        <label for="message">{t("message")}</label>
        <textarea
          class="box"
          id="message"
          dir={d.text ? "auto" : undefined}
          placeholder={t("message_hint")}
          value={d.text}
          onInput={(e) => set({ text: e.currentTarget.value })}
        />
      </div>
      <label class="switch fine">
        <input
          type="checkbox"
          checked={d.asks}
          onChange={(e) => set({ asks: e.currentTarget.checked })}
        />
        <span>{t("msg_asks")}</span>
      </label>
      <label class="switch fine">
        <input
          type="checkbox"
          checked={d.portal}
          onChange={(e) => set({ portal: e.currentTarget.checked })}
        />
        <span>{t("msg_portal")}</span>
      </label>
      {check && body && <Measures check={check} />}
      {failed?.issues.length ? (
        <Refused issues={failed.issues} />
      ) : (
        <Verdict
          check={body ? check : null}
          busy={busy}
          error={failed ? errorText(failed) : error}
        />
      )}
      {check?.text && body && check.text !== d.text && (
        <details class="fine as-sent">
          <summary>{t("v_as_sent")}</summary>
          <p dir="auto" lang={check.language}>
            {check.text}
          </p>
        </details>
      )}
      <button type="button" class="btn primary wide" disabled={!ready} onClick={() => void send()}>
        <Icon name={say.kind === "bad" ? "stop" : say.kind === "wait" ? "clock" : "send"} />
        {body ? say.button : t("send_now")}
        <Keys keys="mod+enter" />
      </button>
    </section>
  );
}
