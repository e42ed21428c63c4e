// Who watches when, as the server knows it: shown to staff and patients alike, asked again when it changes.
import { useEffect } from "preact/hooks";
import { get } from "./api";
import type { Concept, Period } from "./fhir";
import { again, type Loaded, useLoad } from "./load";

export interface Opening {
  daysOfWeek?: string[];
  allDay?: boolean;
  availableStartTime?: string;
  availableEndTime?: string;
}
export interface Closed {
  description: string;
  during?: Period;
}
/** service "": the house's own hours, which hold for whoever has no team of their own. */
export interface Team {
  service: string;
  name: string;
  zone: string;
  phone: string;
  /** Whom to call in danger: where the patient lives who asks, else where the house is; "": nobody knows. */
  emergency: string;
  watching: boolean;
  until?: string;
  programmes?: Concept[];
  wrong?: string;
  availableTime: Opening[];
  notAvailable: Closed[];
}

const KEY = "HealthcareService|*|hours";
const HOUR = 3_600_000;

/** How long until the answer may be another: at the next opening or closing, and once an hour. */
export function restOf(teams: Team[] | undefined, now: number): number {
  const ends = (teams ?? []).map((x) => Date.parse(x.until ?? "") - now).filter((ms) => ms > 0);
  return Math.max(1000, Math.min(HOUR, ...ends));
}

export function useTeams(): Loaded<Team[]> {
  const teams = useLoad<Team[]>(KEY, () => get<Team[]>("/monitoring/hours"));
  const { data } = teams;
  useEffect(() => {
    const timer = setTimeout(() => again(KEY), restOf(data, Date.now()));
    return () => clearTimeout(timer);
  }, [data]);
  return teams;
}

/** Those that hold for somebody: the house's own do not where a team is for all others. */
export function inForce(teams: Team[]): Team[] {
  const others = teams.some((x) => x.service && !x.programmes && !x.wrong);
  return teams.filter((x) => x.service || !others);
}

/** Whose hours hold: the team that names one of the programmes, else the one for all others. */
export function teamOf(teams: Team[] | undefined, programmes: string[]): Team | undefined {
  const fit = (teams ?? []).filter((x) => !x.wrong);
  const named = fit.find((x) =>
    x.programmes?.some((p) => p.coding?.some((c) => programmes.includes(c.code ?? ""))),
  );
  return named ?? fit.find((x) => !x.programmes);
}
