// One patient's programme: whether they fit, what is done before the start, and its life to the end. The criteria and
// steps are the server's rows; what it refuses is shown in its words.
import { useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { Choice, Failed, Skeleton } from "../kit/basics";
import { Field } from "../kit/field";
import { get, post, question, search } from "../lib/api";
import { type Patient, personName } from "../lib/fhir";
import { fullDate, type Key, type Lang, lang, number, t } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { programmeWord } from "./worklist";

type Texts = Record<Lang, string>;
interface Programme {
  code: string;
  title: Texts;
  least: number;
  most: number;
  criteria: { code: string; bar: boolean; group: string; text: Texts }[];
  steps: { code: string; kind: "consent" | "order" | "kit" | "teach"; text: Texts }[];
}
export interface Enrolled {
  episode: string;
  patient: string;
  name?: Patient["name"];
  programme: string;
  status: "planned" | "active" | "onhold" | "finished" | "cancelled";
  start: string;
  due: string;
  end: string;
  enrolled: number;
  withData: number;
  last?: string;
  steps: Record<string, boolean>;
}
interface Checked {
  fits: boolean;
  criteria: { code: string; met: "yes" | "no" | "unknown"; from: "record" | "answer" | "" }[];
}
type Answer = "yes" | "no";

export const useEnrolled = (patient: string) =>
  // Of everybody it is a long request: not again with each reading.
  useLoad<Enrolled[]>(
    `EpisodeOfCare,CarePlan${patient && ",Observation"}|${patient || "*"}|enrolled`,
    () => get(`/programmes/enrolled${patient && `?patient=${patient}`}`),
  );
export const useCatalogue = () => useLoad<Programme[]>("programmes", () => get("/programmes"));

export const stateWord = (e: Enrolled): string => t(`pg_s_${e.status}`);
export const shareOf = (e: Enrolled): string =>
  e.enrolled === 0
    ? "–"
    : t("pg_share", {
        p: number((100 * e.withData) / e.enrolled, 0),
        n: e.withData,
        all: e.enrolled,
      });
const DAY = 86_400_000;
export function daysOf(e: Enrolled): string {
  if (!e.start || !e.due) return "–";
  const all = Math.round((Date.parse(e.due) - Date.parse(e.start)) / DAY);
  const until = e.end ? Date.parse(e.end) : Date.now();
  return t("pg_day_of", { n: Math.floor((until - Date.parse(e.start)) / DAY) + 1, all });
}

function Criteria({ of, patient }: { of: Programme; patient: string }) {
  const [answers, setAnswers] = useState<Record<string, Answer>>({});
  const [error, busy, act] = useAct(`EpisodeOfCare,CarePlan,Observation|${patient}|enrolled`);
  const body = { programme: of.code, answers };
  const found = useLoad<Checked>(`Condition,Observation|${patient}|check/${of.code}`, () =>
    question(`/fhir/Patient/${patient}/$programme-check`, { programme: of.code }),
  );
  if (!found.data) return found.error ? <Failed error={found.error} /> : <Skeleton lines={5} />;
  const met = new Map(found.data.criteria.map((c) => [c.code, c.met]));
  const enrol = (): void =>
    void act(async () => {
      await post(`/fhir/Patient/${patient}/$enrol`, body);
      return t("pg_enrolled");
    });
  return (
    <form
      class="stack"
      onSubmit={(e) => {
        e.preventDefault();
        enrol();
      }}
    >
      <ul class="pg-list">
        {of.criteria.map((c) => {
          const known = met.get(c.code) ?? "unknown";
          return (
            <li key={c.code}>
              <span>
                {c.text[lang.value]}{" "}
                <span class="muted fine">
                  {c.bar ? t("pg_must_not") : c.group ? t("pg_one_of") : ""}
                </span>
              </span>
              {known === "unknown" ? (
                <Choice<Answer | "">
                  legend={c.text[lang.value]}
                  value={answers[c.code] ?? ""}
                  options={[
                    { value: "yes", label: t("cp_a_yes") },
                    { value: "no", label: t("cp_a_no") },
                  ]}
                  onChange={(v) => v && setAnswers({ ...answers, [c.code]: v })}
                />
              ) : (
                <strong>
                  {t(`cp_a_${known}`)} <span class="muted fine">{t("pg_from_record")}</span>
                </strong>
              )}
            </li>
          );
        })}
      </ul>
      <Wrong text={error} />
      <div>
        <button type="submit" class="btn primary" disabled={busy}>
          {t("pg_enrol")}
        </button>
      </div>
    </form>
  );
}

/** How a consent was given, or who ordered; nothing for the other kinds. */
function StepAct({
  kind,
  busy,
  done,
}: {
  kind: Programme["steps"][number]["kind"];
  busy: boolean;
  done: (more: object) => void;
}) {
  const [by, setBy] = useState("");
  const doctors = useLoad<Patient[]>(kind === "order" ? "Practitioner|*|all" : null, () =>
    search<Patient>("Practitioner", { active: "true", _count: "100" }, 100),
  );
  if (kind === "consent")
    return (
      <span class="acts">
        {(["verbal", "written"] as const).map((how) => (
          <button
            key={how}
            type="button"
            class="btn small"
            disabled={busy}
            onClick={() => done({ how })}
          >
            {t(`pg_c_${how}`)}
          </button>
        ))}
      </span>
    );
  if (kind === "order")
    return (
      <span class="acts">
        <select
          class="box"
          aria-label={t("pg_who_ordered")}
          value={by}
          onChange={(e) => setBy(e.currentTarget.value)}
        >
          <option value="">{t("pg_who_ordered")}</option>
          {(doctors.data ?? []).map((d) => (
            <option key={d.id} value={`Practitioner/${d.id}`} dir="auto">
              {personName(d)}
            </option>
          ))}
        </select>
        <button type="button" class="btn small" disabled={busy || !by} onClick={() => done({ by })}>
          {t("pg_done")}
        </button>
      </span>
    );
  return (
    <button type="button" class="btn small" disabled={busy} onClick={() => done({})}>
      {t("pg_done")}
    </button>
  );
}

/** Which states lead where; those with a reason ask for it. */
const MOVES: Record<Enrolled["status"], [string, Key, boolean][]> = {
  planned: [
    ["active", "pg_m_start", false],
    ["cancelled", "pg_m_leave", true],
  ],
  active: [
    ["finished", "pg_m_graduate", false],
    ["longer", "pg_m_longer", false],
    ["onhold", "pg_m_pause", true],
    ["cancelled", "pg_m_leave", true],
  ],
  onhold: [
    ["active", "pg_m_resume", false],
    ["cancelled", "pg_m_leave", true],
  ],
  finished: [],
  cancelled: [],
};

function Life({ of, rows }: { of: Enrolled; rows: Programme | undefined }) {
  const key = `EpisodeOfCare,CarePlan,Observation|${of.patient}|enrolled`;
  const [error, busy, act] = useAct(key);
  const [reason, setReason] = useState("");
  const open = MOVES[of.status].length > 0;
  const step = (code: string, more: object): void =>
    void act(async () => {
      await post(`/fhir/EpisodeOfCare/${of.episode}/$step`, { step: code, ...more });
      return t("pg_step_done");
    });
  const move = (to: string): void =>
    void act(async () => {
      await post(`/fhir/EpisodeOfCare/${of.episode}/$move`, { to, reason });
      setReason("");
      return t("pg_moved");
    });
  return (
    <section class="card block pg" aria-label={programmeWord(of.programme)}>
      <h2>{programmeWord(of.programme)}</h2>
      <dl class="xp-figures">
        <div>
          <dt>{t("pg_state")}</dt>
          <dd>{stateWord(of)}</dd>
          {of.due && open && <dd class="muted">{t("pg_until", { date: fullDate(of.due) })}</dd>}
        </div>
        <div>
          <dt>{t("pg_day")}</dt>
          <dd>{daysOf(of)}</dd>
        </div>
        <div>
          <dt>{t("pg_taking_part")}</dt>
          <dd>{shareOf(of)}</dd>
        </div>
      </dl>
      <ul class="pg-list" aria-label={t("pg_steps")}>
        {(rows?.steps ?? []).map((s) => (
          <li key={s.code}>
            <span>{s.text[lang.value]}</span>
            {of.steps[s.code] ? (
              <strong>{t("pg_is_done")}</strong>
            ) : (
              open && <StepAct kind={s.kind} busy={busy} done={(more) => step(s.code, more)} />
            )}
          </li>
        ))}
      </ul>
      <Wrong text={error} />
      {open && (
        <>
          <Field
            id={`pg-why-${of.episode}`}
            label={t("pg_reason")}
            value={reason}
            onValue={setReason}
          />
          <div class="acts">
            {MOVES[of.status].map(([to, word, why]) => (
              <button
                key={to}
                type="button"
                class="btn"
                disabled={busy || (why && !reason.trim())}
                onClick={() => move(to)}
              >
                {t(word)}
              </button>
            ))}
          </div>
        </>
      )}
    </section>
  );
}

export function ProgrammePane({ id }: { id: string }) {
  const rows = useCatalogue();
  const all = useEnrolled(id);
  if (!all.data || !rows.data) {
    const error = all.error ?? rows.error;
    return error ? <Failed error={error} /> : <Skeleton lines={6} />;
  }
  const inOne = new Set(all.data.filter((e) => MOVES[e.status].length > 0).map((e) => e.programme));
  return (
    <div class="stack">
      {all.data.map((e) => (
        <Life key={e.episode} of={e} rows={rows.data?.find((p) => p.code === e.programme)} />
      ))}
      {rows.data
        .filter((p) => !inOne.has(p.code))
        .map((p) => (
          <details key={p.code} class="card block pg" open={all.data?.length === 0}>
            <summary>
              <h2>{t("pg_fits", { what: p.title[lang.value] })}</h2>
            </summary>
            <p class="muted">{t("pg_lasts", { least: p.least, most: p.most })}</p>
            <Criteria of={p} patient={id} />
          </details>
        ))}
    </div>
  );
}
