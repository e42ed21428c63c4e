// Find a patient by name. Asks the server 200 ms after the last letter.
import { useEffect, useState } from "preact/hooks";
import { Empty, Failed, Skeleton } from "../kit/basics";
import { type Patient, personName } from "../lib/fhir";
import { findPeople } from "../lib/find";
import { fullDate, has, type Key, t } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { href } from "../lib/router";

const MAX = 50;
const DEBOUNCE_MS = 200;

export function Patients() {
  const [typed, setTyped] = useState("");
  const [asked, setAsked] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setAsked(typed.trim()), DEBOUNCE_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const enough = asked.length >= 2;
  const found = useLoad<Patient[]>(enough ? `Patient|*|find ${asked}` : null, () =>
    findPeople(asked, MAX),
  );
  return (
    <div class="page narrow">
      <header class="page-head">
        <h1>{t("patients_title")}</h1>
      </header>
      <div class="field">
        <label for="find-patient">{t("patients_find")}</label>
        <input
          class="box"
          id="find-patient"
          type="search"
          autocomplete="off"
          dir="auto"
          value={typed}
          onInput={(e) => setTyped(e.currentTarget.value)}
        />
        <span class="hint">{t("patients_hint")}</span>
      </div>
      {found.error && <Failed error={found.error} />}
      {enough && !found.data && !found.error && <Skeleton lines={5} />}
      {enough && found.data?.length === 0 && <Empty icon="people" title={t("patients_none")} />}
      {enough && !!found.data?.length && (
        <ul class="card people">
          {found.data.map((p) => (
            <li key={p.id}>
              <a href={href(`/patient/${p.id}`)} data-row>
                <strong>
                  <bdi>{personName(p)}</bdi>
                </strong>
                <span class="muted tabular">{fullDate(p.birthDate)}</span>
                <span class="muted">{has(`g_${p.gender}`) ? t(`g_${p.gender}` as Key) : ""}</span>
              </a>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
