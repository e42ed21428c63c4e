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
import { personName } from "../lib/fhir";
import { useLoad } from "../lib/load";
import { session } from "../lib/session";

export const me = (): string => session.value?.patient?.replace(/^Patient\//, "") ?? "";

export const useMe = () =>
  useLoad<Patient>(`Patient|${me()}|me`, () => get<Patient>(`/fhir/Patient/${me()}`));
export const useReadings = () =>
  useLoad<Observation[]>(`Observation|${me()}|mine`, async () => {
    const each = METRICS.map((m) =>
      search<Observation>("Observation", {
        patient: me(),
        code: searchCode(m),
        _sort: "-date",
        _count: "200",
      }),
    );
    return (await Promise.all(each)).flat();
  });
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
export const useCases = () =>
  useLoad<Task[]>(`Task|${me()}|mine`, () =>
    search<Task>("Task", { patient: me(), status: "requested,in-progress", _count: "20" }, 20),
  );
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

/** Names of the staff in the trail, from the directory; who may not be named stays a role. */
export function useNames(looks: AuditEvent[] | undefined): Map<string, string> {
  const ids = new Set<string>();
  for (const e of looks ?? [])
    for (const a of e.agent ?? [])
      if (a.who?.reference?.startsWith("Practitioner/")) ids.add(a.who.reference.slice(13));
  const asked = [...ids].sort().join(",");
  const { data } = useLoad<Patient[]>(asked ? `Practitioner|*|${asked}` : null, () =>
    search<Patient>("Practitioner", { _id: asked, _count: "100" }),
  );
  return new Map((data ?? []).map((p) => [`Practitioner/${p.id}`, personName(p)]));
}
