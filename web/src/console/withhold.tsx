// One result held back from its patient: by an exception that has a name, judged for this person and this
// result, for some days; what is held back now, and its end. The server decides; the reason goes to the trail.
import { useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { Dialog } from "../kit/basics";
import { Area, Field, textOf } from "../kit/field";
import { get, post, search } from "../lib/api";
import { type Observation, words } from "../lib/fhir";
import { day, dayTime, t, wordOf } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { session } from "../lib/session";

interface Withheld {
  result: string;
  citation: string;
  until: string;
  tell?: string;
}
interface Exception {
  code: string;
  citation: string;
  days: number;
}
interface Release {
  withheld: Withheld[];
  exceptions: Exception[];
}
interface Props {
  patient: string;
  held: Withheld[];
  exceptions: Exception[];
}

const DAY = 86400000;
const SHOWN = 10;
const releaseKey = (patient: string): string => `QuestionnaireResponse|${patient}|release`;
const label = (x: Exception): string => `${wordOf("hold_", x.code)} (${x.citation})`;

export function Withhold({ id }: { id: string }) {
  const mine = session.value?.role === "nurse";
  const [open, setOpen] = useState(false);
  const [chosen, choose] = useState<Observation | null>(null);
  const { data } = useLoad<Release>(mine ? releaseKey(id) : null, () =>
    get<Release>(`/fhir/Patient/${id}/$release`),
  );
  if (!data) return null;
  const props: Props = { patient: id, held: data.withheld, exceptions: data.exceptions };
  return (
    <section class="card facts-list" aria-labelledby="hold">
      <h2 id="hold">{t("hold_title")}</h2>
      {data.withheld.map((h) => (
        <Held key={h.result} h={h} patient={id} />
      ))}
      <details onToggle={(e) => setOpen(e.currentTarget.open)}>
        <summary>{t("hold_choose")}</summary>
        {open && <Recent {...props} choose={choose} />}
      </details>
      {chosen && <Form {...props} o={chosen} onClose={() => choose(null)} />}
    </section>
  );
}

function Held({ h, patient }: { h: Withheld; patient: string }) {
  const [error, busy, act] = useAct(releaseKey(patient));
  const { data } = useLoad<Observation>(h.result, () => get<Observation>(`/fhir/${h.result}`));
  const end = (): void =>
    void act(async () => {
      await post(`/fhir/${h.result}/$withhold`, { end: true });
      return t("hold_ended");
    });
  return (
    <div class="stack">
      <p>
        <strong dir="auto">{data ? words(data.code) : h.result}</strong>{" "}
        {t("hold_until", { day: day(h.until), law: h.citation })} <span dir="auto">{h.tell}</span>
      </p>
      <Wrong text={error} />
      <div class="case-acts">
        <button type="button" class="btn" disabled={busy} onClick={end}>
          {t("hold_end")}
        </button>
      </div>
    </div>
  );
}

function Recent({ patient, held, choose }: Props & { choose: (o: Observation) => void }) {
  const { data } = useLoad<Observation[]>(`Observation|${patient}|hold`, () =>
    search<Observation>(
      "Observation",
      { patient, category: "laboratory,imaging", _sort: "-_lastUpdated", _count: String(SHOWN) },
      SHOWN,
    ),
  );
  const free = (data ?? []).filter((o) => !held.some((h) => h.result === `Observation/${o.id}`));
  if (data && !free.length) return <p class="muted">{t("hold_none")}</p>;
  return (
    <ul class="plain">
      {free.map((o) => (
        <li key={o.id} class="row-line">
          <span>
            <span dir="auto">{words(o.code)}</span>{" "}
            <span class="muted">{dayTime(o.effectiveDateTime)}</span>
          </span>
          <button
            type="button"
            class="btn small"
            aria-label={t("hold_this", { what: words(o.code) })}
            onClick={() => choose(o)}
          >
            {t("hold_back")}
          </button>
        </li>
      ))}
    </ul>
  );
}

function Form({
  patient,
  exceptions,
  o,
  onClose,
}: Props & { o: Observation; onClose: () => void }) {
  const [code, setCode] = useState(exceptions[0]?.code ?? "");
  const [error, busy, act] = useAct(releaseKey(patient), `Observation|${patient}|hold`);
  const most = exceptions.find((x) => x.code === code)?.days ?? 1;
  const on = (days: number): string => new Date(Date.now() + days * DAY).toISOString().slice(0, 10);
  const send = (e: Event): void => {
    e.preventDefault();
    const form = new FormData(e.currentTarget as HTMLFormElement);
    const said = (name: string): string => textOf(form, name);
    void act(async () => {
      await post(`/fhir/Observation/${o.id}/$withhold`, {
        exception: code,
        reason: said("reason"),
        until: said("until"),
        tell: said("tell"),
        checked: form.get("checked") === "on",
      });
      onClose();
      return t("hold_done");
    });
  };
  return (
    <Dialog title={t("hold_this", { what: words(o.code) })} onClose={onClose}>
      <form class="stack" onSubmit={send}>
        <p>{t("hold_lead")}</p>
        <div class="field">
          <label for="hold-exception">{t("hold_exception")}</label>
          <select
            class="box"
            id="hold-exception"
            value={code}
            onChange={(e) => setCode(e.currentTarget.value)}
          >
            {exceptions.map((x) => (
              <option key={x.code} value={x.code}>
                {label(x)}
              </option>
            ))}
          </select>
        </div>
        <Area
          id="hold-reason"
          label={t("hold_reason")}
          name="reason"
          rows={2}
          maxLength={2000}
          required
        />
        <Field
          id="hold-day"
          label={t("hold_day", { n: most })}
          name="until"
          type="date"
          min={on(1)}
          max={on(most - 1)}
          required
        />
        <Area id="hold-tell" label={t("hold_tell")} name="tell" rows={2} maxLength={500} />
        <label class="switch">
          <input type="checkbox" name="checked" required />
          <span>{t("hold_checked")}</span>
        </label>
        <Wrong text={error} />
        <div class="acts">
          <button type="submit" class="btn primary" disabled={busy}>
            {t("hold_back")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
