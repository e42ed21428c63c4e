// How somebody is today: the questions that fit them, read out on a call and written down here, or sent by text. What is
// answered becomes Observations and MedicationStatements on the server, which re-grade the case.
import { useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { Choice, Dialog, Failed, Skeleton } from "../kit/basics";
import { Area, Field } from "../kit/field";
import { get, post } from "../lib/api";
import { dayTime, fullDate, type Lang, lang, t, time } from "../lib/i18n";
import { again, changed, useLoad } from "../lib/load";
import { session } from "../lib/session";
import { ContactBudget } from "./budget";
import { openTab } from "./patient";

type Texts = Record<Lang, string>;
const keyOf = (patient: string): string => `QuestionnaireResponse|${patient}|daily`;

interface Item {
  link: string;
  kind: "choice" | "text" | "yesno";
  text: Texts;
  options: { code: string; text: Texts }[];
}
interface Daily {
  survey: string;
  title: Texts;
  answered?: string;
  each?: { at: string; until: string };
  items: Item[];
}

function Question({
  of,
  value,
  onValue,
}: {
  of: Item;
  value: string;
  onValue: (v: string) => void;
}) {
  const text = of.text[lang.value];
  if (of.kind === "text")
    return (
      <Area id={`da-${of.link}`} label={text} value={value} onValue={onValue} rows={2} dir="auto" />
    );
  const answers =
    of.kind === "yesno"
      ? [
          { value: "yes", label: t("cp_a_yes") },
          { value: "no", label: t("cp_a_no") },
        ]
      : of.options.map((o) => ({ value: o.code, label: o.text[lang.value] }));
  return (
    <div>
      <p aria-hidden="true">{text}</p>
      <Choice<string>
        legend={text}
        value={value}
        options={[{ value: "", label: t("da_unasked") }, ...answers]}
        onChange={onValue}
      />
    </div>
  );
}

/** An order that sends them each day at an hour of the patient's day; and how it ends. */
function EachDay({ patient, of }: { patient: string; of: Daily }) {
  const [at, setAt] = useState("09:00");
  const [error, busy, act] = useAct(keyOf(patient));
  const plan = (each: string): void =>
    void act(async () => {
      await post(`/fhir/Patient/${patient}/$ask`, { survey: of.survey, each });
      return t(each ? "da_each_on" : "da_each_off");
    });
  return (
    <section class="stack" aria-label={t("da_each")}>
      {of.each ? (
        <div class="row-line">
          <p>
            {t("da_each_is", {
              time: time(new Date(`2000-01-01T${of.each.at}`)),
              day: fullDate(of.each.until),
            })}
          </p>
          <button type="button" class="btn" disabled={busy} onClick={() => plan("")}>
            {t("da_each_stop")}
          </button>
        </div>
      ) : (
        <div class="row-line">
          <Field id="da-at" type="time" label={t("da_each_at")} value={at} onValue={setAt} />
          <button type="button" class="btn" disabled={busy || !at} onClick={() => plan(at)}>
            {t("da_each")}
          </button>
        </div>
      )}
      <Wrong text={error} />
    </section>
  );
}

function Answers({ patient, of, onClose }: { patient: string; of: Daily; onClose: () => void }) {
  const [given, setGiven] = useState<Record<string, string>>({});
  const [error, busy, act] = useAct();
  const some = Object.values(given).some((v) => v.trim());
  const path = `/fhir/Patient/${patient}`;
  const keep = (): void =>
    void act(async () => {
      await post(`${path}/$said`, { survey: of.survey, answers: given });
      changed("Task", patient);
      onClose();
      return t("da_kept");
    });
  const send = (): void =>
    void act(async () => {
      await post(`${path}/$ask`, { survey: of.survey, by: "text" });
      onClose();
      return t("da_sent");
    });
  return (
    <form
      class="stack"
      onSubmit={(e) => {
        e.preventDefault();
        keep();
      }}
    >
      <ContactBudget patient={patient} />
      {of.answered && (
        <p class="muted fine">{t("da_last", { time: dayTime(of.answered, Date.now()) })}</p>
      )}
      {of.items.map((i) => (
        <Question
          key={i.link}
          of={i}
          value={given[i.link] ?? ""}
          onValue={(v) => setGiven({ ...given, [i.link]: v })}
        />
      ))}
      <Wrong text={error} />
      <div class="dialog-end">
        <button type="button" class="btn" disabled={busy || some} onClick={send}>
          {t("da_text")}
        </button>
        <button type="submit" class="btn primary" disabled={busy || !some}>
          {t("da_keep")}
        </button>
      </div>
    </form>
  );
}

/** Which questions fit is told by the record: where none do, what would make some fit is said. */
function Nothing({ onClose }: { onClose: () => void }) {
  const enrol = (): void => {
    onClose();
    openTab("programme");
  };
  return (
    <div class="stack">
      <p>
        <strong>{t("da_none")}</strong>
      </p>
      <p>{t("da_none_lead")}</p>
      {session.value?.role === "nurse" && (
        <div class="dialog-end">
          <button type="button" class="btn" onClick={enrol}>
            {t("wl_programme")}
          </button>
        </div>
      )}
    </div>
  );
}

export function DailyDialog({ patient, onClose }: { patient: string; onClose: () => void }) {
  const key = keyOf(patient);
  const { data, error } = useLoad<Daily[]>(key, () => get(`/fhir/Patient/${patient}/$daily`));
  const [picked, setPicked] = useState("");
  const of = data?.find((d) => d.survey === picked) ?? data?.[0];
  return (
    <Dialog title={t("da_title")} onClose={onClose}>
      {!data &&
        (error ? <Failed error={error} retry={() => again(key)} /> : <Skeleton lines={5} />)}
      {data?.length === 0 && <Nothing onClose={onClose} />}
      {data && data.length > 1 && of && (
        <Choice<string>
          legend={t("da_which")}
          value={of.survey}
          options={data.map((d) => ({ value: d.survey, label: d.title[lang.value] }))}
          onChange={setPicked}
        />
      )}
      {of && <Answers key={of.survey} patient={patient} of={of} onClose={onClose} />}
      {of && <EachDay patient={patient} of={of} />}
    </Dialog>
  );
}
