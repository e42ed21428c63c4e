// What the console reads, each under a key that live changes can find (see lib/load.ts).

import { CARDS, STAMP, searchCode, stampsOf, withClocks } from "../chart/series";
import { rankOf } from "../kit/severity";
import { get, search } from "../lib/api";
import type {
  Communication,
  Condition,
  Encounter,
  Limit,
  MedicationRequest,
  Observation,
  Patient,
  Task,
} from "../lib/fhir";
import { idOf } from "../lib/fhir";
import { dayTimeInText, type Key, lang, t } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { session } from "../lib/session";

export const CASE = "https://weft.health/fhir/task-code|case";
const ASK = "https://weft.health/fhir/task-code|measure-again";
/** Of things, not of people: for support, which is the agents'. */
export const TECHNICAL = "https://weft.health/fhir/task-code|technical";
const READINGS_EACH = "400";

/** Roles whose work shows no readings, medicines, conditions or results: what they may not ask is not asked, since each
 * refusal is a line of the patient's trail. Whoever else is refused is told so in place. */
export const readsCare = (): boolean =>
  !["agent", "outreach", "privacy"].includes(session.value?.role ?? "");
/** Visits are an agent's, too. */
const seesVisits = (): boolean => readsCare() || session.value?.role === "agent";
const care = (id: string | null): string | null => (readsCare() ? id : null);

export function ordered(tasks: Task[]): Task[] {
  return [...tasks].sort(
    (a, b) =>
      rankOf(a.priority) - rankOf(b.priority) ||
      (a.authoredOn ?? "").localeCompare(b.authoredOn ?? ""),
  );
}

export const useWorklist = () =>
  useLoad<Task[]>("Task|*|worklist", async () =>
    ordered(
      await search<Task>(
        "Task",
        {
          code: CASE,
          ...(session.value?.role === "nurse" && { "code:not": TECHNICAL }),
          status: "requested,in-progress,on-hold",
          _count: "500",
        },
        500,
      ),
    ),
  );
export const useTask = (id: string | null) =>
  useLoad<Task>(id && `Task|*|${id}`, () => get<Task>(`/fhir/Task/${id}`));
export const usePatient = (id: string | null) =>
  useLoad<Patient>(id && `Patient|${id}|one`, () => get<Patient>(`/fhir/Patient/${id}`));
export const useLimits = (id: string | null) =>
  useLoad<Limit[]>(care(id) && `CarePlan|${id}|limits`, () =>
    get<Limit[]>(`/fhir/Patient/${id}/$limits`),
  );

const STAMPS_MAX = 100;

/** The newest readings of each vital sign, asked one code at a time so that a frequent one cannot
 * push a rare one out of the page. */
export const useVitals = (id: string | null) =>
  useLoad<Observation[]>(care(id) && `Observation|${id}|vitals`, async () => {
    const each = CARDS.map((m) =>
      search<Observation>(
        "Observation",
        { patient: id!, code: searchCode(m), _sort: "-date", _count: READINGS_EACH },
        Number(READINGS_EACH),
      ),
    );
    const all = (await Promise.all(each)).flat();
    const named = stampsOf(all).slice(0, STAMPS_MAX);
    if (named.length === 0) return all;
    const stamps = await search<Observation>(
      "Observation",
      { patient: id!, code: STAMP, _id: named.join(","), _count: String(STAMPS_MAX) },
      STAMPS_MAX,
    );
    return withClocks(all, stamps);
  });
export const useMedicines = (id: string | null) =>
  useLoad<MedicationRequest[]>(care(id) && `MedicationRequest|${id}|all`, () =>
    search<MedicationRequest>("MedicationRequest", { patient: id!, _count: "200" }),
  );
export const useConditions = (id: string | null) =>
  useLoad<Condition[]>(care(id) && `Condition|${id}|all`, () =>
    search<Condition>("Condition", { patient: id!, _count: "200" }),
  );
export const useEncounters = (id: string | null) =>
  useLoad<Encounter[]>((seesVisits() || null) && id && `Encounter|${id}|all`, () =>
    search<Encounter>("Encounter", { patient: id!, _sort: "-date", _count: "100" }, 100),
  );
export const useMessages = (id: string | null) =>
  useLoad<Communication[]>(id && `Communication|${id}|all`, async () => {
    const all = await search<Communication>("Communication", { patient: id!, _count: "200" });
    return all.sort((a, b) => timeOf(a).localeCompare(timeOf(b)));
  });
export const usePatientCases = (id: string | null) =>
  useLoad<Task[]>(id && `Task|${id}|cases`, () =>
    search<Task>("Task", { patient: id!, code: CASE, _count: "100" }, 100),
  );

/** Readings that the patient was asked to take again before anybody is called. */
export const useAsks = (id: string | null) =>
  useLoad<Task[]>(id && `Task|${id}|asks`, () =>
    search<Task>("Task", { patient: id!, code: ASK, _sort: "-authored-on", _count: "30" }, 30),
  );
const ASK_ENDS: Record<string, Key> = {
  normal: "ask_normal",
  again: "ask_again",
  silent: "ask_silent",
  unreached: "ask_unreached",
  graver: "ask_graver",
  withdrawn: "ask_withdrawn",
};
export function askWords(task: Task): string {
  const end = ASK_ENDS[task.output?.[0]?.valueCodeableConcept?.coding?.[0]?.code ?? ""];
  return end ? t(end) : t("ask_waits", { time: dayTimeInText(task.executionPeriod?.end) });
}

export function timeOf(c: Communication): string {
  return c.sent ?? c.received ?? c.meta?.lastUpdated ?? "";
}
export const isInbound = (c: Communication): boolean =>
  !!c.sender?.reference?.startsWith("Patient/") ||
  !!c.sender?.reference?.startsWith("RelatedPerson/");

/** In the reader's language where the case has it: older cases are in English only. */
export function sentenceOf(task: Task, language: string = lang.value): string {
  const parts = task._description?.extension
    ?.filter((e) => e.url === "http://hl7.org/fhir/StructureDefinition/translation")
    .map((e) => e.extension ?? [])
    .find((p) => p.some((x) => x.url === "lang" && x.valueCode === language));
  const said = parts?.find((x) => x.url === "content")?.valueString;
  return said ?? task.description ?? task.code?.text ?? "";
}
export const ruleOf = (task: Task): string => task.reasonCode?.text ?? "";
/** What it is about first, then what is behind it, newest first: ids of readings, answers and messages. */
export const behind = (task: Task | undefined): string[] =>
  [task?.focus, ...(task?.input ?? []).map((i) => i.valueReference)].map(idOf).filter(Boolean);
export const evidenceOf = (task: Task): number =>
  task.input?.filter((i) => i.valueReference).length ?? 0;
