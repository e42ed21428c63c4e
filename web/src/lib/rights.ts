// A patient's request as both apps read it: a Task whose code says what is asked for, with the clock that runs.
import type { Task } from "./fhir";

const SYSTEM = "https://weft.health/fhir/task-code";
export const RIGHTS = [
  "access",
  "portability",
  "amendment",
  "restriction",
  "confidential-communications",
  "accounting",
  "erasure",
] as const;
export type Right = (typeof RIGHTS)[number];
export const RIGHT_CODES = RIGHTS.map((r) => `${SYSTEM}|right-${r}`).join(",");
const DAY = 86_400_000;
const SOON_DAYS = 10;

export function rightOf(task: Task): Right | undefined {
  const codes = task.code?.coding?.map((c) => c.code ?? "") ?? [];
  return RIGHTS.find((r) => codes.includes(`right-${r}`));
}
export const dueOf = (task: Task): string => task.restriction?.period?.end ?? "";
export const daysLeft = (task: Task, now: number): number =>
  Math.ceil((Date.parse(dueOf(task)) - now) / DAY);
export const isSoon = (task: Task, now: number): boolean => daysLeft(task, now) <= SOON_DAYS;
export const isOpen = (task: Task): boolean => ["requested", "in-progress"].includes(task.status);

type Part = {
  type?: { text?: string };
  valueString?: string;
  valueReference?: { reference?: string };
};
export const part = (list: Part[] | undefined, name: string): Part | undefined =>
  list?.find((x) => x.type?.text === name);
export const saidIn = (list: Part[] | undefined, name: string): string =>
  part(list, name)?.valueString ?? "";
