// People by what somebody types of a name, in any order: "Lee Chen", "Chen, Lee", "chen le". The whole as it stands is asked
// for first (FHIR: the beginning of a part of the name), so that "de la Cruz" is found; then every longer word of it.
import { search } from "./api";
import type { Patient } from "./fhir";

const LONG = 3; // letters from which the server looks inside a part of a name
type Asked = [string, string][];

/** What is typed, in its words, also by the commas of Arabic. */
export const partsOf = (typed: string): string[] => typed.split(/[\s,;،؛]+/).filter(Boolean);

export function asksOf(typed: string): Asked[] {
  const words = partsOf(typed);
  if (words.length === 0) return [];
  const whole: Asked = [["name", words.join(" ")]];
  if (words.length === 1) return [whole];
  const long = words.filter((w) => w.length >= LONG);
  const short = long.length > 1 ? [] : words.filter((w) => w.length < LONG);
  return [
    whole,
    [
      ...long.map((w): [string, string] => ["name:contains", w]),
      ...short.map((w): [string, string] => ["name", w]),
    ],
  ];
}

export async function findPeople(typed: string, max: number): Promise<Patient[]> {
  const found = await Promise.all(
    asksOf(typed).map((a) => search<Patient>("Patient", [...a, ["_count", String(max)]], max)),
  );
  const byId = new Map(found.flat().map((p) => [p.id, p]));
  return [...byId.values()].slice(0, max);
}
