// When I see my results: at once, after my clinician writes, or by phone; and how many wait because of it.
import { useAct, Wrong } from "../kit/act";
import { get, post } from "../lib/api";
import { day, t, wordOf } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { me } from "./data";

interface Release {
  choices: { category: string; how: "now" | "written" | "phone"; days: number }[];
  waiting: number;
  withheld?: { result: string; citation: string; until: string; tell?: string }[];
}
const key = (): string => `QuestionnaireResponse|${me()}|release`;
const useRelease = () =>
  useLoad<Release>(key(), () => get<Release>(`/fhir/Patient/${me()}/$release`));
const HOWS = ["now", "written", "phone"] as const;
const word = (category: string): string => wordOf("release_of_", category);

export function Waiting() {
  const { data } = useRelease();
  const held = data?.withheld ?? [];
  const waiting = (data?.waiting ?? 0) - held.length;
  return (
    <>
      {waiting > 0 && (
        <p class="note" role="status">
          {t("release_waiting", { n: waiting })}
        </p>
      )}
      {held.map((h) => (
        <p class="note" role="status" key={h.result}>
          {t("release_withheld", { day: day(h.until), law: h.citation })} {h.tell}
        </p>
      ))}
    </>
  );
}

export function ReleaseChoice() {
  const { data } = useRelease();
  const [error, busy, act] = useAct(key());
  if (!data) return null;
  const set = (category: string, how: string): void =>
    void act(async () => {
      await post(`/fhir/Patient/${me()}/$release`, { [category]: how });
      return t("release_set");
    });
  return (
    <section class="card block" aria-labelledby="set-release">
      <h2 id="set-release">{t("release_title")}</h2>
      <p class="muted">{t("release_lead", { n: data.choices[0]?.days ?? 14 })}</p>
      <Waiting />
      {data.choices.map((c) => (
        <div key={c.category} class="field">
          <label for={`release-${c.category}`}>{word(c.category)}</label>
          <select
            class="box"
            id={`release-${c.category}`}
            value={c.how}
            disabled={busy}
            onChange={(e) => set(c.category, e.currentTarget.value)}
          >
            {HOWS.map((h) => (
              <option key={h} value={h}>
                {t(`release_${h}`)}
              </option>
            ))}
          </select>
        </div>
      ))}
      <Wrong text={error} />
    </section>
  );
}
