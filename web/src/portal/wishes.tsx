// When and about what we may write: quiet hours, a pause, topics. Each change is sent at once; what
// the rulebook does with it is the server's.
import { useAct, Wrong } from "../kit/act";
import { Field } from "../kit/field";
import { get, post } from "../lib/api";
import { t } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { me } from "./data";

interface Wishes {
  pausedUntil?: string;
  quietFrom?: string;
  quietUntil?: string;
  refused?: string[];
  /** topics that nobody calls about */
  noCalls?: string[];
  /** calls at all */
  voice?: boolean;
  /** more of noCalls than there is room for: nobody calls, and no yes here would change it */
  callsFull?: boolean;
  ways?: Record<string, string>;
  reach?: string[];
}
const WAYS = ["sms", "email", "push", "letter"] as const;
const TOPICS = [
  ["appointment_or_exam_confirm_remind", "wish_appointments"],
  ["home_healthcare_instructions", "wish_care"],
  ["prescription_notification", "wish_medicines"],
  ["lab_results", "wish_results"],
  ["wellness_checkup", "wish_wellness"],
] as const;

/** A topic in words; one that has none stays as it came. */
export function topicWord(code = ""): string {
  const word = TOPICS.find(([c]) => c === code)?.[1];
  return word ? t(word) : code;
}

/** Some of them stand in the Patient, others are Consents. */
export const wishesKey = (): string => `Patient,Consent|${me()}|wishes`;
export const useWishes = () =>
  useLoad<Wishes>(wishesKey(), () => get<Wishes>(`/fhir/Patient/${me()}/$preferences`));

export function WishesCard() {
  const { data } = useWishes();
  const [error, busy, act] = useAct(wishesKey(), `Patient|${me()}|me`, `Consent|${me()}|mine`);
  if (!data) return null;
  const set = (wish: object): void =>
    void act(async () => {
      await post(`/fhir/Patient/${me()}/$preferences`, wish);
      return t("set_saved");
    });
  const refused = data.refused ?? [];
  const noCalls = data.noCalls ?? [];
  // Nobody calls about it, whatever the word about such calls is.
  const callsOff = (code: string): boolean => data.voice === false || refused.includes(code);
  const without = (list: string[], code: string, wanted: boolean): string[] =>
    wanted ? list.filter((x) => x !== code) : [...list, code];
  const quiet = (form: HTMLFormElement): void => {
    const said = new FormData(form);
    const from = String(said.get("from") ?? "");
    const until = String(said.get("until") ?? "");
    set(from && until ? { quietFrom: from, quietUntil: until } : { quietFrom: "none" });
  };
  return (
    <section class="card block" aria-labelledby="set-wishes">
      <h2 id="set-wishes">{t("wish_title")}</h2>
      <fieldset class="plain">
        <legend>{t("wish_topics")}</legend>
        {TOPICS.map(([code, word]) => (
          <div key={code} class="row-line">
            <label class="switch">
              <input
                type="checkbox"
                checked={!refused.includes(code)}
                disabled={busy}
                onChange={(e) => set({ refused: without(refused, code, e.currentTarget.checked) })}
              />
              <span>{t(word)}</span>
            </label>
            <select
              class="box"
              aria-label={t("wish_by", { topic: t(word) })}
              disabled={busy || refused.includes(code)}
              value={data.ways?.[code] ?? "none"}
              onChange={(e) => set({ ways: { [code]: e.currentTarget.value } })}
            >
              <option value="none">{t("wish_usual")}</option>
              {WAYS.filter((w) => data.reach?.includes(w) || data.ways?.[code] === w).map((w) => (
                <option key={w} value={w}>
                  {t(`set_what_${w}`)}
                </option>
              ))}
            </select>
            {data.reach?.includes("sms") && ( // calls go where texts go
              <label class="switch">
                <input
                  type="checkbox"
                  checked={!noCalls.includes(code) && !callsOff(code)}
                  disabled={busy || callsOff(code)}
                  onChange={(e) =>
                    set({ noCalls: without(noCalls, code, e.currentTarget.checked) })
                  }
                />
                <span>{t("wish_calls", { topic: t(word) })}</span>
              </label>
            )}
          </div>
        ))}
      </fieldset>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          quiet(e.currentTarget);
        }}
      >
        <fieldset class="plain">
          <legend>{t("wish_quiet")}</legend>
          <Field
            id="wish-from"
            label={t("wish_from")}
            name="from"
            type="time"
            value={data.quietFrom ?? ""}
          />
          <Field
            id="wish-until"
            label={t("wish_until")}
            name="until"
            type="time"
            value={data.quietUntil ?? ""}
          />
          <button type="submit" class="btn" disabled={busy}>
            {t("wish_save")}
          </button>
        </fieldset>
      </form>
      <div class="field">
        <label for="wish-pause">{t("wish_pause")}</label>
        <input
          class="box"
          id="wish-pause"
          type="date"
          disabled={busy}
          value={data.pausedUntil?.slice(0, 10) ?? ""}
          onChange={(e) => set({ pausedUntil: e.currentTarget.value || "none" })}
        />
      </div>
      <Wrong text={error} />
    </section>
  );
}
