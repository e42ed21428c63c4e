// Who looked: the trail of access in plain words, a day at a time, with the reason it was allowed and a
// way to say that it looks wrong. What one person did on one day for one reason stands in one line.

import { useState } from "preact/hooks";
import { Wrong } from "../kit/act";
import { Empty, errorText, Failed, Skeleton } from "../kit/basics";
import { Icon } from "../kit/icons";
import { type ApiError, get, post } from "../lib/api";
import { type AuditEvent, words } from "../lib/fhir";
import { dayName, fullDate, has, type Key, list, startOfDay, t, time } from "../lib/i18n";
import { again } from "../lib/load";
import { useNames } from "../lib/people";
import { me, useLooks } from "./data";
import { type Helper, useHelpers } from "./helpers";

export interface Look {
  id: string;
  who: string;
  role: string;
  own: boolean;
  did: Key;
  what: Key[];
  why: string;
  at: number;
  times: number;
}
const FIRST_DAYS = 7;
const DID: Record<string, Key> = {
  R: "did_read",
  E: "did_read",
  C: "did_write",
  U: "did_write",
  D: "did_delete",
};
const DID_MORE: Record<string, Key> = {
  print: "did_print",
  export: "did_export",
  "break-glass": "did_glass",
};

function didOf(e: AuditEvent): Key {
  if (e.outcome === "4" || e.outcome === "8") return "did_refused";
  const more = e.subtype?.map((s) => DID_MORE[s.code ?? ""]).find((s) => s);
  return more ?? DID[e.action ?? "R"] ?? "did_read";
}

/** The first thing named that is not the person: a type, or the type of a reference. */
function whatOf(e: AuditEvent): Key {
  const types = (e.entity ?? []).map(
    (x) => x.what?.reference?.split("/")[0] ?? x.description ?? x.type?.code ?? "",
  );
  const known = types.filter((x) => has(`what_${x}`));
  const best = known.find((x) => x !== "Patient") ?? (types.length === 1 ? known[0] : undefined);
  return best ? (`what_${best}` as Key) : "what_record";
}

function whyOf(e: AuditEvent, own: boolean): string {
  if (own) return t("why_own");
  const purpose = e.purposeOfEvent?.[0] ?? e.agent?.[0]?.purposeOfUse?.[0];
  const code = purpose?.coding?.[0]?.code?.toUpperCase() ?? "";
  if (["TREAT", "CARE", "COC", "CAREMGT"].includes(code)) return t("why_care");
  if (["ETREAT", "BTG"].includes(code)) return t("why_emergency");
  if (["HOPERAT", "HSYSADMIN", "SYSADMIN", "OPERATIONS"].includes(code)) return t("why_run");
  const said = words(purpose);
  return said ? t("why_other", { why: said }) : t("why_care");
}

export function lookOf(e: AuditEvent): Look {
  const agent = e.agent?.find((a) => a.requestor) ?? e.agent?.[0];
  const who = agent?.who?.reference ?? agent?.who?.display ?? agent?.name ?? "";
  const own = who === `Patient/${me()}`;
  return {
    id: e.id ?? "",
    who,
    role: agent?.role?.[0]?.coding?.[0]?.code ?? "",
    own,
    did: didOf(e),
    what: [whatOf(e)],
    why: whyOf(e, own),
    at: Date.parse(e.recorded),
    times: 1,
  };
}

/** Same person, same act, same reason, same day: one line that lists the things. Newest first. */
export function merged(looks: Look[]): [number, Look[]][] {
  const days = new Map<number, Map<string, Look>>();
  for (const l of [...looks].sort((a, b) => b.at - a.at)) {
    const d = startOfDay(l.at);
    const day = days.get(d) ?? new Map<string, Look>();
    days.set(d, day);
    const key = `${l.who}|${l.did}|${l.why}`;
    const same = day.get(key);
    if (same) {
      same.times++;
      same.what = [...new Set([...same.what, ...l.what])];
    } else day.set(key, { ...l });
  }
  return [...days].map(([d, list]) => [d, [...list.values()]]);
}

const isSystem = (l: Look): boolean => l.role === "system" || l.role === "device";

const helperOf = (l: Look, helpers: Helper[]): Helper | undefined =>
  helpers.find((h) => l.who === `RelatedPerson/${h.related}`);

function nameOf(l: Look, names: Map<string, string>, helpers: Helper[]): string {
  const helper = helperOf(l, helpers);
  if (helper) return t("looked_helper", { name: helper.name });
  if (l.own) return t("looked_you");
  const name = names.get(l.who);
  if (name) return name;
  const role = `role_${l.role}`;
  return has(role) ? t(role as Key) : t("looked_someone");
}

const listOf = (l: Look): string => list(l.what.map((w) => t(w)));

interface Explained {
  allowed: boolean;
  sentence: string;
}
function Line({ look, name, helper }: { look: Look; name: string; helper?: Helper }) {
  const [said, setSaid] = useState("");
  const [error, setError] = useState("");
  const report = async (): Promise<void> => {
    setError("");
    try {
      setSaid((await post<{ case: string }>(`/fhir/AuditEvent/${look.id}/$report`, {})).case);
    } catch (e) {
      setError(errorText(e as ApiError));
    }
  };
  const [allowed, setAllowed] = useState("");
  const explain = async (): Promise<void> => {
    setError("");
    try {
      const a = await get<Explained>(`/fhir/AuditEvent/${encodeURIComponent(look.id)}/$explain`);
      setAllowed(a.sentence);
    } catch (e) {
      setError(errorText(e as ApiError));
    }
  };
  const why = helper ? t("why_shared", { day: fullDate(helper.until) }) : look.why;
  return (
    <li class="look">
      <div>
        <p>{t("looked_what", { name, did: t(look.did), what: listOf(look) })}</p>
        <p class="muted small">
          {time(look.at)}
          {look.times > 1 && ` · ${t("looked_times", { n: look.times })}`} · {why}
        </p>
        {allowed && (
          <p class="note" role="status">
            <Icon name="eye" />
            <span>{allowed}</span>
          </p>
        )}
        {said && (
          <p class="note" role="status">
            <Icon name="check" />
            <span>{t("looked_case", { n: said })}</span>
          </p>
        )}
        <Wrong text={error} />
      </div>
      {!look.own && (
        <div class="acts">
          {!allowed && (
            <button type="button" class="btn quiet" onClick={() => void explain()}>
              {t(look.did === "did_refused" ? "looked_why_not" : "looked_why")}
            </button>
          )}
          {!isSystem(look) && !said && (
            <button type="button" class="btn quiet" onClick={() => void report()}>
              {t("looked_wrong")}
            </button>
          )}
        </div>
      )}
    </li>
  );
}

export function Looked() {
  const { data, error } = useLooks();
  const names = useNames((data ?? []).flatMap((e) => e.agent?.map((a) => a.who?.reference) ?? []));
  const helpers = useHelpers().data?.helpers ?? [];
  const [hideOwn, setHideOwn] = useState(true);
  const [shown, setShown] = useState(FIRST_DAYS);
  const days = merged((data ?? []).map(lookOf).filter((l) => !hideOwn || !l.own));
  return (
    <div class="place">
      <h1 tabIndex={-1}>{t("nav_looked")}</h1>
      <p class="muted">{t("looked_lead")}</p>
      <label class="switch">
        <input
          type="checkbox"
          checked={hideOwn}
          onChange={(e) => setHideOwn(e.currentTarget.checked)}
        />
        <span>{t("looked_hide_own")}</span>
      </label>
      {!data && error && <Failed error={error} retry={() => again(`AuditEvent|${me()}|mine`)} />}
      {!data && !error && <Skeleton lines={6} />}
      {data && days.length === 0 && (
        <Empty icon="eye" title={t("looked_none")}>
          <p>{t("looked_none_lead")}</p>
        </Empty>
      )}
      {days.slice(0, shown).map(([day, lines]) => (
        <section key={day} class="card looks" aria-label={dayName(day)}>
          <h2>{dayName(day)}</h2>
          <ul>
            {lines.map((l, i) => (
              <Line
                key={i}
                look={l}
                name={nameOf(l, names, helpers)}
                helper={helperOf(l, helpers)}
              />
            ))}
          </ul>
        </section>
      ))}
      {days.length > shown && (
        <button type="button" class="btn" onClick={() => setShown(shown + FIRST_DAYS)}>
          <Icon name="clock" />
          {t("looked_more")}
        </button>
      )}
    </div>
  );
}
