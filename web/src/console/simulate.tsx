// The next thirty days of a campaign by the real scheduler and rulebook: volume by day, what the rules refuse,
// clashes, languages without words. Nothing is sent.
import { useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { post } from "../lib/api";
import { day, dayTime, languageName, number, t } from "../lib/i18n";

interface Simulation {
  people: number;
  contacts: number;
  reached: number;
  heldOut: number;
  calls: number;
  /** have had it already; absent where that may not be told */
  done?: number;
  overBudget: number;
  ms: number;
  first?: string;
  last?: string;
  days: { day: string; sent: number }[];
  refused: { rule: string; title: string; contacts: number }[];
  clashes: { campaign: string; people: number }[];
  missing: Record<string, number>;
}

function Volume({ days }: { days: Simulation["days"] }) {
  const most = Math.max(1, ...days.map((d) => d.sent));
  return (
    <table class="grid">
      <thead>
        <tr>
          <th scope="col">{t("cp_day")}</th>
          <th scope="col" colSpan={2}>
            {t("cp_messages")}
          </th>
        </tr>
      </thead>
      <tbody>
        {days
          .filter((d) => d.sent > 0)
          .map((d) => (
            <tr key={d.day}>
              <th scope="row" class="tabular">
                {day(d.day)}
              </th>
              <td class="tabular">{number(d.sent)}</td>
              <td aria-hidden="true">
                <svg width="160" height="12" aria-hidden="true">
                  <rect width={(160 * d.sent) / most} height="12" fill="var(--primary)" />
                </svg>
              </td>
            </tr>
          ))}
      </tbody>
    </table>
  );
}

export function Simulate({ id }: { id: string }) {
  const [error, busy, act] = useAct();
  const [s, setS] = useState<Simulation | null>(null);
  const run = (resolved: boolean): Promise<void> =>
    act(async () => {
      setS(await post<Simulation>(`/campaigns/${id}/simulate`, { days: 30, resolved }));
      return "";
    });
  return (
    <section aria-label={t("cp_simulate")} class="card block">
      <div class="acts">
        <button type="button" class="btn" disabled={busy} onClick={() => void run(false)}>
          {t("cp_simulate")}
        </button>
        {s?.clashes.some((c) => c.people > 0) && (
          <button type="button" class="btn" disabled={busy} onClick={() => void run(true)}>
            {t("cp_resolve")}
          </button>
        )}
      </div>
      <Wrong text={error} />
      <div role="status">
        {s && (
          <>
            <p>
              {t("cp_simulated", {
                reached: number(s.reached),
                people: number(s.people),
                contacts: number(s.contacts),
                held: number(s.heldOut),
                calls: number(s.calls),
              })}
            </p>
            {s.first && s.last && (
              <p class="muted">
                {dayTime(s.first)} – {dayTime(s.last)}
              </p>
            )}
            {!!s.done && <p>{t("cp_had_now", { n: s.done })}</p>}
            <Volume days={s.days} />
            {s.overBudget > 0 && <p>{t("cp_over_budget", { n: number(s.overBudget) })}</p>}
            <ul class="plain">
              {s.clashes
                .filter((c) => c.people > 0)
                .map((c) => (
                  <li key={c.campaign} dir="auto">
                    {t("cp_clash", { n: number(c.people), title: c.campaign })}
                  </li>
                ))}
              {/* Of an audience that tells of health, figures under 11 come as 0. */}
              {s.refused.map((r) => (
                <li key={r.rule} dir="auto">
                  {t(r.contacts ? "cp_refused" : "cp_refused_few", {
                    n: number(r.contacts),
                    rule: r.rule,
                    title: r.title,
                  })}
                </li>
              ))}
              {Object.entries(s.missing).map(([l, n]) => (
                <li key={l}>
                  {t(n ? "cp_missing" : "cp_missing_few", {
                    n: number(n),
                    language: languageName(l),
                  })}
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
    </section>
  );
}
