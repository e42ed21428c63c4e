// Home: what to do next, in the order that matters, each with its reason and a "not now"; then the
// newest numbers in plain words. "Not now" hides a row for this visit only.
import { useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { Failed, Skeleton } from "../kit/basics";
import { Icon, type IconName } from "../kit/icons";
import { post } from "../lib/api";
import { draft, keepDraft } from "../lib/drafts";
import { firstName, type Task } from "../lib/fhir";
import type { Team } from "../lib/hours";
import { dayTime, dayTimeInText, lang, startOfDay, t } from "../lib/i18n";
import { again } from "../lib/load";
import { useNames } from "../lib/people";
import { isUnread } from "../lib/read";
import { href } from "../lib/router";
import {
  isAsk,
  isCase,
  isMine,
  isSurvey,
  me,
  timeOf,
  useDaily,
  useLimits,
  useMe,
  useMessages,
  useReadings,
  useTasks,
  useVisits,
} from "./data";
import { NumberCard, viewsOf } from "./numbers";
import { MyProgramme } from "./programme";
import { Waiting } from "./release";
import { Emergency, useMyTeam, Watching } from "./watch";

const DAY = 86_400_000;
const STALE_READING = 2 * DAY;
const LATER = "later"; // a draft: per person, wiped at sign-out

interface Next {
  id: string;
  icon: IconName;
  title: string;
  why: string;
  to: string;
  action: string;
  /** past a limit that cannot wait: what to do in danger stands with it */
  grave?: boolean;
  task?: string; // questions: they open on the page of a link, the same as from a message
  ask?: string; // the same, but nobody has asked yet
}

function hello(): "hello_morning" | "hello_day" | "hello_evening" {
  const hour = new Date().getHours();
  if (hour < 12) return "hello_morning";
  return hour < 18 ? "hello_day" : "hello_evening";
}

/** What becomes of a case of theirs: nobody looks at it while nobody is there. A critical one is not made light of, and
 * what began with their words is not said of their numbers. */
export function caseWords(
  open: Task,
  team: Team | undefined,
  owner?: string,
): Pick<Next, "title" | "why" | "grave"> {
  const grave = open.priority === "stat";
  const read = !/^(Communication|QuestionnaireResponse)\//.test(open.focus?.reference ?? "");
  const name = open.owner?.display ?? owner;
  const later = team && !team.watching && team.until;
  const time = later ? dayTimeInText(later) : "";
  const title = t(!read ? "n_case_told" : later && !name ? "n_case_waits" : "n_case");
  if (name) return { title, why: t("n_case_taken", { name }), grave };
  const kind = !read ? "_told" : grave ? "_grave" : "";
  const why = later ? t(`n_case_later${kind}`, { time }) : t(`n_case_free${kind}`);
  return { title, why, grave };
}

function useNext(): Next[] {
  const now = Date.now();
  const messages = useMessages().data ?? [];
  const tasks = useTasks().data ?? [];
  const visits = useVisits().data ?? [];
  const views = viewsOf(useReadings().data ?? [], [], now);
  const out: Next[] = [];
  const last = messages[messages.length - 1];
  const unread = messages.filter(isUnread).length;
  if (last && !isMine(last) && Date.parse(timeOf(last)) > now - 14 * DAY)
    out.push({
      id: `answer-${last.id}`,
      icon: "message",
      title: unread ? t("msg_unread", { n: unread }) : t("n_answer"),
      why: t("n_answer_why", { time: dayTimeInText(timeOf(last), now) }),
      to: "/messages",
      action: t("n_answer_do"),
    });
  const ask = tasks.find(isAsk);
  if (ask)
    out.unshift({
      id: `ask-${ask.id}`,
      icon: "pulse",
      title: t("n_again"),
      why: t("n_again_why", { time: dayTimeInText(ask.executionPeriod?.end, now) }),
      to: "/readings",
      action: t("n_reading_do"),
    });
  for (const survey of tasks.filter(isSurvey)) {
    const visit = survey.focus?.reference?.endsWith("-visit");
    out.push({
      id: `survey-${survey.id}`,
      icon: "note",
      title: t(visit ? "n_survey" : "n_questions"),
      why: t("n_survey_why"),
      to: "",
      action: t("n_survey_do"),
      task: survey.id!,
    });
  }
  const asked = tasks.filter(isSurvey).map((x) => x.focus?.reference ?? "");
  for (const d of useDaily().data ?? [])
    if (startOfDay(d.answered) !== startOfDay(now) && !asked.some((a) => a.endsWith(d.survey)))
      out.push({
        id: `daily-${d.survey}`,
        icon: "note",
        title: d.title[lang.value],
        why: t("n_daily_why"),
        to: "",
        action: t("n_survey_do"),
        ask: d.survey,
      });
  const team = useMyTeam();
  const cases = tasks.filter(isCase);
  const open = cases.find((c) => c.priority === "stat") ?? cases[0];
  const owner = open?.owner?.reference ?? "";
  const names = useNames([owner]);
  if (open)
    out.push({
      id: `case-${open.id}`,
      icon: "heart",
      ...caseWords(open, team, names.get(owner)),
      to: "/messages",
      action: t("n_write"),
    });
  const visit = visits
    .filter(
      (v) =>
        ["booked", "pending", "proposed"].includes(v.status) && Date.parse(v.start ?? "") > now,
    )
    .sort((a, b) => (a.start ?? "").localeCompare(b.start ?? ""))[0];
  if (visit)
    out.push({
      id: `visit-${visit.id}`,
      icon: "calendar",
      title: t("n_visit"),
      why: t("n_visit_why", { time: dayTime(visit.start, now) }),
      to: "/messages",
      action: t("n_write"),
    });
  const stale = views.find((v) => v.last!.t < now - STALE_READING && v.last!.t > now - 60 * DAY);
  if (stale)
    out.push({
      id: `reading-${stale.metric.id}`,
      icon: "pulse",
      title: t("n_reading", { name: t(stale.metric.plain) }),
      why: t("n_reading_why", { time: dayTimeInText(stale.last!.t, now) }),
      to: "/readings",
      action: t("n_reading_do"),
    });
  return out;
}

function later(): string[] {
  return draft(LATER).split("\n").filter(Boolean);
}

function NextList() {
  const [hidden, setHidden] = useState(later);
  const list = useNext().filter((n) => !hidden.includes(n.id));
  const [error, busy, act] = useAct();
  const open = (n: Next): Promise<void> =>
    act(async () => {
      const task =
        n.task ??
        (
          await post<{ task: string }>(`/fhir/Patient/${me()}/$ask`, {
            survey: n.ask,
            by: "portal",
          })
        ).task;
      location.assign((await post<{ path: string }>(`/task-links/${task}`, { days: 1 })).path);
      return "";
    });
  const hide = (id: string): void => {
    const all = [...hidden, id];
    keepDraft(LATER, all.join("\n"));
    setHidden(all);
  };
  return (
    <section aria-labelledby="next">
      <h2 id="next">{t("next_title")}</h2>
      <Wrong text={error} />
      {list.length === 0 ? (
        <div class="card calm">
          <span class="calm-icon">
            <Icon name="check" />
          </span>
          <div>
            <p>
              <strong>{t("next_none")}</strong>
            </p>
            <p class="muted">{t("next_none_lead")}</p>
          </div>
        </div>
      ) : (
        <ul class="stack">
          {list.map((n) => (
            <li key={n.id} class="card next">
              <span class="next-icon">
                <Icon name={n.icon} />
              </span>
              <div class="next-words">
                <h3>{n.title}</h3>
                <p class="muted">{n.why}</p>
                {n.grave && (
                  <p>
                    <strong>
                      <Emergency />
                    </strong>
                  </p>
                )}
                <div class="next-do">
                  {n.task || n.ask ? (
                    <button
                      type="button"
                      class="btn primary"
                      disabled={busy}
                      onClick={() => void open(n)}
                    >
                      {n.action}
                    </button>
                  ) : (
                    <a class="btn primary" href={href(n.to)}>
                      {n.action}
                    </a>
                  )}
                  <button type="button" class="btn quiet" onClick={() => hide(n.id)}>
                    {t("not_now")}
                  </button>
                </div>
              </div>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

export function Home() {
  const person = useMe();
  const readings = useReadings();
  const limits = useLimits();
  const now = Date.now();
  const views = viewsOf(readings.data ?? [], limits.data ?? [], now);
  return (
    <div class="place">
      <h1 tabIndex={-1}>
        {person.data ? t(hello(), { name: firstName(person.data) }) : t("nav_home")}
      </h1>
      <Watching />
      <Waiting />
      <NextList />
      <MyProgramme />
      <section aria-labelledby="numbers">
        <h2 id="numbers">{t("numbers_title")}</h2>
        {!readings.data && readings.error && (
          <Failed error={readings.error} retry={() => again(`Observation|${me()}|mine`)} />
        )}
        {!readings.data && !readings.error && <Skeleton />}
        {readings.data && views.length === 0 && <p class="muted">{t("numbers_none")}</p>}
        <ul class="numbers">
          {views.map((v) => (
            <li key={v.metric.id}>
              <a class="card number" href={href("/readings")}>
                <NumberCard view={v} now={now} />
              </a>
            </li>
          ))}
        </ul>
      </section>
      <a class="card link-card" href={href("/helpers")}>
        {t("helpers_title")}
      </a>
      <p class="note urgent">
        <Icon name="warn" />
        <span>
          <Emergency />
        </span>
      </p>
    </div>
  );
}
