// Who watches now, and how a case goes up when nobody takes it: the line over the worklist, the mark in a row, and in the
// case the steps with who, when and why, and the next one with its time.
import { Icon } from "../kit/icons";
import { get } from "../lib/api";
import type { Extension, Reference, Task } from "../lib/fhir";
import { inForce, type Team, useTeams } from "../lib/hours";
import { dayTime, dayTimeInText, has, type Key, span, t } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { href } from "../lib/router";

const BASE = "https://weft.health/fhir/StructureDefinition/";
const MINUTE = 60_000;

interface Step {
  row: string;
  to: string;
  citation?: string;
  held?: boolean;
  closed?: boolean;
  after?: number;
  due: string;
  at?: string;
  who?: Reference;
}
interface Chain extends Team {
  steps: Step[];
  next?: Step;
}

const part = (of: Extension, url: string): Extension | undefined =>
  of.extension?.find((x) => x.url === url);

/** Whom it has reached so far: the last step's. */
export function reachedOf(task: Task): string {
  const steps = task.extension?.filter((x) => x.url === `${BASE}case-step`) ?? [];
  const to = steps.map((s) => part(s, "to")?.valueCode ?? "").filter((x) => x !== "wait");
  return to.at(-1) ?? "";
}
/** For how long it lay unseen because nobody was at work; 0 when somebody was. */
export function unwatchedOf(task: Task, now: number): number {
  const of = (url: string) => task.extension?.find((x) => x.url === BASE + url);
  const period = of("case-unwatched")?.valuePeriod;
  if (!period?.start) return 0;
  const ends = [period.end, of("case-held-since")?.valueInstant].map((x) => Date.parse(x ?? ""));
  const end = Math.min(now, ...ends.filter((x) => !Number.isNaN(x)));
  return Math.max(0, end - Date.parse(period.start));
}
export function toWord(to: string): string {
  return has(`up_${to}`) ? t(`up_${to}` as Key) : to;
}
const nameOf = (team: Team): string => team.name || t("wt_house");

export function WatchLine() {
  const teams = inForce(useTeams().data ?? []);
  const away = teams.filter((x) => !x.watching && !x.wrong);
  const wrong = teams.filter((x) => x.wrong);
  const here = teams.filter((x) => x.watching && !x.wrong);
  return (
    <>
      {away.map((x) => (
        <div key={x.service} class="note wait watching" role="status">
          <Icon name="clock" />
          <p>
            <strong>{t("wt_away", { team: nameOf(x) })}</strong>{" "}
            {x.until && t("wt_again", { time: dayTimeInText(x.until) })} {t("wt_route")}{" "}
            {x.phone && <bdi dir="ltr">{x.phone}</bdi>} <a href={href("/hours")}>{t("th_title")}</a>
          </p>
        </div>
      ))}
      {wrong.map((x) => (
        <p key={x.service} class="note bad" role="status">
          {t("wt_wrong", { team: nameOf(x) })}{" "}
          <span lang="en" dir="ltr">
            {x.wrong}
          </span>
        </p>
      ))}
      {here.length > 0 && (
        <p class="muted fine watching">
          {here.map((x) => (
            <span key={x.service}>
              {x.until
                ? t("wt_here", { team: nameOf(x), time: dayTimeInText(x.until) })
                : t("wt_always", { team: nameOf(x) })}{" "}
            </span>
          ))}
        </p>
      )}
    </>
  );
}

/** In a row of the worklist: whom it has reached, and that nobody watched when it came. */
export function RowUp({ task, now }: { task: Task; now: number }) {
  const to = reachedOf(task);
  const unseen = unwatchedOf(task, now);
  if (!to && unseen < MINUTE) return null;
  return (
    <span class="row-up">
      {to && <span class="up-mark">{t("up_to", { who: toWord(to) })}</span>}{" "}
      {unseen >= MINUTE && (
        <span class="up-mark">{t("up_unseen", { time: span(unseen) })}</span>
      )}{" "}
    </span>
  );
}

function whyOf(s: Step): string {
  if (s.closed) return t("up_why_closed");
  return t(s.held ? "up_why_held" : "up_why_free", { time: span((s.after ?? 0) * MINUTE) });
}

/** The chain of a case: what was done by itself, and what comes next. */
export function CaseChain({ task, now }: { task: Task; now: number }) {
  const chain = useLoad<Chain>(`Task|*|${task.id}-chain`, () =>
    get<Chain>(`/fhir/Task/${task.id}/$chain`),
  ).data;
  const unseen = unwatchedOf(task, now);
  if (!chain) return null;
  const left = chain.next ? Date.parse(chain.next.due) - now : 0;
  return (
    <div class="chain">
      {unseen >= MINUTE && (
        <p class="note wait">
          <Icon name="clock" />
          <span>{t("up_unseen_long", { time: span(unseen) })}</span>
        </p>
      )}
      <p class="muted fine">
        {chain.emergency ? t("em_there", { number: chain.emergency }) : t("em_local")}
      </p>
      {chain.steps.length > 0 && (
        <ul class="fine" aria-label={t("up_title")}>
          {chain.steps.map((s) => (
            <li key={`${s.row}-${s.at}`}>
              <strong>
                {s.to === "wait" && chain.until && !chain.watching
                  ? t("up_waits", { time: dayTimeInText(chain.until) })
                  : toWord(s.to)}
              </strong>{" "}
              {s.who?.display && <bdi>{s.who.display}</bdi>}
              {!s.who && ["lead", "on-call", "support", "quality"].includes(s.to) && (
                <em>{t("up_nobody")}</em>
              )}{" "}
              <span class="muted">
                {dayTime(s.at)} · {whyOf(s)}{" "}
                <code title={s.citation} dir="ltr">
                  {s.row}
                </code>
              </span>
            </li>
          ))}
        </ul>
      )}
      {chain.next && (
        <p class="muted fine tabular">
          {left > MINUTE
            ? t("up_next", { who: toWord(chain.next.to), time: span(left) })
            : t("up_next_now", { who: toWord(chain.next.to) })}
        </p>
      )}
    </div>
  );
}
