// The form by which a patient lets records of substance use care be shared (42 CFR 2.31): its ten parts are asked one by
// one, what lacks is said beside it, and it is kept with what it says. It permits no contact and shows nothing to anybody
// here; it is the proof for who shares. Until when it holds is shown, and it can be taken back.
import { useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { Choice, Dialog } from "../kit/basics";
import { Area, Field, textOf } from "../kit/field";
import { Icon } from "../kit/icons";
import { call, post, search } from "../lib/api";
import { CONSENT_CATEGORY, type Consent } from "../lib/fhir";
import { fullDate, t } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { session } from "../lib/session";

/** Of the rule P2-02, in the order in which a form has them. */
export const ELEMENTS = [
  "patient_name",
  "discloser",
  "description",
  "recipient",
  "purpose",
  "revocation_right",
  "expiry",
  "signature",
  "date",
  "redisclosure_statement",
] as const;
type Element = (typeof ELEMENTS)[number];
const TYPED = ["discloser", "description", "recipient", "date"] as const;
type Typed = (typeof TYPED)[number];
const ENDS = ["day", "event", "none"] as const;
type Ends = (typeof ENDS)[number];
const HOWS = ["written", "web"] as const;
type How = (typeof HOWS)[number];

interface Form {
  ticked: Element[];
  typed: Record<Typed, string>;
  ends: Ends | "";
  until: string;
  event: string;
}
const EMPTY: Form = {
  ticked: [],
  typed: { discloser: "", description: "", recipient: "", date: "" },
  ends: "",
  until: "",
  event: "",
};
const isTyped = (e: Element): e is Typed => (TYPED as readonly string[]).includes(e);
/** Does the form have this part? */
export function holds(f: Form, e: Element): boolean {
  if (isTyped(e)) return f.typed[e].trim() !== "";
  if (e !== "expiry") return f.ticked.includes(e);
  return f.ends === "none" || (f.ends === "day" ? f.until !== "" : f.event.trim() !== "");
}
/** What it says, as it is kept and hashed. */
function wordsOf(f: Form, where: string): string {
  const lines = TYPED.map((e) => `${t(`p2_${e}`)}: ${f.typed[e].trim()}`);
  const end = f.ends === "day" ? f.until : f.ends === "event" ? f.event.trim() : t("p2_ends_none");
  return [...lines, `${t("p2_expiry")}: ${end}`, `${t("p2_where")}: ${where}`].join("\n");
}
const keyOf = (patient: string): string => `Consent|${patient}|part2`;

function Expiry({ of, set }: { of: Form; set: (f: Form) => void }) {
  return (
    <>
      <p aria-hidden="true">{t("p2_expiry")}</p>
      <Choice<Ends | "">
        legend={t("p2_expiry")}
        value={of.ends}
        options={ENDS.map((e) => ({ value: e, label: t(`p2_ends_${e}`) }))}
        onChange={(ends) => set({ ...of, ends })}
      />
      {of.ends === "day" && (
        <Field
          id="p2-until"
          type="date"
          label={t("p2_until")}
          value={of.until}
          onValue={(until) => set({ ...of, until })}
        />
      )}
      {of.ends === "event" && (
        <Field
          id="p2-event"
          label={t("p2_event")}
          value={of.event}
          onValue={(event) => set({ ...of, event })}
          maxLength={400}
          dir="auto"
        />
      )}
    </>
  );
}

function Part({ of, e, set }: { of: Form; e: Element; set: (f: Form) => void }) {
  if (e === "expiry") return <Expiry of={of} set={set} />;
  if (isTyped(e))
    return (
      <Field
        id={`p2-${e}`}
        type={e === "date" ? "date" : "text"}
        label={t(`p2_${e}`)}
        value={of.typed[e]}
        onValue={(v) => set({ ...of, typed: { ...of.typed, [e]: v } })}
        maxLength={1000}
        dir={e === "date" ? undefined : "auto"}
      />
    );
  return (
    <label class="switch">
      <input
        type="checkbox"
        checked={of.ticked.includes(e)}
        onChange={(x) =>
          set({
            ...of,
            ticked: x.currentTarget.checked ? [...of.ticked, e] : of.ticked.filter((k) => k !== e),
          })
        }
      />
      <span>{t(`p2_${e}`)}</span>
    </label>
  );
}

/** What lacks is marked once somebody tried; whether it may be kept so is the rulebook's to say. */
function FormDialog({ patient, onClose }: { patient: string; onClose: () => void }) {
  const [of, set] = useState<Form>(EMPTY);
  const [how, setHow] = useState<How>("written");
  const [tried, setTried] = useState(false);
  const [error, busy, act] = useAct(keyOf(patient));
  const keep = (e: Event): void => {
    e.preventDefault();
    const form = new FormData(e.currentTarget as HTMLFormElement);
    setTried(true);
    void act(async () => {
      await post(`/fhir/Patient/${patient}/$consent`, {
        how,
        type: "part2_tpo",
        elements: ELEMENTS.filter((x) => holds(of, x)),
        evidence: wordsOf(of, textOf(form, "where")),
        affirmative: holds(of, "signature"),
        granular: form.get("granular") === "on",
        separate: form.get("separate") === "on",
        ...(of.ends === "day" && of.until && { until: of.until }),
        ...(of.ends === "event" && { event: of.event.trim() }),
      });
      onClose();
      return t("p2_kept");
    });
  };
  return (
    <Dialog title={t("p2_write")} onClose={onClose}>
      <form class="stack" onSubmit={keep}>
        <p>{t("p2_lead")}</p>
        <Choice<How>
          legend={t("rc_how")}
          value={how}
          options={HOWS.map((h) => ({ value: h, label: t(`rc_h_${h}`) }))}
          onChange={setHow}
        />
        <fieldset class="plain stack">
          <legend>{t("rc_elements")}</legend>
          {ELEMENTS.map((e) => (
            <div key={e} class="stack">
              <Part of={of} e={e} set={set} />
              {tried && !holds(of, e) && (
                <p class="note bad" data-lacks={e}>
                  <Icon name="warn" />
                  <span>{t("p2_lacks")}</span>
                </p>
              )}
            </div>
          ))}
        </fieldset>
        <Area
          id="p2-where"
          name="where"
          label={t("p2_where")}
          rows={2}
          maxLength={2000}
          required
          dir="auto"
        />
        {(["granular", "separate"] as const).map((name) => (
          <label key={name} class="switch">
            <input type="checkbox" name={name} />
            <span>{t(`rc_${name}`)}</span>
          </label>
        ))}
        <Wrong text={error} />
        <div class="dialog-end">
          <button type="button" class="btn" onClick={onClose}>
            {t("cancel")}
          </button>
          <button type="submit" class="btn primary" disabled={busy}>
            {t("p2_keep")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

const wordsIn = (c: Consent): string =>
  c.extension
    ?.flatMap((e) => e.extension ?? [])
    .find((e) => e.url === "words" && e.valueString !== undefined)?.valueString ?? "";
const ENDS_WITH = "https://weft.health/fhir/StructureDefinition/consent-ends-with";
/** The event with which it ends, as the form says it. */
export const eventOf = (c: Consent): string =>
  c.extension?.find((e) => e.url === ENDS_WITH)?.valueString ?? "";
/** The end is the instant after its last day. */
const lastDay = (end: string): string => new Date(Date.parse(end) - 1).toISOString().slice(0, 10);
/** In force, ended, or taken back; and when. */
type State =
  | "p2_state_until"
  | "p2_state_over"
  | "p2_state_event"
  | "p2_state_open"
  | "p2_state_revoked";
export function stateOf(c: Consent, now: number): [State, string | undefined] {
  const end = c.provision?.period?.end;
  if (c.status !== "active") return ["p2_state_revoked", c.meta?.lastUpdated];
  if (!end) return [eventOf(c) ? "p2_state_event" : "p2_state_open", undefined];
  return [Date.parse(end) > now ? "p2_state_until" : "p2_state_over", lastDay(end)];
}

function Kept({ patient, of, may }: { patient: string; of: Consent; may: boolean }) {
  const [ask, setAsk] = useState(false);
  const [error, busy, act] = useAct(keyOf(patient));
  const [word, day] = stateOf(of, Date.now());
  const revoke = (): void =>
    void act(async () => {
      await call("PUT", `/fhir/Consent/${of.id}`, { ...of, status: "inactive" });
      setAsk(false);
      return t("p2_revoked");
    });
  return (
    <li>
      <span>
        {t(word, {
          kept: fullDate(of.dateTime ?? ""),
          day: day ? fullDate(day) : "",
          event: eventOf(of),
        })}
        {may && word === "p2_state_event" && ` ${t("p2_event_act")}`}
      </span>
      {wordsIn(of) && (
        <details>
          <summary>{t("p2_says")}</summary>
          <p dir="auto">{wordsIn(of)}</p>
        </details>
      )}
      {may && of.status === "active" && (
        <div class="case-acts">
          <button type="button" class="btn" onClick={() => setAsk(true)}>
            {t("p2_revoke")}
          </button>
        </div>
      )}
      {ask && (
        <Dialog title={t("p2_revoke")} onClose={() => setAsk(false)}>
          <p>{t("p2_revoke_lead")}</p>
          <Wrong text={error} />
          <div class="dialog-end">
            <button type="button" class="btn" onClick={() => setAsk(false)}>
              {t("cancel")}
            </button>
            <button type="button" class="btn primary" disabled={busy} onClick={revoke}>
              {t("p2_revoke")}
            </button>
          </div>
        </Dialog>
      )}
    </li>
  );
}

/** Below how they may be reached: the forms, newest first, and for a nurse the way to write one down. */
export function Part2({ patient }: { patient: string }) {
  const [open, setOpen] = useState(false);
  const { data } = useLoad<Consent[]>(keyOf(patient), () =>
    search<Consent>(
      "Consent",
      { patient, category: `${CONSENT_CATEGORY}|part2`, _sort: "-date", _count: "20" },
      20,
    ),
  );
  const may = session.value?.role === "nurse";
  if (!data || (data.length === 0 && !may)) return null;
  return (
    <section aria-labelledby="p2">
      <h3 id="p2">{t("p2_title")}</h3>
      <p class="muted">{t("p2_no_contact")}</p>
      {data.length > 0 && (
        <ul>
          {data.map((c) => (
            <Kept key={c.id} patient={patient} of={c} may={may} />
          ))}
        </ul>
      )}
      {may && (
        <div class="case-acts">
          <button type="button" class="btn" onClick={() => setOpen(true)}>
            {t("p2_write")}
          </button>
        </div>
      )}
      {open && <FormDialog patient={patient} onClose={() => setOpen(false)} />}
    </section>
  );
}
