// What the portal reads: always the signed-in patient's own record; the server sees to it.
import { METRICS, searchCode } from "../chart/series";
import { get, search } from "../lib/api";
import type {
  Appointment,
  AuditEvent,
  Communication,
  Consent,
  Limit,
  Observation,
  Patient,
  Task,
} from "../lib/fhir";
import type { Lang } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { rightOf } from "../lib/rights";
import { session } from "../lib/session";

export const me = (): string => session.value?.patient?.replace(/^Patient\//, "") ?? "";

export const useMe = () =>
  useLoad<Patient>(`Patient|${me()}|me`, () => get<Patient>(`/fhir/Patient/${me()}`));
/** One request for all vital signs: on a slow phone each further one costs a round trip. */
export const useReadings = () =>
  useLoad<Observation[]>(`Observation|${me()}|mine`, () =>
    search<Observation>(
      "Observation",
      { patient: me(), code: METRICS.map(searchCode).join(","), _sort: "-date", _count: "500" },
      500,
    ),
  );
export const useLimits = () =>
  useLoad<Limit[]>(`CarePlan|${me()}|limits`, () => get<Limit[]>(`/fhir/Patient/${me()}/$limits`));
export const timeOf = (c: Communication): string =>
  c.sent ?? c.received ?? c.meta?.lastUpdated ?? "";
export const isMine = (c: Communication): boolean => !!c.sender?.reference?.startsWith("Patient/");
/** Only what has really gone out is shown; a message still on its way may be taken back. */
export const useMessages = () =>
  useLoad<Communication[]>(`Communication|${me()}|mine`, async () => {
    const all = await search<Communication>("Communication", { patient: me(), _count: "200" });
    return all
      .filter((c) => isMine(c) || ["completed", "in-progress"].includes(c.status))
      .sort((a, b) => timeOf(a).localeCompare(timeOf(b)));
  });
/** Open tasks: cases about them, and questions for them. */
export const useTasks = () =>
  useLoad<Task[]>(`Task|${me()}|mine`, async () => {
    const open = { patient: me(), status: "requested,in-progress", _count: "20" };
    return (await search<Task>("Task", open, 20)).filter((x) => !rightOf(x));
  });
/** Questions about today that fit them, by the server's word. */
export interface Daily {
  survey: string;
  title: Record<Lang, string>;
  answered?: string;
}
export const useDaily = () =>
  useLoad<Daily[]>(`QuestionnaireResponse|${me()}|daily`, () =>
    get<Daily[]>(`/fhir/Patient/${me()}/$daily`),
  );
const isA = (x: Task, code: string): boolean => x.code?.coding?.[0]?.code === code;
export const isCase = (x: Task): boolean => isA(x, "case");
export const isSurvey = (x: Task): boolean => isA(x, "complete-questionnaire");
export const isAsk = (x: Task): boolean => isA(x, "measure-again");
export const useVisits = () =>
  useLoad<Appointment[]>(`Appointment|${me()}|mine`, () =>
    search<Appointment>("Appointment", { patient: me(), _count: "50" }, 50),
  );
export const useConsents = () =>
  useLoad<Consent[]>(`Consent|${me()}|mine`, () =>
    search<Consent>("Consent", { patient: me(), _count: "50" }, 50),
  );
export const useLooks = () =>
  useLoad<AuditEvent[]>(`AuditEvent|${me()}|mine`, () =>
    search<AuditEvent>("AuditEvent", { patient: me(), _sort: "-date", _count: "200" }, 400),
  );
