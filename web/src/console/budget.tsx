// What the caps leave of a patient's day and week, over every channel, campaign and person: shown
// wherever somebody can write to them.
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../kit/icons";
import { get } from "../lib/api";
import { dayTimeInText, t } from "../lib/i18n";
import { useLoad } from "../lib/load";

interface Line {
  limit?: number;
  used: number;
  left?: number;
}
export interface Budget {
  day: Line;
  week: Line;
  number?: Line;
  next?: string;
  /** Calls of these thirty days that the rulebook refused. */
  exceptions?: number;
}
/** The caps of the rulebook, whose citations are there. */
const RULES = "MSG-09, MSG-10";
const over = (l: Line): boolean => l.limit !== undefined && l.used > l.limit;
/** "1 of 2 this week", when nothing is left when there is again, and why more than the limit is no breach. */
export function budgetText(b: Budget): string[] {
  const of = (l: Line, key: "budget_day" | "budget_week"): string =>
    t(key, { used: l.used, limit: l.limit ?? 0 });
  const out = [of(b.day, "budget_day"), of(b.week, "budget_week")];
  if (b.week.left === 0 && b.next) out.push(t("budget_next", { time: dayTimeInText(b.next) }));
  if (over(b.day) || over(b.week)) out.push(t("budget_over", { rules: RULES }));
  if (b.exceptions) out.push(t("budget_exceptions", { n: b.exceptions }));
  return out;
}

/** A call is a Task and spends, too. */
export const budgetKey = (patient: string): string => `Communication,Task|${patient}|budget`;

/** Its line is kept also before it is asked for (`met`), which a row does as it comes before somebody's eyes. */
export function ContactBudget({ patient, met = true }: { patient: string; met?: boolean }) {
  const { data, error } = useLoad<Budget>(met ? budgetKey(patient) : null, () =>
    get<Budget>(`/fhir/Patient/${patient}/$contact-budget`),
  );
  if (!data && !error) return <p aria-hidden="true">{"\u00a0"}</p>; // what stands below does not move under a finger
  if (!data?.week) return null;
  const spent = data.day.left === 0 || data.week.left === 0;
  return (
    <p class={spent ? "strong" : "muted"} data-budget>
      <Icon name="message" />
      <span>
        {t("budget")}: {budgetText(data).join(" · ")}
      </span>
    </p>
  );
}

/** Was it before somebody's eyes? What is asked for then is not asked for of every letter of a long pile. */
export function useMet(): [(el: HTMLElement | null) => void, boolean] {
  const [met, setMet] = useState(false);
  const here = useRef<HTMLElement | null>(null);
  useEffect(() => {
    if (met || !here.current) return;
    const watch = new IntersectionObserver((all) => {
      if (all.some((e) => e.isIntersecting)) setMet(true);
    });
    watch.observe(here.current);
    return () => watch.disconnect();
  }, [met]);
  return [
    (el) => {
      here.current = el;
    },
    met,
  ];
}
