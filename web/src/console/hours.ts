// The hours of a team as lines that a person types, and back into FHIR's shape. Pure.
import type { Concept, Extension, Period, Resource } from "../lib/fhir";
import type { Closed, Opening, Team } from "../lib/hours";

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Day = (typeof DAYS)[number];
const ZONE = "http://hl7.org/fhir/StructureDefinition/timezone";
const OUT = "https://weft.health/fhir/StructureDefinition/out-of-hours";
const TYPE = { system: "https://weft.health/fhir/service-type", code: "remote-monitoring" };
const PROGRAMME = "https://weft.health/fhir/programme";

export interface Service extends Resource {
  active?: boolean;
  name?: string;
  type?: Concept[];
  program?: Concept[];
  telecom?: { system?: string; value?: string; extension?: Extension[] }[];
  availableTime?: Opening[];
  notAvailable?: (Closed & { during?: Period })[];
}
/** What is typed: a day "08:00-12:00, 13:00-18:00", empty when nobody works; closed times a line each. */
export interface Form {
  name: string;
  zone: string;
  phone: string;
  programmes: string;
  week: Record<Day, string>;
  closed: string;
}

const hm = (time: string | undefined): string => (time ?? "").slice(0, 5);
const PART = /^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$/;
/** Days, or moments as FHIR writes them: what somebody else said to the hour stays so. */
const LINE = /^(\d{4}-\d\d-\d\d(?:T\S+)?)(?: - (\d{4}-\d\d-\d\d(?:T\S+)?))? (\S.*)$/;

/** "08:00-18:00" of FHIR's opening; midnight at the end is 24:00. */
const partOf = (o: Opening): string =>
  o.allDay
    ? "00:00-24:00"
    : `${hm(o.availableStartTime)}-${hm(o.availableEndTime).replace(/^00:00$/, "24:00")}`;

export function weekOf(openings: Opening[]): Record<Day, string> {
  const of = (day: Day): string =>
    openings
      .filter((o) => !o.daysOfWeek?.length || o.daysOfWeek.includes(day))
      .map(partOf)
      .sort()
      .join(", ");
  return Object.fromEntries(DAYS.map((d) => [d, of(d)])) as Record<Day, string>;
}
export function closedOf(list: Closed[]): string {
  return list
    .map((c) => {
      const [from, to] = [c.during?.start, c.during?.end];
      return `${from}${to === from ? "" : ` - ${to}`} ${c.description}`;
    })
    .join("\n");
}
export function formOf(team: Team): Form {
  return {
    name: team.name,
    zone: team.zone,
    phone: team.phone,
    programmes: (team.programmes ?? [])
      .flatMap((p) => p.coding?.map((c) => c.code) ?? [])
      .join(", "),
    week: weekOf(team.availableTime),
    closed: closedOf(team.notAvailable),
  };
}

const split = (text: string, by: RegExp): string[] =>
  text
    .split(by)
    .map((x) => x.trim())
    .filter(Boolean);

/** What cannot be understood of it: the day, "closed", "name" or "zone"; nothing when all can. */
export function wrongIn(form: Form): string[] {
  const out: string[] = DAYS.filter((d) => split(form.week[d], /,/).some((p) => !PART.test(p)));
  if (split(form.closed, /\n/).some((line) => !LINE.test(line))) out.push("closed");
  if (!form.name.trim()) out.push("name");
  try {
    new Intl.DateTimeFormat("en", { timeZone: form.zone });
  } catch {
    out.push("zone");
  }
  return out;
}

/** The same hours on several days are one opening. */
export function openingsOf(week: Form["week"]): Opening[] {
  const parts = new Map<string, Day[]>();
  for (const d of DAYS)
    for (const p of split(week[d], /,/)) parts.set(p, [...(parts.get(p) ?? []), d]);
  return [...parts].map(([part, daysOfWeek]) => {
    const [from, to] = part.split("-");
    return part === "00:00-24:00"
      ? { daysOfWeek, allDay: true }
      : {
          daysOfWeek,
          availableStartTime: `${from}:00`,
          availableEndTime: `${to === "24:00" ? "00:00" : to}:00`,
        };
  });
}

/** What is typed over what was stored: all else of the resource stays. */
export function serviceOf(form: Form, had?: Service): Service {
  const { program: _, notAvailable: __, ...rest } = had ?? { resourceType: "HealthcareService" };
  const programmes = split(form.programmes, /,/);
  const closed = split(form.closed, /\n/).map((line) => {
    const [, start, end, description] = LINE.exec(line)!;
    return { description: description!, during: { start: start!, end: end ?? start! } };
  });
  const phones = (had?.telecom ?? []).filter(
    (x) => !x.extension?.some((e) => e.url === OUT && e.valueBoolean),
  );
  if (form.phone.trim())
    phones.push({
      system: "phone",
      value: form.phone.trim(),
      extension: [{ url: OUT, valueBoolean: true }],
    });
  const { telecom: ___, ...kept } = rest as Service;
  return {
    ...kept,
    resourceType: "HealthcareService",
    active: true,
    name: form.name.trim(),
    type: had?.type ?? [{ coding: [TYPE] }],
    extension: [
      ...(had?.extension ?? []).filter((e) => e.url !== ZONE),
      { url: ZONE, valueCode: form.zone },
    ],
    ...(phones.length > 0 && { telecom: phones }),
    ...(programmes.length > 0 && {
      program: programmes.map((code) => ({ coding: [{ system: PROGRAMME, code }] })),
    }),
    availableTime: openingsOf(form.week),
    ...(closed.length > 0 && { notAvailable: closed }),
  };
}

export interface Change {
  what: string;
  before: string;
  after: string;
}
/** What would be another than it is, a line each. */
export function diffOf(before: Form, after: Form): Change[] {
  const rows: Change[] = (["name", "zone", "phone", "programmes"] as const).map((what) => ({
    what,
    before: before[what].trim(),
    after: after[what].trim(),
  }));
  for (const d of DAYS) rows.push({ what: d, before: before.week[d], after: after.week[d].trim() });
  const [was, is] = [before, after].map((f) => split(f.closed, /\n/));
  for (const line of was!)
    if (!is!.includes(line)) rows.push({ what: "closed", before: line, after: "" });
  for (const line of is!)
    if (!was!.includes(line)) rows.push({ what: "closed", before: "", after: line });
  return rows.filter((r) => r.before !== r.after);
}
