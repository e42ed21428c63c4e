// An outline as the editor changes it: a PlanDefinition, its steps, words by language, when they come.
import type { Resource } from "../lib/fhir";

const URL = "https://weft.health/fhir/StructureDefinition/plan-";
const TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation";
export const STEP = "https://weft.health/fhir/plan-step";

export interface Extension {
  url: string;
  valueCode?: string;
  valueString?: string;
  valueReference?: { reference: string };
  extension?: Extension[];
}
export interface Action {
  id?: string;
  title?: string;
  prefix?: string;
  code?: { coding: { system: string; code: string }[] }[];
  textEquivalent?: string;
  _textEquivalent?: { extension: Extension[] };
  relatedAction?: {
    actionId: string;
    relationship: string;
    offsetDuration?: { value: number; unit?: string; system?: string; code: string };
  }[];
  extension?: Extension[];
  action?: Action[];
}
export interface Plan extends Resource {
  title?: string;
  extension?: Extension[];
  action: Action[];
}
export type Tongue = "en" | "es" | "ar";

export const kindOf = (a: Action): string =>
  a.code?.flatMap((c) => c.coding).find((c) => c.system === STEP)?.code ?? "";

/** The steps that are edited: not who enrols, not what is done after silence. */
export const stepsOf = (p: Plan): Action[] =>
  p.action.filter((a) => !["enrol", "silence"].includes(kindOf(a)));

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

const UNIT: Record<string, number> = { min: 1 / 1440, h: 1 / 24, d: 1, wk: 7 };

/** Days after the start or, of a step that follows another, after that one; before it: negative. */
export function daysOf(a: Action): number {
  const r = a.relatedAction?.[0];
  const d = r?.offsetDuration;
  const days = d ? d.value * (UNIT[d.code] ?? 1) : 0;
  return r?.relationship.startsWith("before") ? -days : days;
}

export function withDays(a: Action, days: number): Action {
  return {
    ...a,
    relatedAction: [
      {
        actionId: a.relatedAction?.[0]?.actionId ?? "enrol",
        relationship: days < 0 ? "before-start" : "after-end",
        offsetDuration: {
          value: Math.abs(days),
          unit: "d",
          system: "http://unitsofmeasure.org",
          code: "d",
        },
      },
    ],
  };
}

/** A new order or other steps; who enrols stays first, what is done after silence last. */
export function withSteps(p: Plan, steps: Action[]): Plan {
  const fixed = (kind: string): Action[] => p.action.filter((a) => kindOf(a) === kind);
  return { ...p, action: [...fixed("enrol"), ...steps, ...fixed("silence")] };
}

export function newStep(p: Plan): Action {
  const ids = new Set(p.action.map((a) => a.id));
  let n = p.action.length;
  while (ids.has(`step-${n}`)) n++;
  const code = [{ coding: [{ system: STEP, code: "message" }] }];
  return withDays({ id: `step-${n}`, title: "", code, textEquivalent: "" }, 0);
}

export const audienceOf = (p: Plan): string =>
  p.extension?.find((e) => e.url === `${URL}audience`)?.valueReference?.reference ?? "";

export function withAudience(p: Plan, reference: string): Plan {
  const others = (p.extension ?? []).filter((e) => e.url !== `${URL}audience`);
  const mine: Extension = { url: `${URL}audience`, valueReference: { reference } };
  return { ...p, extension: reference ? [...others, mine] : others };
}
