// What the caps leave of a patient's day and week, over every channel, campaign and person: shown
// wherever somebody can write to them.
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
/** "1 of 2 this week" and, when nothing is left, when there is again. */
export function budgetText(b: Budget): string[] {
  const of = (l: Line, key: "budget_day" | "budget_week"): string =>
    t(key, { used: l.used, limit: l.limit ?? 0 });
  const out = [of(b.day, "budget_day"), of(b.week, "budget_week")];
  if (b.week.left === 0 && b.next) out.push(t("budget_next", { time: dayTimeInText(b.next) }));
  if (b.exceptions) out.push(t("budget_exceptions", { n: b.exceptions }));
  return out;
}

export function ContactBudget({ patient }: { patient: string }) {
  const { data } = useLoad<Budget>(`Communication|${patient}|budget`, () =>
    get<Budget>(`/fhir/Patient/${patient}/$contact-budget`),
  );
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
