// My rights: what I asked for and by when it is answered, what came of it (files, statements), and asking.
import { useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { Failed, Skeleton } from "../kit/basics";
import { Area, Field } from "../kit/field";
import { get, post, search } from "../lib/api";
import { type Concept, type Resource, type Task, words } from "../lib/fhir";
import { comma, dayTime, fullDate, has, type Key, lang, t } from "../lib/i18n";
import { again, useLoad } from "../lib/load";
import {
  dueOf,
  isOpen,
  part,
  RIGHT_CODES,
  RIGHTS,
  type Right,
  rightOf,
  saidIn,
} from "../lib/rights";
import { href } from "../lib/router";
import { session } from "../lib/session";
import { me } from "./data";
import { type Offer, shareWord } from "./shared";

const SHOWN = 50;
const key = (): string => `Task|${me()}|rights`;
const useRights = () =>
  useLoad<Task[]>(key(), async () => {
    const all = await search<Task>("Task", { patient: me(), code: RIGHT_CODES, _count: "200" });
    return all.sort((a, b) => (b.authoredOn ?? "").localeCompare(a.authoredOn ?? ""));
  });
const name = (r: Right): string => t(`right_${r}` as Key);

function Files({ task, right }: { task: Task; right: Right }) {
  const file = `/fhir/Task/${task.id}/$file`;
  if (!["access", "portability", "accounting"].includes(right)) return null;
  return (
    <div class="acts">
      <a
        class="btn primary"
        href={`${file}?as=html&language=${lang.value}`}
        target="_self"
        download
      >
        {t("right_file_read")}
      </a>
      {lang.value !== "ar" && (
        <a class="btn" href={`${file}?as=pdf&language=${lang.value}`} target="_self" download>
          PDF
        </a>
      )}
      <a class="btn" href={`${file}?as=ndjson`} target="_self" download>
        {t("right_file_data")}
      </a>
    </div>
  );
}

function Disagree({ task }: { task: Task }) {
  const [text, setText] = useState("");
  const [error, busy, act] = useAct(key());
  if (part(task.input, "disagreement")) return <p>{t("right_disagreed")}</p>;
  const send = (e: SubmitEvent): void => {
    e.preventDefault();
    void act(async () => {
      await post(`/fhir/Task/${task.id}/$disagree`, { text });
      return t("right_disagreed");
    });
  };
  return (
    <form class="place-in" onSubmit={send}>
      <Area
        id={`no-${task.id}`}
        label={t("right_disagree")}
        value={text}
        required
        maxLength={4000}
        onValue={setText}
      />
      <Wrong text={error} />
      <button type="submit" class="btn" disabled={busy}>
        {t("right_disagree_send")}
      </button>
    </form>
  );
}

function state(task: Task): string {
  if (isOpen(task)) return t("right_by", { day: fullDate(dueOf(task)) });
  if (task.status === "rejected") return t("right_denied");
  return t(task.status === "cancelled" ? "right_taken_back" : "right_granted");
}

function Row({ task }: { task: Task }) {
  const right = rightOf(task)!;
  const [error, busy, act] = useAct(key());
  const reason = saidIn(task.output, "reason") || saidIn(task.input, "extended");
  const back = (): void =>
    void act(async () => {
      await post(`/fhir/Task/${task.id}/$withdraw`, {});
      return t("right_taken_back");
    });
  return (
    <li class="card block">
      <h3>{name(right)}</h3>
      <p class="muted">{t("right_asked", { day: fullDate(task.authoredOn) })}</p>
      <p>
        <strong>{state(task)}</strong>
      </p>
      {reason && <p dir="auto">{t("right_why", { reason })}</p>}
      {task.status === "completed" && <Files task={task} right={right} />}
      {task.status === "rejected" && <p class="muted">{t("right_complain")}</p>}
      {task.status === "rejected" && right === "amendment" && <Disagree task={task} />}
      <Wrong text={error} />
      {isOpen(task) && (
        <button type="button" class="btn quiet" disabled={busy} onClick={back}>
          {t("right_take_back")} <span class="out-of-sight">{name(right)}</span>
        </button>
      )}
    </li>
  );
}

interface Entry extends Resource {
  code?: Concept;
  medicationCodeableConcept?: Concept;
  effectiveDateTime?: string;
  recordedDate?: string;
  authoredOn?: string;
}
const useEntries = (on: boolean) =>
  useLoad<Entry[]>(on ? `Observation|${me()}|entries` : null, async () => {
    const each = ["Condition", "MedicationRequest", "AllergyIntolerance", "Observation"].map(
      (type) =>
        search<Entry>(type, { patient: me(), _sort: "-_lastUpdated", _count: "25" }, 25).catch(
          () => [], // not shared with a helper
        ),
    );
    return (await Promise.all(each)).flat();
  });
const entryWord = (e: Entry): string => {
  const day = e.effectiveDateTime ?? e.recordedDate ?? e.authoredOn;
  const what = words(e.code ?? e.medicationCodeableConcept) || e.resourceType;
  return day ? what + comma() + fullDate(day) : what;
};

function About({ value, onPick }: { value: string; onPick: (ref: string) => void }) {
  const { data } = useEntries(true);
  return (
    <div class="field">
      <label for="right-about">{t("right_about")}</label>
      <select
        class="box"
        id="right-about"
        value={value}
        required
        onChange={(e) => onPick(e.currentTarget.value)}
      >
        <option value="">{t("right_pick")}</option>
        {(data ?? []).map((e) => (
          <option key={e.id} value={`${e.resourceType}/${e.id}`}>
            {entryWord(e)}
          </option>
        ))}
      </select>
    </div>
  );
}

function Hide({ types, onPick }: { types: string[]; onPick: (types: string[]) => void }) {
  const { data } = useLoad<{ offers: Offer[] }>(`Consent|${me()}|offers`, () =>
    get("/auth/shares"),
  );
  return (
    <fieldset class="plain">
      <legend>{t("right_hide")}</legend>
      {(data?.offers ?? []).map((o) => {
        const of = o.types.split(" ");
        const on = of.every((x) => types.includes(x));
        return (
          <label key={o.category} class="switch">
            <input
              type="checkbox"
              checked={on}
              onChange={() =>
                onPick(on ? types.filter((x) => !of.includes(x)) : [...new Set([...types, ...of])])
              }
            />
            <span>{shareWord(o.category)}</span>
          </label>
        );
      })}
    </fieldset>
  );
}

function Ask({ done }: { done: () => void }) {
  const [right, setRight] = useState<Right>("access");
  const [text, setText] = useState("");
  const [about, setAbout] = useState("");
  const [types, setTypes] = useState<string[]>([]);
  const [to, setTo] = useState("");
  const [error, busy, act] = useAct(key());
  const send = (e: SubmitEvent): void => {
    e.preventDefault();
    const more = {
      ...(right === "amendment" && { about: [about] }),
      ...(right === "restriction" && { types }),
      ...(right === "confidential-communications" && { to }),
    };
    void act(async () => {
      await post(`/fhir/Patient/${me()}/$request`, { request: right, text, ...more });
      done();
      return t("right_sent");
    });
  };
  return (
    <form class="card block" onSubmit={send}>
      <h2>{t("right_new")}</h2>
      <fieldset class="plain">
        <legend>{t("right_what")}</legend>
        {RIGHTS.map((r) => (
          <label key={r} class="switch">
            <input type="radio" name="right" checked={right === r} onChange={() => setRight(r)} />
            <span>
              {name(r)}
              <span class="muted"> · {t(`right_${r}_lead` as Key)}</span>
            </span>
          </label>
        ))}
      </fieldset>
      {right === "amendment" && <About value={about} onPick={setAbout} />}
      {right === "restriction" && <Hide types={types} onPick={setTypes} />}
      {right === "confidential-communications" && (
        <Field
          id="right-to"
          label={t("right_to")}
          dir="ltr"
          value={to}
          required
          maxLength={200}
          onValue={setTo}
        />
      )}
      <Area
        id="right-text"
        label={t(right === "amendment" ? "right_says" : "right_text")}
        value={text}
        required={right === "amendment"}
        maxLength={4000}
        onValue={setText}
      />
      <Wrong text={error} />
      <div class="acts">
        <button type="submit" class="btn primary" disabled={busy}>
          {t("right_send")}
        </button>
        <button type="button" class="btn quiet" onClick={done}>
          {t("cancel_step")}
        </button>
      </div>
    </form>
  );
}

interface Disclosure {
  time: string;
  who: string;
  how: string;
  what: string;
  purpose: string;
}
const HOW = ["notification", "export"];
interface Given {
  since: string;
  disclosures: Disclosure[];
  next?: string;
}
const PAGES = 20;

/** All of it, page by page; one answer looks at 200,000 lines of the trail. */
async function given(): Promise<Given> {
  const base = `/fhir/Patient/${me()}/$disclosures`;
  const all = await get<Given>(base);
  for (let i = 0; all.next && i < PAGES; i++) {
    const more: Given = await get<Given>(`${base}?_page=${all.next}`);
    all.disclosures.push(...more.disclosures);
    all.next = more.next;
  }
  return all;
}

/** "Observation" or "Observation/12" in the patient's words. */
function whatWord(what: string): string {
  const key = `what_${what.split("/")[0]}`;
  return has(key) ? t(key) : what;
}

/** What left the house: asked for only when the patient opens it, since it reads six years. */
function Disclosures() {
  const [open, setOpen] = useState(false);
  const [shown, setShown] = useState(SHOWN);
  const { data, error } = useLoad<Given>(open ? `AuditEvent|${me()}|disclosures` : null, given);
  const list = data?.disclosures ?? [];
  return (
    <section class="card block" aria-labelledby="disclosed">
      <h2 id="disclosed">{t("right_accounting")}</h2>
      <p class="muted">{t("gave_lead")}</p>
      {!open && (
        <button type="button" class="btn" onClick={() => setOpen(true)}>
          {t("gave_show")}
        </button>
      )}
      {open && !data && error && (
        <Failed error={error} retry={() => again(`AuditEvent|${me()}|disclosures`)} />
      )}
      {open && !data && !error && <Skeleton lines={3} />}
      {data && (
        <p role="status">{t("gave_since", { n: list.length, day: fullDate(data.since) })}</p>
      )}
      <ul class="plain">
        {list.slice(0, shown).map((d, i) => (
          <li key={i}>
            <p>
              <strong class="break" dir="auto">
                {d.who}
              </strong>{" "}
              · {dayTime(d.time)}
            </p>
            <p class="muted small">
              {t(HOW.includes(d.how) ? (`gave_${d.how}` as Key) : "gave_read")} ·{" "}
              <bdi class="break">{whatWord(d.what)}</bdi>
            </p>
          </li>
        ))}
      </ul>
      {list.length > shown && (
        <button type="button" class="btn" onClick={() => setShown(shown + SHOWN)}>
          {t("gave_more")}
        </button>
      )}
    </section>
  );
}

export function Rights() {
  const { data, error } = useRights();
  const [asking, setAsking] = useState(false);
  const helper = session.value?.role === "helper";
  return (
    <div class="place">
      <h1 tabIndex={-1}>{t("rights_title")}</h1>
      <p class="muted">{t(helper ? "rights_helper" : "rights_lead")}</p>
      {asking ? (
        <Ask done={() => setAsking(false)} />
      ) : (
        <button type="button" class="btn primary" onClick={() => setAsking(true)}>
          {t("right_new")}
        </button>
      )}
      {!data && error && <Failed error={error} retry={() => again(key())} />}
      {!data && !error && <Skeleton lines={4} />}
      {data && data.length === 0 && !helper && <p>{t("rights_none")}</p>}
      <ul class="plain">
        {(data ?? []).map((x) => (
          <Row key={x.id} task={x} />
        ))}
      </ul>
      {helper ? (
        <a class="btn" href={href("/")}>
          {t("nav_home")}
        </a>
      ) : (
        <Disclosures />
      )}
    </div>
  );
}
