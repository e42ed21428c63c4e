// Names of staff from the directory, for references that carry none. Who may not be named stays a role
// or "a colleague": a refusal is not an error here.
import { search } from "./api";
import { type Patient, personName } from "./fhir";
import { useLoad } from "./load";

const PRACTITIONER = "Practitioner/";

export function useNames(references: (string | undefined)[]): Map<string, string> {
  const ids = new Set<string>();
  for (const r of references)
    if (r?.startsWith(PRACTITIONER)) ids.add(r.slice(PRACTITIONER.length));
  const asked = [...ids].sort().join(",");
  const { data } = useLoad<Patient[]>(asked ? `Practitioner|*|${asked}` : null, () =>
    search<Patient>("Practitioner", { _id: asked, _count: "100" }),
  );
  return new Map((data ?? []).map((p) => [PRACTITIONER + p.id, personName(p)]));
}
