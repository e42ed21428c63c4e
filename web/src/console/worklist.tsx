// The worklist: cases by severity, then by waiting time. What is on screen stays put: new cases queue
// behind "N new", closed ones stay greyed, until the person asks for the new order (N, or a filter).
import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { Choice, Empty, Failed, Keys, Skeleton } from "../kit/basics";
import { Icon } from "../kit/icons";
import { Mark, SEVERITIES, type Severity, severityOf, severityWord } from "../kit/severity";
import { sayNow } from "../kit/toast";
import { idOf, type Task } from "../lib/fhir";
import { dayTimeInText, has, type Key, span, t } from "../lib/i18n";
import { useCommands } from "../lib/keys";
import { again } from "../lib/load";
import { useNames } from "../lib/people";
import { rightOf } from "../lib/rights";
import { go, href } from "../lib/router";
import { session } from "../lib/session";
import { ordered, sentenceOf, useWorklist } from "./data";
import { leftWord, rightWord } from "./right";
import { RoundLine } from "./round";
import { SinceYouLeft } from "./since";
import { mySteps, RowUp, upTo, useMySteps, WatchLine } from "./watch";

const SHOWS = ["all", "mine", "up", "free", "snoozed"] as const;
type Show = (typeof SHOWS)[number];
interface Filter {
  show: Show;
  severity: Severity | "";
  programme: string;
}
/** The address says which rows: a page to who is on call leads to "?show=up". */
function shownBy(search: string): Show {
  const said = new URLSearchParams(search).get("show");
  return SHOWS.find((s) => s === said) ?? "all";
}
export const filter = signal<Filter>({
  show: shownBy(globalThis.location?.search ?? ""),
  severity: "",
  programme: "",
});
const TICK_MS = 30_000;

export const isMine = (task: Task): boolean =>
  !!task.owner?.reference && task.owner.reference === session.value?.reference;
export const programmeOf = (task: Task): string => task.groupIdentifier?.value ?? "";
export function programmeWord(code: string): string {
  // The groups of looks name their kind and looker after the word: "look-person/nurse2".
  // Those of a model name it behind: "device-security/hub-h2".
  const key = /^look\b/.test(code) ? "prog_look" : `prog_${code.replace(/\/.*/, "")}`;
  return has(key) ? t(key as Key) : code.replaceAll("-", " ");
}
export function ownerWord(task: Task, names: Map<string, string>): string {
  const owner = task.owner?.reference;
  if (!owner) return t("unclaimed");
  return isMine(task) ? t("you") : (task.owner?.display ?? names.get(owner) ?? t("someone"));
}

export function passes(task: Task, f: Filter): boolean {
  const snoozed = task.status === "on-hold";
  if (f.show === "snoozed" ? !snoozed : snoozed) return false;
  if (f.show === "mine" && !isMine(task)) return false;
  if (f.show === "up" && !upTo(task, session.value?.reference ?? "", mySteps.value)) return false;
  if (f.show === "free" && task.owner?.reference) return false;
  if (f.severity && severityOf(task.priority) !== f.severity) return false;
  return !f.programme || programmeOf(task) === f.programme;
}

export function useNow(ms: number): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), ms);
    return () => clearInterval(timer);
  }, [ms]);
  return now;
}

interface Rows {
  rows: { task: Task; gone: boolean; fresh: boolean }[];
  waiting: Task[];
  reveal: () => void;
}

/** Keeps the shown order; says what waits behind it. */
function useRows(tasks: Task[] | undefined): Rows {
  const f = filter.value;
  const [frozen, setFrozen] = useState<{ tasks: Task[]; fresh: Set<string> } | null>(null);
  const lastFilter = useRef(f);
  const now = tasks?.filter((x) => passes(x, f)) ?? [];
  useEffect(() => {
    if (!tasks) return;
    if (frozen && lastFilter.current === f) return;
    lastFilter.current = f;
    setFrozen({ tasks: now, fresh: new Set() });
  }, [tasks, f]);
  const shown = frozen?.tasks ?? now;
  const current = new Map((tasks ?? []).map((x) => [x.id, x]));
  const shownIds = new Set(shown.map((x) => x.id));
  const waiting = frozen ? now.filter((x) => !shownIds.has(x.id)) : [];
  const heardIds = useRef(new Set<string>());
  useEffect(() => {
    for (const w of waiting) {
      if (heardIds.current.has(w.id!)) continue;
      heardIds.current.add(w.id!);
      if (severityOf(w.priority) === "critical")
        sayNow(t("wl_new_case", { name: w.for?.display ?? "" }));
    }
  }, [waiting.length]);
  const reveal = (): void => setFrozen({ tasks: now, fresh: new Set(waiting.map((w) => w.id!)) });
  const rows = shown.map((x) => ({
    task: current.get(x.id) ?? x,
    gone: !!tasks && !current.has(x.id),
    fresh: frozen?.fresh.has(x.id!) ?? false,
  }));
  return { rows, waiting, reveal };
}

interface RowProps {
  task: Task;
  gone: boolean;
  fresh: boolean;
  now: number;
  open: boolean;
  owner: string;
}

function Row({ task, gone, fresh, now, open, owner }: RowProps) {
  const severity = severityOf(task.priority);
  const state = gone ? " gone" : fresh ? " fresh" : "";
  const held = task.status === "on-hold" && task.restriction?.period?.end;
  return (
    <li>
      <a
        class={`row sev-${severity}${state}`}
        href={href(`/case/${task.id}`)}
        aria-current={open ? "true" : undefined}
        data-row
      >
        <Mark of={severity} />
        <span class="row-name">
          <bdi>{(task.for?.display ?? idOf(task.for)) || programmeWord(programmeOf(task))}</bdi>
        </span>
        <span class="row-why" dir="auto">
          {!gone && <RowUp task={task} now={now} />}
          {rightOf(task) ? rightWord(task) : sentenceOf(task)}
        </span>
        <span class="row-prog muted">
          {rightOf(task) ? t("right_request") : programmeWord(programmeOf(task))}
        </span>
        <span class="row-wait tabular">
          {gone
            ? t("closed")
            : held
              ? t("snoozed_until", { time: dayTimeInText(held, now) })
              : rightOf(task)
                ? leftWord(task, now)
                : span(now - Date.parse(task.authoredOn ?? ""))}
        </span>
        <span class={isMine(task) ? "row-owner mine" : "row-owner"}>
          <bdi>{gone ? "" : owner}</bdi>
        </span>
      </a>
    </li>
  );
}

function moveFocus(step: number): void {
  const all = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  const at = all.indexOf(document.activeElement as HTMLElement);
  const from = at < 0 ? all.findIndex((x) => x.getAttribute("aria-current")) : at;
  const to = from < 0 ? 0 : Math.max(0, Math.min(all.length - 1, from + step));
  all[to]?.focus();
}

function focusFresh(): void {
  requestAnimationFrame(() => {
    document.querySelector<HTMLElement>(".row.fresh")?.focus();
  });
}

function NewButton({ n, onPress }: { n: number; onPress: () => void }) {
  if (n === 0) return null;
  return (
    <button type="button" class="btn primary small new-rows" onClick={onPress}>
      {t("wl_new", { n })} – {t("wl_new_press")}
    </button>
  );
}

/** The rows with their keys; `open` is the case on screen beside them. */
export function Worklist({ open, compact }: { open?: string; compact?: boolean }) {
  const list = useWorklist();
  const now = useNow(TICK_MS);
  const { rows, waiting, reveal } = useRows(list.data);
  const names = useNames(rows.map((r) => r.task.owner?.reference));
  const showNew = (): void => {
    if (waiting.length === 0) return;
    reveal();
    focusFresh();
  };
  useCommands([
    { id: "next", keys: "j", label: t("cmd_next"), run: () => moveFocus(1) },
    { id: "prev", keys: "k", label: t("cmd_prev"), run: () => moveFocus(-1) },
    { id: "new", keys: "n", label: t("cmd_new"), run: showNew },
  ]);
  if (!list.data)
    return list.error ? (
      <Failed error={list.error} retry={() => again("Task|*|worklist")} />
    ) : (
      <Skeleton lines={8} />
    );
  return (
    <div class={compact ? "rows compact" : "rows"}>
      <div class="rows-new">
        <NewButton n={waiting.length} onPress={showNew} />
      </div>
      {rows.length === 0 ? (
        <NoRows any={list.data.length > 0} />
      ) : (
        <>
          {!compact && <RowHeads />}
          <ul aria-label={t("nav_worklist")}>
            {rows.map((r) => (
              <Row
                key={r.task.id}
                {...r}
                now={now}
                open={r.task.id === open}
                owner={ownerWord(r.task, names)}
              />
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

function RowHeads() {
  return (
    <div class="row heads muted" aria-hidden="true">
      <span>{t("wl_severity")}</span>
      <span>{t("wl_patient")}</span>
      <span>{t("wl_why")}</span>
      <span class="row-prog">{t("wl_programme")}</span>
      <span class="row-wait">{t("wl_waiting")}</span>
      <span>{t("wl_owner")}</span>
    </div>
  );
}

function NoRows({ any }: { any: boolean }) {
  const clear = (): void => {
    filter.value = { show: "all", severity: "", programme: "" };
  };
  return any ? (
    <Empty icon="search" title={t("wl_none_filter")}>
      <button type="button" class="btn" onClick={clear}>
        {t("wl_clear")}
      </button>
    </Empty>
  ) : (
    <Empty icon="check" title={t("wl_none")}>
      <p>{t("wl_none_lead")}</p>
    </Empty>
  );
}

function Filters({ tasks }: { tasks: Task[] }) {
  const f = filter.value;
  const set = (part: Partial<Filter>): void => {
    filter.value = { ...f, ...part };
  };
  const up = tasks.filter((x) => passes(x, { ...f, show: "up" })).length;
  useCommands([
    {
      id: "up",
      keys: "g u",
      label: t("cmd_up"),
      run: () => set({ show: f.show === "up" ? "all" : "up" }),
    },
  ]);
  const programmes = [...new Set(tasks.map(programmeOf).filter(Boolean))].sort();
  return (
    <div class="filters">
      <Choice<Show>
        legend={t("wl_show")}
        value={f.show}
        options={[
          { value: "all", label: t("wl_all") },
          { value: "mine", label: t("wl_only_mine") },
          { value: "up", label: t("wl_up", { n: up }) },
          { value: "free", label: t("wl_free") },
          { value: "snoozed", label: t("wl_snoozed") },
        ]}
        onChange={(show) => set({ show })}
      />
      <select
        class="box"
        aria-label={t("wl_severity")}
        value={f.severity}
        onChange={(e) => set({ severity: e.currentTarget.value as Severity | "" })}
      >
        <option value="">{t("wl_any_severity")}</option>
        {SEVERITIES.map((s) => (
          <option key={s} value={s}>
            {severityWord(s)}
          </option>
        ))}
      </select>
      <select
        class="box"
        aria-label={t("wl_programme")}
        value={f.programme}
        onChange={(e) => set({ programme: e.currentTarget.value })}
      >
        <option value="">{t("wl_any_programme")}</option>
        {programmes.map((p) => (
          <option key={p} value={p}>
            {programmeWord(p)}
          </option>
        ))}
      </select>
    </div>
  );
}

function useAddress(show: Show): void {
  useEffect(() => {
    const wanted = show === "all" ? "" : `?show=${show}`;
    if (location.search !== wanted)
      history.replaceState(history.state, "", `${location.pathname}${wanted}`);
  }, [show]);
}

export function WorklistPage() {
  const list = useWorklist();
  useMySteps();
  useAddress(filter.value.show);
  const tasks = ordered(list.data ?? []);
  const open = tasks.filter((x) => x.status !== "on-hold");
  const critical = open.filter((x) => severityOf(x.priority) === "critical").length;
  const mine = open.filter(isMine).length;
  return (
    <div class="page">
      <header class="page-head">
        <h1>{t("nav_worklist")}</h1>
        {list.data && (
          <p class="muted counts">
            <span>{t("wl_open", { n: open.length })}</span>
            {critical > 0 && (
              <span class="sev-critical strong">{t("wl_critical", { n: critical })}</span>
            )}
            <span>{t("wl_mine", { n: mine })}</span>
          </p>
        )}
        <Filters tasks={tasks} />
      </header>
      <WatchLine />
      {session.value?.role === "nurse" && <RoundLine />}
      {session.value?.role === "nurse" && <SinceYouLeft />}
      <section class="card">
        <Worklist />
      </section>
      <p class="keys-hint muted no-print">
        <Keys keys="j" /> <Keys keys="k" /> {t("cmd_next")} · <Keys keys="enter" /> {t("cmd_open")}{" "}
        · <Keys keys="?" /> {t("cmd_help")}
      </p>
    </div>
  );
}

export function BackLink() {
  return (
    <a class="btn quiet small back" href={href("/")} onClick={() => go("/")}>
      <Icon name="back" />
      {t("back_list")}
    </a>
  );
}
