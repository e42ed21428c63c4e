// Whose it is, in a form: an id, found by a name that is typed; what was found is offered below the box, and who was
// chosen is said in words, so that nobody has to know an id by heart.
import { useEffect, useState } from "preact/hooks";
import { type Patient, personName } from "../lib/fhir";
import { findPeople } from "../lib/find";
import { comma, fullDate, t } from "../lib/i18n";
import { useLoad } from "../lib/load";

const SETTLED_MS = 250;
const SHOWN = 8;
const told = (p: Patient): string =>
  [personName(p), fullDate(p.birthDate)].filter(Boolean).join(comma());

export function PersonField({ id, required }: { id: string; required?: boolean }) {
  const [typed, setTyped] = useState("");
  const [asked, setAsked] = useState("");
  const [seen, setSeen] = useState<Patient[]>([]);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(typed.trim()), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const found = useLoad<Patient[]>(asked.length > 1 ? `Patient|*|find ${asked}` : null, () =>
    findPeople(asked, SHOWN),
  ).data;
  useEffect(() => {
    if (found?.length) setSeen(found);
  }, [found]);
  const chosen = seen.find((p) => p.id === typed.trim());
  return (
    <div class="field">
      <label for={id}>{t("fl_patient")}</label>
      <input
        class="box"
        id={id}
        name="patient"
        list={`${id}-found`}
        autocomplete="off"
        dir="auto"
        required={required}
        aria-describedby={`${id}-is`}
        onInput={(e) => setTyped(e.currentTarget.value)}
      />
      <datalist id={`${id}-found`}>
        {seen.map((p) => (
          <option key={p.id} value={p.id}>
            {told(p)}
          </option>
        ))}
      </datalist>
      <span class="hint" id={`${id}-is`} role="status">
        {chosen ? <bdi>{told(chosen)}</bdi> : ""}
      </span>
    </div>
  );
}
