// Since you left: what is new, worse, missed, changed, closed, promised and put off, so that a shift is taken over in a
// minute; with the keyboard, "h" opens it.
import { useRef, useState } from "preact/hooks";
import { rankOf } from "../kit/severity";
import { get, search } from "../lib/api";
import { type Bundle, idOf, type Task } from "../lib/fhir";
import { dayTime, dayTimeInText, t } from "../lib/i18n";
import { useCommands } from "../lib/keys";
import { useLoad } from "../lib/load";
import { useNames } from "../lib/people";
import { href } from "../lib/router";
import { session } from "../lib/session";
import { CASE, ordered, sentenceOf, TECHNICAL } from "./data";

const CALL = "https://weft.health/fhir/task-code|call";
const AWAY_MS = 30 * 60_000;
const HOUR = 3_600_000;
const SHOWN = 5;
/** Of so many, what they were when one left is looked up. */
const COMPARED = 40;
const KINDS = ["new", "worse", "missed", "changed", "resolved", "promised", "snoozed"] as const;
type Kind = (typeof KINDS)[number];

/** When this screen was last left, on this device; within half an hour one was not away. */
function leftAt(): number {
  const key = `weft.left.${session.value?.user ?? ""}`;
  const seen = Number(localStorage.getItem(key) ?? 0);
  const kept = Number(sessionStorage.getItem(key) ?? 0);
  const left = kept || (Date.now() - seen > AWAY_MS ? seen : 0);
  if (left) sessionStorage.setItem(key, String(left));
  localStorage.setItem(key, String(Date.now()));
  return left || Date.now() - 12 * HOUR;
}

const at = (text: string | undefined): number => Date.parse(text ?? "") || 0;
const isCall = (task: Task): boolean => !!task.code?.coding?.some((c) => c.code === "call");
const isOpen = (task: Task): boolean =>
  ["requested", "in-progress", "on-hold"].includes(task.status);
const changedAt = (task: Task): number => at(task.lastModified ?? task.meta?.lastUpdated);
const untilOf = (task: Task): string | undefined =>
  task.status === "on-hold" ? task.restriction?.period?.end : task.executionPeriod?.end;

/** was: its priority when one left, where that is known. */
export function kindOf(task: Task, since: number, was?: string): Kind | "" {
  if (isCall(task)) return isOpen(task) ? "promised" : "";
  if (!isOpen(task))
    return task.status === "completed" && changedAt(task) >= since ? "resolved" : "";
  if (task.status === "on-hold") return "snoozed";
  if (task.reasonCode?.text?.startsWith("MISS-")) return "missed";
  if (at(task.authoredOn) >= since) return "new";
  if (was && rankOf(task.priority) < rankOf(was)) return "worse";
  if (task.executionPeriod?.end) return "promised";
  return changedAt(task) >= since ? "changed" : "";
}

/** What ends soonest first; of what was closed, others' work first; else as in the worklist. */
export function inOrder(kind: Kind, tasks: Task[], me: string | undefined): Task[] {
  if (kind === "promised" || kind === "snoozed")
    return [...tasks].sort((a, b) => (at(untilOf(a)) || Infinity) - (at(untilOf(b)) || Infinity));
  if (kind === "resolved")
    return [...tasks].sort(
      (a, b) =>
        Number(a.owner?.reference === me) - Number(b.owner?.reference === me) ||
        changedAt(b) - changedAt(a),
    );
  return ordered(tasks);
}

type Names = Map<string, string>;
function When({ task, kind, names }: { task: Task; kind: Kind; names: Names }) {
  const until = untilOf(task);
  if (kind === "snoozed" && until) return <>{t("snoozed_until", { time: dayTimeInText(until) })}</>;
  if (kind === "promised" && until && at(until) < Date.now())
    return <strong>{t("si_overdue", { time: dayTimeInText(until) })}</strong>;
  if (kind === "promised" && until) return <>{t("ca_by", { time: dayTimeInText(until) })}</>;
  const time = dayTime(task.lastModified ?? task.meta?.lastUpdated ?? "");
  const who = task.owner?.reference ?? "";
  if (kind !== "resolved" || !who) return <>{time}</>;
  const name = who === session.value?.reference ? t("si_you") : (names.get(who) ?? "");
  return (
    <>
      {time} {name && <bdi>({name})</bdi>}
    </>
  );
}

function Group({ kind, tasks, names }: { kind: Kind; tasks: Task[]; names: Names }) {
  const [all, setAll] = useState(false);
  return (
    <section aria-label={t(`si_${kind}`)}>
      <h3>
        {t(`si_${kind}`)} <span class="muted tabular">{tasks.length}</span>
      </h3>
      <ul>
        {tasks.slice(0, all ? tasks.length : SHOWN).map((x) => (
          <li key={x.id}>
            <a href={href(isCall(x) ? `/patient/${idOf(x.for)}` : `/case/${x.id}`)}>
              <bdi>{x.for?.display ?? idOf(x.for)}</bdi>
            </a>{" "}
            <span class="muted">
              <When task={x} kind={kind} names={names} />
            </span>{" "}
            <span class="fine" dir="auto">
              {sentenceOf(x)}
            </span>
          </li>
        ))}
      </ul>
      {!all && tasks.length > SHOWN && (
        <button type="button" class="btn quiet small" onClick={() => setAll(true)}>
          {t("si_all", { n: tasks.length })}
        </button>
      )}
    </section>
  );
}

interface Seen {
  tasks: Task[];
  was: Map<string, string>;
}

/** The version that was current then. */
async function priorityAt(id: string, time: string): Promise<[string, string]> {
  const was = await get<Bundle<Task>>(`/fhir/Task/${id}/_history?_at=${time}&_count=1`);
  return [id, was.entry?.[0]?.resource?.priority ?? ""];
}

async function look(since: number): Promise<Seen> {
  const time = new Date(since).toISOString();
  const base = { code: `${CASE},${CALL}`, "code:not": TECHNICAL, _count: "200" };
  const [touched, under] = await Promise.all([
    search<Task>("Task", { ...base, _lastUpdated: `ge${time}` }, 400),
    search<Task>("Task", { ...base, status: "requested,in-progress,on-hold" }, 400),
  ]);
  const tasks = [...new Map([...touched, ...under].map((x) => [x.id, x])).values()];
  const older = ordered(
    tasks.filter(
      (x) => isOpen(x) && !isCall(x) && at(x.authoredOn) < since && changedAt(x) >= since,
    ),
  ).slice(0, COMPARED);
  return { tasks, was: new Map(await Promise.all(older.map((x) => priorityAt(x.id ?? "", time)))) };
}

export function SinceYouLeft() {
  const [since] = useState(leftAt);
  const [open, setOpen] = useState(false);
  const summary = useRef<HTMLElement>(null);
  const { data } = useLoad<Seen>(open ? "Task|*|since" : null, () => look(since));
  const names = useNames(
    (data?.tasks ?? []).filter((x) => !isOpen(x)).map((x) => x.owner?.reference),
  );
  const show = (): void => {
    setOpen(!open);
    summary.current?.focus();
  };
  useCommands([{ id: "since", keys: "h", label: t("si_command"), run: show }]);
  const groups = KINDS.map((k): [Kind, Task[]] => [
    k,
    inOrder(
      k,
      (data?.tasks ?? []).filter((x) => kindOf(x, since, data?.was.get(x.id ?? "")) === k),
      session.value?.reference,
    ),
  ]);
  return (
    <details
      class="card block si no-print"
      open={open}
      onToggle={(e) => setOpen(e.currentTarget.open)}
    >
      <summary ref={summary}>{t("si_title", { time: dayTimeInText(since) })}</summary>
      {data && groups.every(([, g]) => g.length === 0) && <p class="muted">{t("si_nothing")}</p>}
      <div class="si-groups">
        {groups
          .filter(([, g]) => g.length > 0)
          .map(([k, g]) => (
            <Group key={k} kind={k} tasks={g} names={names} />
          ))}
      </div>
    </details>
  );
}
