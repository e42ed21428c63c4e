// The worklist's first line: what a day's readings came to. The server counts, without whom the person may not see; asked
// again with every change of a case, and now and then, since most readings change no case.
import { useEffect } from "preact/hooks";
import { get } from "../lib/api";
import { number, t } from "../lib/i18n";
import { again, useLoad } from "../lib/load";

interface Round {
  hours: number;
  over: number;
  cases: number;
  inRange: number;
  silent: number;
  watched: number;
  /** Everybody is counted: false just after a start. */
  whole: boolean;
}
const KEY = "Task|*|round";
/** Each question is a line in the trail. */
const POLL_MS = 60_000;

export function RoundLine() {
  const round = useLoad<Round>(KEY, () => get<Round>("/monitoring/round")).data;
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) again(KEY);
    }, POLL_MS);
    return () => clearInterval(timer);
  }, []);
  if (!round) return null;
  return (
    <section class="muted counts" aria-label={t("wr_title")}>
      <span>{t("wr_hours", { n: number(round.hours) })}</span>
      <span>
        <span class="tabular">{t("wr_over", { n: round.over })}</span> {t("wr_led")}{" "}
        <span class="tabular">{t("wr_cases", { n: round.cases })}</span>
      </span>
      <span class="tabular">{t("wr_range", { n: round.inRange })}</span>
      <span class="tabular">{t("wr_silent", { n: round.silent })}</span>
      {!round.whole && <span>{t("wr_part")}</span>}
    </section>
  );
}
