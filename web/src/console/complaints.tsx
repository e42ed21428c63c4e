// Complaints about devices: the list, writing one down, and one of them with what was alleged, who knew when, its
// clocks, a nurse's judgement and its end, which is for somebody else than who judged it.
import { useAct, Wrong } from "../kit/act";
import { Empty, Failed, Skeleton } from "../kit/basics";
import { Area, Field, textOf } from "../kit/field";
import { get, post } from "../lib/api";
import { dayTime, fullDate, type Key, t, wordOf } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { go, href } from "../lib/router";
import { session } from "../lib/session";
import { type Clock, Ending, OpenClocks } from "./clock";
import { PersonField } from "./person";

interface Judgement extends Record<string, string | boolean | undefined> {
  event: string;
  by: string;
  at: string;
}
interface Complaint {
  id: string;
  status: string;
  patient?: string;
  patientName?: string;
  device?: string;
  deviceName?: string;
  source: string;
  aware: string;
  opened: string;
  urgent?: boolean;
  cyber?: boolean;
  told: { at: string; source: string; words: string }[];
  judgement?: Judgement;
  clocks?: Clock[];
  known?: { who: string; role: string; at: string; what: string }[];
  closing?: string;
}
const KEY = "Task|*|complaints";
const EVENTS = ["none", "death", "serious_injury", "reportable_malfunction"] as const;
const CLASSES = ["", "other", "death", "threat"] as const;
const TEXTS = ["which", "complainant", "nature", "corrective", "reply", "noInvestigation"] as const;
const FLAGS = ["fiveDay", "correction", "investigated"] as const;

const titleOf = (c: Complaint): string =>
  c.deviceName || c.patientName || wordOf("dc_from_", c.source);

function Check({ name, label }: { name: string; label: string }) {
  return (
    <label class="switch">
      <input type="checkbox" name={name} />
      <span>{label}</span>
    </label>
  );
}

function Open() {
  const [error, busy, act] = useAct(KEY);
  const open = (e: SubmitEvent): void => {
    e.preventDefault();
    const data = new FormData(e.currentTarget as HTMLFormElement);
    const aware = textOf(data, "aware");
    void act(async () => {
      const made = await post<Complaint>("/complaints", {
        patient: textOf(data, "patient"),
        device: textOf(data, "device"),
        words: textOf(data, "words"),
        ...(aware && { aware: new Date(aware).toISOString() }),
        harm: data.has("harm"),
        cyber: data.has("cyber"),
      });
      go(`/complaints/${made.id}`);
      return t("dc_opened");
    });
  };
  return (
    <details class="card block">
      <summary>{t("dc_open")}</summary>
      <form class="place-in" onSubmit={open} aria-label={t("dc_open")}>
        <p class="note">{t("dc_first")}</p>
        <PersonField id="dc-patient" />
        <Field id="dc-device" name="device" label={t("dc_device")} dir="ltr" />
        <Area
          id="dc-words"
          name="words"
          label={t("dc_words")}
          dir="auto"
          required
          maxLength={4000}
        />
        <div class="field">
          <label for="dc-aware">{t("dc_aware")}</label>
          <input class="box" id="dc-aware" name="aware" type="datetime-local" />
        </div>
        <Check name="harm" label={t("dc_harm")} />
        <Check name="cyber" label={t("dc_cyber")} />
        <Wrong text={error} />
        <div class="acts">
          <button type="submit" class="btn primary" disabled={busy}>
            {t("dc_open")}
          </button>
        </div>
      </form>
    </details>
  );
}

export function ComplaintsPage() {
  const { data, error } = useLoad<{ complaints: Complaint[] }>(KEY, () => get("/complaints"));
  return (
    <div class="page narrow">
      <header class="page-head">
        <h1 tabIndex={-1}>{t("dc_title")}</h1>
        <p class="muted">{t("dc_lead")}</p>
      </header>
      {session.value?.role !== "privacy" && <Open />}
      {!data && (error ? <Failed error={error} /> : <Skeleton lines={4} />)}
      {data?.complaints.length === 0 && <Empty icon="check" title={t("dc_none")} />}
      <ul class="plain">
        {data?.complaints.map((c) => (
          <li key={c.id}>
            <a class="card link-card" href={href(`/complaints/${c.id}`)}>
              <strong>
                <bdi>{titleOf(c)}</bdi>
              </strong>
              <p dir="auto">{c.told[0]?.words}</p>
              <p class="muted">
                {stateOf(c)} · {dayTime(c.aware)}
              </p>
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}

function stateOf(c: Complaint): string {
  if (c.status !== "in-progress") return t("dc_is_closed");
  return c.judgement ? wordOf("dc_e_", c.judgement.event) : t("dc_not_judged");
}

function Told({ of }: { of: Complaint }) {
  return (
    <section class="card block" aria-labelledby="dc-told">
      <h2 id="dc-told">{t("dc_told")}</h2>
      {of.urgent && <p class="note bad">{t("dc_harm")}</p>}
      {of.cyber && <p class="note">{t("dc_cyber")}</p>}
      <ul class="plain">
        {of.told.map((x) => (
          <li key={x.at + x.words}>
            <p dir="auto">{x.words}</p>
            <p class="muted">
              {wordOf("dc_from_", x.source)} · {dayTime(x.at)}
            </p>
          </li>
        ))}
      </ul>
      {of.patient && session.value?.role !== "privacy" && (
        <p>
          <a href={href(`/patient/${of.patient}`)}>{t("fl_open_patient")}</a>
        </p>
      )}
    </section>
  );
}

function Known({ of }: { of: Complaint }) {
  return (
    <section class="card block" aria-labelledby="dc-known">
      <h2 id="dc-known">{t("dc_known")}</h2>
      <ol class="plain">
        {of.known?.map((k) => (
          <li key={k.who + k.what}>
            <bdi>{k.who}</bdi> <span class="muted">({wordOf("ac_r_", k.role)})</span>:{" "}
            {wordOf("dc_k_", k.what)} <span class="muted">{dayTime(k.at)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Kept({ of }: { of: Judgement }) {
  return (
    <>
      <p>
        <strong>{wordOf("dc_e_", of.event)}</strong>{" "}
        <span class="muted">{t("in_assessed_by", { who: of.by, day: fullDate(of.at) })}</span>
      </p>
      <dl class="pairs">
        {(["reason", ...TEXTS] as const)
          .filter((x) => of[x])
          .map((x) => (
            <div key={x}>
              <dt class="muted">{t(`dc_${x}`)}</dt>
              <dd dir="auto">{of[x]}</dd>
            </div>
          ))}
      </dl>
    </>
  );
}

function Judge({ of, again }: { of: Complaint; again: string }) {
  const [error, busy, act] = useAct(again, KEY);
  const judge = (e: SubmitEvent): void => {
    e.preventDefault();
    const data = new FormData(e.currentTarget as HTMLFormElement);
    const need = textOf(data, "needKnown");
    void act(async () => {
      await post(`/complaints/${of.id}/judge`, {
        ...Object.fromEntries(
          ["event", "euClass", "reason", ...TEXTS].map((x) => [x, textOf(data, x)]),
        ),
        ...Object.fromEntries(FLAGS.map((x) => [x, data.has(x)])),
        ...(need && { needKnown: new Date(need).toISOString() }),
      });
      return t("dc_judged");
    });
  };
  const may = of.status === "in-progress" && session.value?.role === "nurse";
  return (
    <section class="card block" aria-labelledby="dc-judge">
      <h2 id="dc-judge">{t("dc_judge")}</h2>
      {of.judgement ? <Kept of={of.judgement} /> : <p class="muted">{t("dc_not_judged")}</p>}
      {!may && !of.judgement && <p class="muted">{t("dc_judge_nurse")}</p>}
      {may && (
        <details open={!of.judgement}>
          <summary>{t(of.judgement ? "dc_again" : "dc_judge_now")}</summary>
          <form class="place-in" onSubmit={judge} aria-label={t("dc_judge")}>
            <div class="field">
              <label for="dc-event">{t("dc_event")}</label>
              <select class="box" id="dc-event" name="event">
                {EVENTS.map((x) => (
                  <option key={x} value={x}>
                    {wordOf("dc_e_", x)}
                  </option>
                ))}
              </select>
            </div>
            <Area
              id="dc-reason"
              name="reason"
              label={t("dc_reason")}
              dir="auto"
              required
              maxLength={4000}
            />
            {TEXTS.map((x) => (
              <Area
                key={x}
                id={`dc-${x}`}
                name={x}
                label={t(`dc_${x}`)}
                dir="auto"
                maxLength={4000}
              />
            ))}
            {FLAGS.map((x) => (
              <Check key={x} name={x} label={t(`dc_${x}`)} />
            ))}
            <div class="field">
              <label for="dc-need">{t("dc_need")}</label>
              <input class="box" id="dc-need" name="needKnown" type="datetime-local" />
            </div>
            <div class="field">
              <label for="dc-class">{t("dc_class")}</label>
              <select class="box" id="dc-class" name="euClass">
                {CLASSES.map((x) => (
                  <option key={x} value={x}>
                    {x ? t(`dc_c_${x}`) : "–"}
                  </option>
                ))}
              </select>
            </div>
            <Wrong text={error} />
            <div class="acts">
              <button type="submit" class="btn primary" disabled={busy}>
                {t("dc_keep")}
              </button>
            </div>
          </form>
        </details>
      )}
    </section>
  );
}

function closeWaits(of: Complaint): Key[] {
  const s = session.value;
  if (!of.judgement || of.clocks?.some((c) => c.status === "requested")) return ["dc_close_wait"];
  return of.judgement.by === s?.user || s?.role === "agent" ? ["dc_close_other"] : [];
}

export function ComplaintPage({ id }: { id: string }) {
  const key = `Task|*|complaint-${id}`;
  const { data, error } = useLoad<Complaint>(key, () =>
    get(`/complaints/${encodeURIComponent(id)}`),
  );
  return (
    <div class="page narrow">
      <header class="page-head">
        <h1 tabIndex={-1}>
          <bdi>{data ? titleOf(data) : t("dc_title")}</bdi>
        </h1>
        <p class="muted">
          <a href={href("/complaints")}>{t("dc_all")}</a>
          {data && ` · ${stateOf(data)} · ${t("dc_since", { day: dayTime(data.aware) })}`}
        </p>
      </header>
      {error && <Failed error={error} />}
      {!data && !error && <Skeleton lines={6} />}
      {data && (
        <div class="place-in">
          <Told of={data} />
          <OpenClocks
            of={data.clocks}
            at={`/complaints/${id}/clock`}
            may={!!data.judgement && session.value?.role !== "agent"}
            again={[key, KEY]}
          />
          <Judge of={data} again={key} />
          <Ending
            at={`/complaints/${id}/close`}
            open={data.status === "in-progress"}
            text={data.closing}
            why={closeWaits(data)}
            words={{ closed: "dc_is_closed", close: "dc_close", done: "dc_closed" }}
            again={[key, KEY]}
          />
          <Known of={data} />
        </div>
      )}
    </div>
  );
}
