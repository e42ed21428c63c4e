// Who watches now, and how a case goes up when nobody takes it: the line over the worklist, the mark in a row, and in the
// case the steps with who, when and why, and the next one with its time.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Icon } from "../kit/icons";
import { get, post, search } from "../lib/api";
import type { Concept, Extension, Reference, Resource, Task } from "../lib/fhir";
import { inForce, type Team, useTeams } from "../lib/hours";
import { dayTime, dayTimeInText, has, type Key, span, t, wordOf } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { href } from "../lib/router";
import { session } from "../lib/session";

const BASE = "https://weft.health/fhir/StructureDefinition/";
const TEAM_ROLE = "https://weft.health/fhir/team-role";
const MINUTE = 60_000;

export interface Step {
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
interface Page {
  number: number;
  row: string;
  who?: Reference;
  at?: string;
  way?: string;
  state?: string;
  answered?: string;
}
interface Chain extends Team {
  steps: Step[];
  pages: Page[];
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
const whoOf = (x: Extension): string => part(x, "who")?.valueReference?.reference ?? "";

/** Which steps of the chain are whoever is signed in: lead, on-call … as the roster says. */
export const mySteps = signal<string[]>([]);
interface TeamRole extends Resource {
  code?: Concept[];
}
export function useMySteps(): void {
  const me = session.value?.reference ?? "";
  const { data } = useLoad<TeamRole[]>(me ? `PractitionerRole|*|${me}` : null, () =>
    search<TeamRole>("PractitionerRole", { practitioner: me, active: "true", _count: "50" }, 50),
  );
  useEffect(() => {
    if (!data) return;
    const all = data.flatMap((r) => r.code ?? []).flatMap((c) => c.coding ?? []);
    mySteps.value = all.filter((c) => c.system === TEAM_ROLE).map((c) => c.code ?? "");
  }, [data]);
}

/** Did it climb to them, or to a step that is theirs? */
export function upTo(task: Task, me: string, steps: string[]): boolean {
  return (task.extension ?? []).some(
    (x) =>
      (x.url === `${BASE}case-step` &&
        ((!!me && whoOf(x) === me) || steps.includes(part(x, "to")?.valueCode ?? ""))) ||
      (x.url === `${BASE}case-page` && !!me && whoOf(x) === me),
  );
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
/** When nobody is at work a case goes up at once, and the same row is reached again a little later to tell the patient
 * (spec/desk/chain.csv): that is one step. */
export function onceEach(steps: Step[]): Step[] {
  return steps.filter(
    (s, i) => !s.closed || steps.findIndex((x) => x.closed && x.to === s.to) === i,
  );
}
export function toWord(to: string): string {
  return wordOf("up_", to);
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

function pageWord(p: Page): string {
  if (p.answered) return t("up_p_seen", { time: dayTimeInText(p.answered) });
  return t(has(`up_p_${p.state}`) ? (`up_p_${p.state}` as Key) : "up_p_waits");
}

/** Who was paged, and what came of it. */
function Pages({ of }: { of: Page[] }) {
  if (of.length === 0) return null;
  return (
    <ul class="fine" aria-label={t("up_p_title")}>
      {of.map((p) => (
        <li key={p.number}>
          <strong>{p.who ? <bdi>{p.who.display ?? t("someone")}</bdi> : t("up_p_all")}</strong>{" "}
          <span class={p.state === "nobody" || p.state === "failed" ? "up-mark" : ""}>
            {pageWord(p)}
          </span>{" "}
          <span class="muted">
            {dayTime(p.at)}
            {p.way && has(`ch_${p.way}`) ? ` · ${t(`ch_${p.way}` as Key)}` : ""}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** Who was paged and looks has seen it: they are paged no more. */
function useSeen(task: Task, pages: Page[] | undefined): void {
  const me = session.value?.reference;
  const open = !!me && !!pages?.some((p) => p.who?.reference === me && !p.answered);
  useEffect(() => {
    if (open) void post(`/fhir/Task/${task.id}/$seen`, {}).catch(() => undefined);
  }, [open, task.id]);
}

/** The chain of a case: what was done by itself, and what comes next. */
export function CaseChain({ task, now }: { task: Task; now: number }) {
  const chain = useLoad<Chain>(`Task|*|${task.id}-chain`, () =>
    get<Chain>(`/fhir/Task/${task.id}/$chain`),
  ).data;
  const unseen = unwatchedOf(task, now);
  useSeen(task, chain?.pages);
  if (!chain) return null;
  const steps = onceEach(chain.steps);
  const next = chain.next && onceEach([...chain.steps, chain.next]).at(-1) === chain.next;
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
      {steps.length > 0 && (
        <ul class="fine" aria-label={t("up_title")}>
          {steps.map((s) => (
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
      <Pages of={chain.pages ?? []} />
      {chain.next && next && (
        <p class="muted fine tabular">
          {left > MINUTE
            ? t("up_next", { who: toWord(chain.next.to), time: span(left) })
            : t("up_next_now", { who: toWord(chain.next.to) })}
        </p>
      )}
    </div>
  );
}
