// An outline as the editor changes it: a PlanDefinition, its steps and the paths inside them. A place in it is the
// numbers of its actions, as the server's faults name it: PlanDefinition.action[2].action[0] is [2, 0].
import type { Resource } from "../lib/fhir";

const URL = "https://weft.health/fhir/StructureDefinition/plan-";
const TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation";
export const STEP = "https://weft.health/fhir/plan-step";

export interface Duration {
  value: number;
  unit?: string;
  system?: string;
  code: string;
}
export interface Extension {
  url: string;
  valueCode?: string;
  valueString?: string;
  valueTime?: string;
  valueInteger?: number;
  valueDuration?: Duration;
  valueReference?: { reference: string };
  extension?: Extension[];
}
export interface Action {
  id?: string;
  title?: string;
  prefix?: string;
  priority?: string;
  code?: { coding: { system: string; code: string }[] }[];
  textEquivalent?: string;
  _textEquivalent?: { extension: Extension[] };
  condition?: { kind: string; expression: { language: string; expression: string } }[];
  relatedAction?: { actionId: string; relationship: string; offsetDuration?: Duration }[];
  definitionCanonical?: string;
  extension?: Extension[];
  action?: Action[];
}
export interface Plan extends Resource {
  title?: string;
  extension?: Extension[];
  action: Action[];
}
export type Tongue = "en" | "es" | "ar";
export type At = readonly number[];
type Value = Omit<Extension, "url">;

export const kindOf = (a: Action): string =>
  a.code?.flatMap((c) => c.coding).find((c) => c.system === STEP)?.code ?? "";
const codeOf = (kind: string): Action["code"] => [{ coding: [{ system: STEP, code: kind }] }];
/** Who enrols stands first and what is done after silence last: neither is a step to be moved. */
const fixed = (a: Action): boolean => ["enrol", "silence"].includes(kindOf(a));
export const isPath = (a: Action): boolean => kindOf(a) === "path";
export const speaks = (a: Action): boolean => ["message", "ask", "path"].includes(kindOf(a));

/* ---- extensions, durations, words ---- */
interface Extended {
  extension?: Extension[];
}
export const extOf = (o: Extended, name: string): Extension | undefined =>
  o.extension?.find((e) => e.url === URL + name);
export function withExt<T extends Extended>(o: T, name: string, value: Value | null): T {
  const others = (o.extension ?? []).filter((e) => e.url !== URL + name);
  const all = value ? [...others, { url: URL + name, ...value }] : others;
  const { extension: _, ...rest } = o;
  return (all.length ? { ...rest, extension: all } : rest) as T;
}
export const duration = (value: number, code: string): Duration => ({
  value,
  unit: code,
  system: "http://unitsofmeasure.org",
  code,
});

export const audienceOf = (p: Plan): string =>
  extOf(p, "audience")?.valueReference?.reference ?? "";
export const withAudience = (p: Plan, reference: string): Plan =>
  withExt(p, "audience", reference ? { valueReference: { reference } } : null);

/** The shots and tests by which it ends for who had one. */
export const endsOf = (p: Plan): string[] =>
  (p.extension ?? []).filter((e) => e.url === `${URL}done`).map((e) => e.valueCode ?? "");
export function withEnd(p: Plan, code: string, on: boolean): Plan {
  const others = (p.extension ?? []).filter((e) => e.url !== `${URL}done` || e.valueCode !== code);
  const all = on ? [...others, { url: `${URL}done`, valueCode: code }] : others;
  return { ...p, extension: all };
}

/** The plan's own hours, inside those of the law: "09:00" and "19:00", or nothing. */
export function hoursOf(p: Plan): [string, string] {
  const [from = "", to = ""] = (extOf(p, "hours")?.valueString ?? "").split("-");
  return [from, to];
}
export const withHours = (p: Plan, from: string, to: string): Plan =>
  withExt(p, "hours", from || to ? { valueString: `${from || "00:00"}-${to || "23:59"}` } : null);

export const wordsOf = (a: Action, l: Tongue): string =>
  l === "en"
    ? (a.textEquivalent ?? "")
    : (a._textEquivalent?.extension
        .find((e) => e.extension?.some((x) => x.url === "lang" && x.valueCode === l))
        ?.extension?.find((x) => x.url === "content")?.valueString ?? "");

export function withWords(a: Action, l: Tongue, text: string): Action {
  if (l === "en") return { ...a, textEquivalent: text };
  const others = (a._textEquivalent?.extension ?? []).filter(
    (e) => !e.extension?.some((x) => x.url === "lang" && x.valueCode === l),
  );
  const mine: Extension = {
    url: TRANSLATION,
    extension: [
      { url: "lang", valueCode: l },
      { url: "content", valueString: text },
    ],
  };
  return { ...a, _textEquivalent: { extension: text ? [...others, mine] : others } };
}

/* ---- when a step comes ---- */
export type From = "start" | "before" | "step";
/** So long after the start, before it, or after the step before. */
export function whenOf(a: Action): { from: From; value: number; code: string } {
  const r = a.relatedAction?.[0];
  const from =
    r?.actionId !== "enrol" ? "step" : r.relationship.startsWith("before") ? "before" : "start";
  return { from, value: r?.offsetDuration?.value ?? 0, code: r?.offsetDuration?.code ?? "d" };
}
export const withWhen = (a: Action, from: From, value: number, code: string): Action => ({
  ...a,
  relatedAction: [
    {
      actionId: from === "step" ? "before" : "enrol",
      relationship: from === "before" ? "before-start" : "after-end",
      offsetDuration: duration(value, code),
    },
  ],
});

/* ---- the tree ---- */
const listAt = (p: Plan, at: At): Action[] =>
  at.slice(0, -1).reduce((list, i) => list[i]?.action ?? [], p.action);
export const actionAt = (p: Plan, at: At): Action | undefined => listAt(p, at)[at.at(-1)!];

function withList(list: Action[], path: At, change: (list: Action[]) => Action[]): Action[] {
  const [i, ...rest] = path;
  if (i === undefined) return change(list);
  const a = list[i]!;
  return list.with(i, { ...a, action: withList(a.action ?? [], rest, change) });
}
const inList = (p: Plan, at: At, change: (list: Action[]) => Action[]): Plan => ({
  ...p,
  action: withList(p.action, at.slice(0, -1), change),
});
export const put = (p: Plan, at: At, a: Action): Plan =>
  inList(p, at, (list) => list.with(at.at(-1)!, a));
const insert = (p: Plan, at: At, a: Action): Plan =>
  inList(p, at, (list) => list.toSpliced(at.at(-1)!, 0, a));
export const remove = (p: Plan, at: At): Plan =>
  inList(p, at, (list) => list.toSpliced(at.at(-1)!, 1));

/** Every step and path with its place, as it is read from above. */
export function rowsOf(p: Plan): { at: At; a: Action }[] {
  const rows: { at: At; a: Action }[] = [];
  const walk = (list: Action[], above: At): void => {
    for (const [i, a] of list.entries()) {
      const at = [...above, i];
      if (kindOf(a) === "enrol") continue;
      if (kindOf(a) !== "silence") rows.push({ at, a });
      walk(a.action ?? [], at);
    }
  };
  walk(p.action, []);
  return rows;
}

const beside = (at: At, by: number): At => at.with(-1, at.at(-1)! + by);
const parent = (at: At): At => at.slice(0, -1);

/** What can be done with the row at a place: the plan after it and where the row is then, or nothing. */
export interface Changed {
  plan: Plan;
  at: At;
}
export function moved(p: Plan, at: At, by: -1 | 1): Changed | null {
  const a = actionAt(p, at);
  const other = at.at(-1)! + by < 0 ? undefined : actionAt(p, beside(at, by));
  if (!a || !other || fixed(other)) return null;
  return { plan: put(put(p, at, other), beside(at, by), a), at: beside(at, by) };
}
/** A step goes to the end of the last path of the question before it. */
export function indented(p: Plan, at: At): Changed | null {
  const a = actionAt(p, at);
  const before = at.at(-1)! > 0 ? actionAt(p, beside(at, -1)) : undefined;
  const path = (before?.action?.length ?? 0) - 1;
  if (!a || isPath(a) || !before || kindOf(before) !== "ask" || path < 0) return null;
  const to = [...beside(at, -1), path, before.action![path]!.action?.length ?? 0];
  return { plan: insert(remove(p, at), to, a), at: to };
}
/** A step inside a path comes to stand after the question. */
export function outdented(p: Plan, at: At): Changed | null {
  const a = actionAt(p, at);
  const question = parent(parent(at));
  if (!a || isPath(a) || at.length < 3 || kindOf(actionAt(p, question)!) !== "ask") return null;
  const to = beside(question, 1);
  return { plan: insert(remove(p, at), to, a), at: to };
}

function freshId(p: Plan): string {
  const ids = new Set(rowsOf(p).map((r) => r.a.id ?? ""));
  let n = ids.size;
  while (ids.has(`step-${n}`)) n++;
  return `step-${n}`;
}
/** A new step after this one, or first inside this path; without a place, the last. */
export function added(p: Plan, at: At | null): Changed {
  const end = p.action.findLastIndex((a) => !fixed(a)) + 1;
  const here = at && actionAt(p, at);
  const to = !here ? [end || 1] : isPath(here) ? [...at, 0] : beside(at, 1);
  const step = withWhen({ id: freshId(p), code: codeOf("message") }, "step", 1, "d");
  return { plan: insert(p, to, step), at: to };
}
/** A new path of the question here, or of the one this path belongs to. */
export function pathAdded(p: Plan, at: At): Changed | null {
  const here = actionAt(p, at);
  const question = here && isPath(here) ? parent(at) : at;
  const q = actionAt(p, question);
  if (!q || kindOf(q) !== "ask" || (q.action?.length ?? 0) >= 9) return null;
  const to = [...question, q.action?.length ?? 0];
  return { plan: insert(p, to, { code: codeOf("path") }), at: to };
}
/** Only a question has paths: another kind loses them. */
export function withKind(a: Action, kind: string): Action {
  const { action, ...rest } = a;
  const paths = kind === "ask" ? { action: action ?? [] } : {};
  return { ...rest, code: codeOf(kind), ...paths };
}

/** As it is sent: paths numbered in their order, a step that follows another naming it, nothing empty. */
export function tidy(p: Plan): Plan {
  const list = (all: Action[]): Action[] =>
    all.map((a, i) => {
      const r = a.relatedAction?.[0];
      const out: Action = { ...a };
      if (isPath(a)) out.prefix = String(i + 1);
      if (r && r.actionId !== "enrol")
        out.relatedAction = [
          { ...r, actionId: (!fixed(all[i - 1] ?? a) && all[i - 1]?.id) || "before" },
        ];
      for (const key of ["title", "textEquivalent", "definitionCanonical"] as const)
        if (!out[key]?.trim()) delete out[key];
      if (!out._textEquivalent?.extension.length) delete out._textEquivalent;
      if (out.action) out.action = list(out.action);
      if (!out.action?.length) delete out.action;
      return out;
    });
  return { ...p, action: list(p.action) };
}

/** The place that a fault of the server names; of the whole plan: none. */
export function placeOf(expression: string): At {
  const head = /^PlanDefinition((?:\.action\[\d+\])+)/.exec(expression)?.[1] ?? "";
  return [...head.matchAll(/\[(\d+)\]/g)].map((m) => Number(m[1]));
}
export const same = (a: At | null, b: At | null): boolean => !!a && !!b && a.join() === b.join();
