// Settings: language, colours and text size of this page (kept here), and how the care team reaches
// this person (read from the record; a change is asked for with one message).
import { signal } from "@preact/signals";
import { Choice, Skeleton } from "../kit/basics";
import { LanguageSelect } from "../kit/signin";
import { keepDraft } from "../lib/drafts";
import { type Consent, type Patient, words } from "../lib/fhir";
import { fullDate, has, lang, list, t } from "../lib/i18n";
import { setTheme, type Theme, theme } from "../lib/prefs";
import { go, href } from "../lib/router";
import { useConsents, useMe } from "./data";
import { DRAFT } from "./messages";

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
      <div class="field">
        <span class="label">{t("theme")}</span>
        <Choice<Theme>
          legend={t("theme")}
          value={theme.value}
          options={[
            { value: "auto", label: t("theme_auto") },
            { value: "light", label: t("theme_light") },
            { value: "dark", label: t("theme_dark") },
          ]}
          onChange={setTheme}
        />
      </div>
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

function spoken(p: Patient): string {
  const c = p.communication?.find((x) => x.preferred) ?? p.communication?.[0];
  const code = c?.language.coding?.[0]?.code ?? "";
  try {
    return code
      ? (new Intl.DisplayNames([lang.value], { type: "language" }).of(code.split("-")[0]!) ?? code)
      : "";
  } catch {
    return words(c?.language);
  }
}

function Reach({ p }: { p: Patient }) {
  const list = [...(p.telecom ?? [])].sort((a, b) => (a.rank ?? 99) - (b.rank ?? 99));
  const change = (): void => {
    keepDraft(DRAFT, t("set_change_text"));
    go("/messages");
  };
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
        {spoken(p) && (
          <div>
            <dt>{t("set_spoken")}</dt>
            <dd>{spoken(p)}</dd>
          </div>
        )}
      </dl>
      <button type="button" class="btn" onClick={change}>
        {t("set_change")}
      </button>
    </section>
  );
}

/** "Text messages about your care and about visits" when the codes are ours, else the record's words. */
function consentWords(c: Consent): string {
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
      <Choices />
    </div>
  );
}
