// Readings that intake kept but no rule has read: hardly possible, of an unknown unit, or perhaps
// another person's. A nurse takes the last mark away; then the reading counts as any other. And
// readings whose clock was off: corrected by a gateway, or still in the future.
import { NOTE_SYSTEM, type Point } from "../chart/series";
import { markText, type View, valueText } from "../chart/view";
import { useAct, Wrong } from "../kit/act";
import { post } from "../lib/api";
import { dayTime, t, unitWord } from "../lib/i18n";
import { session } from "../lib/session";

const SHOWN = 5;

export function Doubts({ id, view, now }: { id: string; view: View; now: number }) {
  const [error, busy, act] = useAct(`Observation|${id}|vitals`);
  const confirm = (p: Point): void =>
    void act(async () => {
      const tag = [{ system: NOTE_SYSTEM, code: p.note }];
      await post(`/fhir/Observation/${p.id}/$meta-delete`, {
        resourceType: "Parameters",
        parameter: [{ name: "meta", valueMeta: { tag } }],
      });
      return t("rn_confirmed");
    });
  if (view.doubts.length === 0) return null;
  return (
    <section class="limits" aria-label={t("rn_title")}>
      <h3>{t("rn_title")}</h3>
      <ul>
        {view.doubts.slice(0, SHOWN).map((p) => (
          <li key={`${p.id} ${p.t}`}>
            <span>{dayTime(p.t, now)}</span>
            <span class="tabular">
              {valueText(p, view.metric)} <span class="muted">{unitWord(view.metric.unit)}</span>
            </span>
            <span>{t(`rn_${p.note!}`)}</span>
            {p.note === "other-person" && session.value?.role === "nurse" && (
              <button type="button" class="btn" disabled={busy} onClick={() => confirm(p)}>
                {t("rn_confirm")}
              </button>
            )}
          </li>
        ))}
      </ul>
      <Wrong text={error} />
    </section>
  );
}

/** The newest first. They count: it is their time that somebody should know about. */
export function Clocks({ view, now }: { view: View; now: number }) {
  const off = view.points.filter((p) => p.ahead !== undefined || p.note === "future-dated");
  if (off.length === 0) return null;
  return (
    <section class="limits" aria-label={t("rn_clocks")}>
      <h3>{t("rn_clocks")}</h3>
      <ul>
        {off
          .slice(-SHOWN)
          .reverse()
          .map((p) => (
            <li key={`${p.id} ${p.t}`}>
              <span>{dayTime(p.t, now)}</span>
              <span class="tabular">
                {valueText(p, view.metric)} <span class="muted">{unitWord(view.metric.unit)}</span>
              </span>
              <span>{markText(p, now)}</span>
            </li>
          ))}
      </ul>
    </section>
  );
}
