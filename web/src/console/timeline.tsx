// Everything that happened to one patient, newest first, a day at a time. Readings of a day stand in
// one line, so that a week of devices does not bury one message.
import { useState } from "preact/hooks";
import { CARDS, measuredAt, seriesOf } from "../chart/series";
import { valueText } from "../chart/view";
import { Choice, Empty, Skeleton } from "../kit/basics";
import { Icon, type IconName } from "../kit/icons";
import { Mark, severityOf } from "../kit/severity";
import type { Observation, Task } from "../lib/fhir";
import { words } from "../lib/fhir";
import { dayName, startOfDay, t, time, unitWord } from "../lib/i18n";
import { href } from "../lib/router";
import { saidIn } from "../lib/said";
import {
  askWords,
  isInbound,
  sentenceOf,
  timeOf,
  useAsks,
  useConditions,
  useEncounters,
  useMedicines,
  useMessages,
  usePatientCases,
  useVitals,
} from "./data";

type Kind = "readings" | "messages" | "cases" | "care";
interface Item {
  at: number;
  kind: Kind;
  icon: IconName;
  title: string;
  text: string;
  task?: Task;
}
const FIRST = 14;

function readingItems(all: Observation[]): Item[] {
  const days = new Map<number, Observation[]>();
  for (const o of all) {
    const d = startOfDay(measuredAt(o));
    if (Number.isNaN(d)) continue;
    days.set(d, [...(days.get(d) ?? []), o]);
  }
  return [...days.values()].map((list) => {
    const parts = CARDS.map((m) => {
      const last = seriesOf(list, m).at(-1);
      return last ? `${t(m.name)} ${valueText(last, m)} ${unitWord(m.unit)}` : "";
    }).filter(Boolean);
    const at = Math.max(...list.map(measuredAt));
    return {
      at,
      kind: "readings",
      icon: "pulse",
      title: t("tl_readings"),
      text: parts.join(" · "),
    };
  });
}

function useItems(id: string): { items: Item[]; ready: boolean } {
  const vitals = useVitals(id);
  const messages = useMessages(id);
  const cases = usePatientCases(id);
  const asks = useAsks(id);
  const visits = useEncounters(id);
  const conditions = useConditions(id);
  const medicines = useMedicines(id);
  const care = (at: string | undefined, icon: IconName, title: string, text: string): Item => ({
    at: Date.parse(at ?? ""),
    kind: "care",
    icon,
    title,
    text,
  });
  const items: Item[] = [
    ...readingItems(vitals.data ?? []),
    ...(messages.data ?? []).map(
      (c): Item => ({
        at: Date.parse(timeOf(c)),
        kind: "messages",
        icon: "message",
        title: t(isInbound(c) ? "tl_in" : "tl_out"),
        text: saidIn(c),
      }),
    ),
    ...(cases.data ?? []).map(
      (c): Item => ({
        at: Date.parse(c.authoredOn ?? ""),
        kind: "cases",
        icon: "warn",
        title: t("tl_case"),
        text: sentenceOf(c),
        task: c,
      }),
    ),
    ...(asks.data ?? []).map(
      (a): Item => ({
        at: Date.parse(a.authoredOn ?? ""),
        kind: "readings",
        icon: "pulse",
        title: t("tl_ask"),
        text: `${sentenceOf(a)} ${askWords(a)}`,
      }),
    ),
    ...(visits.data ?? []).map((e) =>
      care(
        e.period?.start,
        "calendar",
        t("tl_visit"),
        words(e.type?.[0]) || words(e.reasonCode?.[0]),
      ),
    ),
    ...(conditions.data ?? []).map((c) =>
      care(c.onsetDateTime ?? c.recordedDate, "note", t("tl_condition"), words(c.code)),
    ),
    ...(medicines.data ?? []).map((m) =>
      care(m.authoredOn, "pill", t("tl_medicine"), words(m.medicationCodeableConcept)),
    ),
  ];
  return {
    items: items.filter((i) => !Number.isNaN(i.at)).sort((a, b) => b.at - a.at),
    ready: [vitals, messages].every((l) => l.data || l.error || !l.loading),
  };
}

function byDay(items: Item[]): [number, Item[]][] {
  const days = new Map<number, Item[]>();
  for (const i of items) {
    const d = startOfDay(i.at);
    const list = days.get(d);
    if (list) list.push(i);
    else days.set(d, [i]);
  }
  return [...days];
}

function Line({ item }: { item: Item }) {
  return (
    <li class={`tl tl-${item.kind}`}>
      <span class="tl-icon">
        <Icon name={item.icon} />
      </span>
      <div>
        <p class="tl-head">
          <strong>{item.title}</strong>
          {item.task && <Mark of={severityOf(item.task.priority)} />}
          <time class="muted" dateTime={new Date(item.at).toISOString()}>
            {time(item.at)}
          </time>
        </p>
        {item.task ? (
          <a href={href(`/case/${item.task.id}`)} dir="auto">
            {item.text}
          </a>
        ) : (
          <p dir="auto">{item.text}</p>
        )}
      </div>
    </li>
  );
}

export function Timeline({ id }: { id: string }) {
  const { items, ready } = useItems(id);
  const [kind, setKind] = useState<Kind | "all">("all");
  const [shown, setShown] = useState(FIRST);
  if (!ready && items.length === 0) return <Skeleton lines={9} />;
  const days = byDay(items.filter((i) => kind === "all" || i.kind === kind));
  return (
    <section class="timeline card" aria-label={t("tab_timeline")}>
      <Choice<Kind | "all">
        legend={t("tl_filter")}
        value={kind}
        options={[
          { value: "all", label: t("tl_all") },
          { value: "readings", label: t("tl_readings") },
          { value: "messages", label: t("tl_messages") },
          { value: "cases", label: t("tl_cases") },
          { value: "care", label: t("tl_care") },
        ]}
        onChange={setKind}
      />
      {days.length === 0 && <Empty icon="clock" title={t("timeline_none")} />}
      {days.slice(0, shown).map(([d, list]) => (
        <section key={d}>
          <h2>{dayName(d)}</h2>
          <ul>
            {list.map((item, i) => (
              <Line key={i} item={item} />
            ))}
          </ul>
        </section>
      ))}
      {days.length > shown && (
        <button type="button" class="btn" onClick={() => setShown(shown + 4 * FIRST)}>
          {t("tl_more")}
        </button>
      )}
    </section>
  );
}
