// Settings: language, colours and text size of this page (kept here), and how the care team reaches
// this person (read from the record; a change is asked for with one message).

import { signal } from "@preact/signals";
import { useAct, Wrong } from "../kit/act";
import { Choice, Skeleton } from "../kit/basics";
import { ThemeChoice } from "../kit/choices";
import { LanguageSelect } from "../kit/signin";
import { post } from "../lib/api";
import { isClaims } from "../lib/claims";
import { keepDraft } from "../lib/drafts";
import { type Consent, isOfCategory, type Patient, words } from "../lib/fhir";
import { fullDate, has, LANGS, languageName, list, t } from "../lib/i18n";
import { go, href } from "../lib/router";
import { BillsCard } from "./bills";
import { me, useConsents, useMe } from "./data";
import { DRAFT } from "./messages";
import { NoticesCard } from "./notices";
import { ReleaseChoice } from "./release";
import { topicWord, useWishes, WishesCard, wishesKey } from "./wishes";

type Size = "normal" | "large";
const KEY = "weft.text";
const size = signal<Size>(localStorage.getItem(KEY) === "large" ? "large" : "normal");

export function applyText(): void {
  document.documentElement.toggleAttribute("data-large", size.value === "large");
}
function setSize(next: Size): void {
  size.value = next;
  localStorage.setItem(KEY, next);
  applyText();
}

function Look() {
  return (
    <section class="card block" aria-labelledby="set-look">
      <h2 id="set-look">{t("set_look")}</h2>
      <LanguageSelect id="set-language" />
      <ThemeChoice />
      <div class="field">
        <span class="label">{t("set_text")}</span>
        <Choice<Size>
          legend={t("set_text")}
          value={size.value}
          options={[
            { value: "normal", label: t("text_normal") },
            { value: "large", label: t("text_large") },
          ]}
          onChange={setSize}
        />
      </div>
    </section>
  );
}

function spokenCode(p: Patient): string {
  const c = p.communication?.find((x) => x.preferred) ?? p.communication?.[0];
  return c?.language.coding?.[0]?.code?.split("-")[0] ?? "";
}

const channelOf = (c: Consent): string | undefined => c.provision?.code?.[0]?.coding?.[0]?.code;

/** A word about calls of some topics: those stand with the topics. */
const isOfTopics = (c: Consent): boolean => isOfCategory(c, "contact-topic");

/** What goes to a telephone. */
const PHONE: string[] = ["sms", "voice"];

/** Yes or no to each channel, as the newest word says; each change is a word of its own. */
export function Channels({
  set,
  busy,
  systems,
}: {
  set: (wish: object) => void;
  busy: boolean;
  systems: string[];
}) {
  const { data } = useConsents();
  const full = useWishes().data?.callsFull;
  if (!data) return null;
  const newest = (channel: string): string | undefined =>
    data
      .filter((c) => c.status === "active" && channelOf(c) === channel && !isOfTopics(c))
      .sort((a, b) => (b.dateTime ?? "").localeCompare(a.dateTime ?? ""))[0]?.provision?.type;
  // A letter and a call by a person need no word of theirs, and end with one.
  const may = (channel: string): boolean =>
    channel === "letter" || channel === "voice"
      ? newest(channel) !== "deny"
      : newest(channel) === "permit";
  return (
    <fieldset class="plain">
      <legend>{t("set_may")}</legend>
      {(["sms", "email", "letter", "voice"] as const)
        .filter((x) => systems.includes(PHONE.includes(x) ? "phone" : x) || systems.includes(x))
        .map((channel) => (
          <label key={channel} class="switch">
            <input
              type="checkbox"
              checked={may(channel) && !(full && channel === "voice")}
              disabled={busy || (full && channel === "voice")}
              onChange={(e) => set({ [channel]: e.currentTarget.checked })}
            />
            <span>{t(`set_what_${channel}`)}</span>
          </label>
        ))}
      {full && systems.includes("phone") && <p class="note">{t("set_calls_full")}</p>}
    </fieldset>
  );
}

function Reach({ p }: { p: Patient }) {
  const list = [...(p.telecom ?? [])].sort((a, b) => (a.rank ?? 99) - (b.rank ?? 99));
  const change = (): void => {
    keepDraft(DRAFT, t("set_change_text"));
    go("/messages");
  };
  const [error, busy, act] = useAct(`Patient|${me()}|me`, `Consent|${me()}|mine`, wishesKey());
  const set = (wish: object): void =>
    void act(async () => {
      await post(`/fhir/Patient/${me()}/$preferences`, wish);
      return t("set_saved");
    });
  const first = list[0]?.value ?? "";
  const byPost = p.address?.some((a) => a.line?.length && a.city) ? ["letter"] : [];
  const systems = [...list.map((c) => c.system ?? ""), ...byPost];
  return (
    <section class="card block" aria-labelledby="set-reach">
      <h2 id="set-reach">{t("set_reach")}</h2>
      <p class="muted">{t("set_reach_lead")}</p>
      <dl class="pairs">
        {list.map((c, i) => (
          <div key={i}>
            <dt>{t(c.system === "email" ? "set_email" : "set_phone")}</dt>
            <dd>
              <bdi dir="ltr">{c.value}</bdi>
              {i === 0 && list.length > 1 && <span class="muted"> · {t("set_first")}</span>}
            </dd>
          </div>
        ))}
      </dl>
      {list.length > 1 && (
        <div class="field">
          <label for="set-first">{t("set_try_first")}</label>
          <select
            class="box"
            id="set-first"
            dir="ltr"
            value={first}
            disabled={busy}
            onChange={(e) => set({ first: e.currentTarget.value })}
          >
            {list.map((c) => (
              <option key={c.value} value={c.value}>
                {c.value}
              </option>
            ))}
          </select>
        </div>
      )}
      <div class="field">
        <label for="set-spoken">{t("set_spoken")}</label>
        <select
          class="box"
          id="set-spoken"
          value={spokenCode(p)}
          disabled={busy}
          onChange={(e) => set({ language: e.currentTarget.value })}
        >
          {[...new Set([spokenCode(p), ...Object.keys(LANGS)])].filter(Boolean).map((code) => (
            <option key={code} value={code}>
              {languageName(code)}
            </option>
          ))}
        </select>
      </div>
      <Channels set={set} busy={busy} systems={systems} />
      <Wrong text={error} />
      <button type="button" class="btn" onClick={change}>
        {t("set_change")}
      </button>
    </section>
  );
}

/** "Text messages about your care and about visits" when the codes are ours, else the record's words. */
function consentWords(c: Consent): string {
  if (isClaims(c)) return t("bills_title");
  if (isOfCategory(c, "part2")) return t("set_part2");
  if (isOfTopics(c)) {
    const topics = (c.provision?.purpose ?? []).map((p) => topicWord(p.code));
    return t("wish_calls", { topic: list(topics) });
  }
  const channel = `set_what_${c.provision?.code?.[0]?.coding?.[0]?.code}`;
  const purposes = (c.provision?.purpose ?? []).map((p) => `c_${p.code}`).filter(has);
  if (has(channel)) return [t(channel), list(purposes.map((p) => t(p)))].join(" ").trim();
  const named = words(c.provision?.code?.[0]) || c.provision?.purpose?.[0]?.display;
  return named || words(c.category?.[0]) || words(c.scope);
}

function Choices() {
  const { data } = useConsents();
  if (!data) return null;
  return (
    <section class="card block" aria-labelledby="set-choices">
      <h2 id="set-choices">{t("set_choices")}</h2>
      {data.length === 0 && <p class="muted">{t("set_choices_none")}</p>}
      <dl class="pairs">
        {data.map((c) => (
          <div key={c.id}>
            <dt dir="auto">{consentWords(c)}</dt>
            <dd>
              {t(
                c.status !== "active"
                  ? "set_off"
                  : c.provision?.type === "deny"
                    ? "set_no"
                    : "set_yes",
              )}
              <span class="muted"> · {fullDate(c.dateTime)}</span>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

export function Settings() {
  const { data: p } = useMe();
  return (
    <div class="place">
      <h1 tabIndex={-1}>{t("nav_settings")}</h1>
      <p class="muted">{t("set_lead")}</p>
      <Look />
      <a class="card link-card" href={href("/security")}>
        {t("security_title")}
      </a>
      <a class="card link-card" href={href("/rights")}>
        {t("rights_title")}
      </a>
      {p ? <Reach p={p} /> : <Skeleton />}
      <NoticesCard />
      <WishesCard />
      <ReleaseChoice />
      <BillsCard />
      <Choices />
    </div>
  );
}
