// The week of who is on call as rows and columns on the team's clock, and a role as a person types it. Pure.
import type { Concept, Period, Reference, Resource } from "../lib/fhir";
import type { Closed, Opening } from "../lib/hours";
import { type Change, DAYS, type Day, openingsOf, weekOf, wrongIn } from "./hours";

export interface Shift {
  role: string;
  to: string;
  who?: Reference;
  from: string;
  until: string;
}
export interface Roster {
  service: string;
  name: string;
  zone: string;
  from: string;
  until: string;
  shifts: Shift[];
  gaps: { from: string; until: string }[];
  handover?: string;
}
export interface Contact {
  system?: string;
  value?: string;
  use?: string;
  rank?: number;
}
export interface Role extends Resource {
  active?: boolean;
  period?: Period;
  practitioner?: Reference;
  code?: Concept[];
  healthcareService?: Reference[];
  telecom?: Contact[];
  availableTime?: Opening[];
  notAvailable?: Closed[];
}

/** "2026-11-23" and "18:00" of a moment on a clock. */
export function localOf(ms: number, zone: string): [string, string] {
  const f = new Intl.DateTimeFormat("en-CA", {
    timeZone: zone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const p = Object.fromEntries(f.formatToParts(ms).map((x) => [x.type, x.value]));
  return [`${p.year}-${p.month}-${p.day}`, `${p.hour}:${p.minute}`];
}

const nextDay = (day: string): string =>
  new Date(Date.parse(`${day}T12:00:00Z`) + 86_400_000).toISOString().slice(0, 10);

/** The days that are shown. */
export function daysOf(r: Roster): string[] {
  const out = [localOf(Date.parse(r.from), r.zone)[0]];
  while (out.length < 7) out.push(nextDay(out.at(-1)!));
  return out;
}

/** What of a shift falls on each day: "18:00–24:00", past midnight "00:00–08:00" of the next. */
export function partsOf(s: Shift, zone: string): Map<string, string> {
  const [first, from] = localOf(Date.parse(s.from), zone);
  const [last, until] = localOf(Date.parse(s.until), zone);
  const out = new Map<string, string>();
  for (let d = first; d <= last; d = nextDay(d)) {
    const begin = d === first ? from : "00:00";
    const end = d === last ? until : "24:00";
    if (begin !== end) out.set(d, `${begin}–${end}`);
  }
  return out;
}

export interface Row {
  role: string;
  to: string;
  who?: Reference;
  cells: Map<string, string[]>;
}
export function rowsOf(r: Roster): Row[] {
  const rows = new Map<string, Row>();
  for (const s of r.shifts) {
    const row: Row = rows.get(s.role) ?? { role: s.role, to: s.to, cells: new Map() };
    if (s.who) row.who = s.who;
    for (const [day, text] of partsOf(s, r.zone))
      row.cells.set(day, [...(row.cells.get(day) ?? []), text]);
    rows.set(s.role, row);
  }
  return [...rows.values()];
}

/** What is typed of one role: when, and where its pages go. */
export interface RoleForm {
  week: Record<Day, string>;
  number: string;
  mail: string;
}
const ALWAYS = Object.fromEntries(DAYS.map((d) => [d, "00:00-24:00"])) as Record<Day, string>;
const way = (role: Role, mail: boolean): string =>
  role.telecom?.find((c) => (c.system === "email") === mail)?.value ?? "";

/** Somebody new: there all the time until their hours are typed. */
export const emptyRoleForm = (): RoleForm => ({ week: { ...ALWAYS }, number: "", mail: "" });
const TEAM_ROLE = "https://weft.health/fhir/team-role";

/** A person at a step of a team; the house's own has no service. */
export function newRole(service: string, who: Reference, step: string): Role {
  return {
    resourceType: "PractitionerRole",
    active: true,
    practitioner: who,
    ...(service && { healthcareService: [{ reference: `HealthcareService/${service}` }] }),
    code: [{ coding: [{ system: TEAM_ROLE, code: step }] }],
  };
}

export function formOfRole(role: Role): RoleForm {
  return {
    week: role.availableTime?.length ? weekOf(role.availableTime) : { ...ALWAYS },
    number: way(role, false),
    mail: way(role, true),
  };
}
const NUMBER = /^\+[\d\s().-]{7,20}$/;
/** What cannot be understood of it; nothing when all can. */
export function wrongInRole(form: RoleForm): string[] {
  const out = wrongIn({
    name: "-",
    zone: "UTC",
    phone: "",
    programmes: "",
    closed: "",
    week: form.week,
  });
  if (form.number.trim() && !NUMBER.test(form.number.trim())) out.push("number");
  if (form.mail.trim() && !/^\S+@\S+$/.test(form.mail.trim())) out.push("mail");
  if (DAYS.every((d) => !form.week[d].trim())) out.push("week");
  return out;
}
/** What is typed over what was stored: all else of the resource stays. */
export function roleOf(form: RoleForm, had: Role): Role {
  const { telecom: _, ...rest } = had;
  const telecom: Contact[] = [];
  if (form.number.trim()) telecom.push({ system: "sms", value: form.number.trim(), rank: 1 });
  if (form.mail.trim()) telecom.push({ system: "email", value: form.mail.trim(), rank: 2 });
  return {
    ...rest,
    ...(telecom.length > 0 && { telecom }),
    availableTime: openingsOf(form.week),
  };
}
export function diffOfRole(before: RoleForm, after: RoleForm): Change[] {
  const rows: Change[] = DAYS.map((d) => ({
    what: d as string,
    before: before.week[d],
    after: after.week[d].trim(),
  }));
  rows.push({ what: "number", before: before.number, after: after.number.trim() });
  rows.push({ what: "mail", before: before.mail, after: after.mail.trim() });
  return rows.filter((r) => r.before !== r.after);
}
/** Two who change places: each has the other's hours, their own number stays theirs. */
export function swapped(a: Role, b: Role): [Role, Role] {
  const person = ({ practitioner, telecom }: Role): Partial<Role> => ({
    ...(practitioner && { practitioner }),
    ...(telecom && { telecom }),
  });
  const place = ({ practitioner: _, telecom: __, ...rest }: Role): Role => rest as Role;
  return [
    { ...place(a), ...person(b) },
    { ...place(b), ...person(a) },
  ];
}
