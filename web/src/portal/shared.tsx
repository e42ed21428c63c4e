// What a helper sees: one section a shared category. The same page is the patient's preview and the
// helper's portal. What is shared no longer leaves the page with the change that says so.

import { useEffect, useRef } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { Skeleton } from "../kit/basics";
import { BarStart, Leave } from "../kit/door";
import { Guard } from "../kit/guard";
import { SecurityPage } from "../kit/security";
import { Toasts } from "../kit/toast";
import { call, get, search } from "../lib/api";
import { type Concept, firstName, type Patient, type Resource, words } from "../lib/fhir";
import { fullDate, list, t, wordOf } from "../lib/i18n";
import { startLive, stopLive } from "../lib/live";
import { useLoad } from "../lib/load";
import { isUnread, useSeen } from "../lib/read";
import { href, path } from "../lib/router";
import { begin, type Session, session } from "../lib/session";
import { me } from "./data";
import { Rights } from "./rights";

export interface Offer {
  category: string;
  types: string;
  preset: boolean;
}
/** Opens nothing to read: asking in the patient's name. */
const ASKING = "requests";
export const shareWord = (category: string): string => wordOf("share_", category);

interface Item extends Resource {
  code?: Concept;
  type?: Concept | Concept[];
  class?: { display?: string; code?: string };
  medicationCodeableConcept?: Concept;
  serviceType?: Concept[];
  description?: string;
  title?: string;
  payload?: { contentString?: string }[];
  status?: string;
  effectiveDateTime?: string;
  authoredOn?: string;
  start?: string;
  date?: string;
  sent?: string;
  period?: { start?: string };
  valueQuantity?: { value?: number; unit?: string };
}

const first = <T,>(x: T | T[] | undefined): T | undefined => (Array.isArray(x) ? x[0] : x);

function titleOf(r: Item): string {
  const value = r.valueQuantity?.value;
  const said =
    words(r.medicationCodeableConcept) ||
    words(r.code) ||
    words(first(r.serviceType)) ||
    words(first(r.type)) ||
    r.title ||
    r.description ||
    r.payload?.[0]?.contentString ||
    r.class?.display ||
    r.resourceType;
  return value === undefined ? said : `${said}: ${value} ${r.valueQuantity?.unit ?? ""}`;
}
const dateOf = (r: Item): string =>
  r.effectiveDateTime ?? r.start ?? r.authoredOn ?? r.date ?? r.sent ?? r.period?.start ?? "";

async function load(patient: string, types: string): Promise<Item[]> {
  const all: Item[] = [];
  for (const type of types.split(" ")) {
    if (type === "Medication") continue; // belongs to no patient: seen behind its prescription
    try {
      all.push(...(await search<Item>(type, { patient, _count: "30" }, 30)));
    } catch {
      /* not shared, or no more: the section says nothing of it */
    }
  }
  return all.sort((a, b) => dateOf(b).localeCompare(dateOf(a)));
}

interface Shown {
  offer: Offer;
  patient: string;
  /** Somebody reads it; a preview reads nothing. */
  read?: boolean;
}
function Section({ offer, patient, read }: Shown) {
  const types = offer.types.split(" ");
  const list = useRef<HTMLUListElement>(null);
  const { data } = useLoad<Item[]>(
    `Consent,${types.join(",")}|${patient}|shared-${offer.category}`,
    () => load(patient, offer.types),
  );
  const unread = (data ?? []).filter(
    (r) => r.resourceType === "Communication" && isUnread({ ...r, status: r.status ?? "" }),
  );
  useSeen(list, patient, read ? unread.map((r) => r.id!) : []);
  return (
    <section class="card block" aria-labelledby={`share-${offer.category}`}>
      <h2 id={`share-${offer.category}`}>{shareWord(offer.category)}</h2>
      {!data && <Skeleton />}
      {data?.length === 0 && <p class="muted">{t("shared_empty")}</p>}
      <ul ref={list} class="plain">
        {(data ?? []).slice(0, 30).map((r) => (
          <li key={`${r.resourceType}${r.id}`} class="row-line" data-seen={r.id}>
            <span dir="auto">{titleOf(r)}</span>
            <span class="muted small">{dateOf(r) && fullDate(dateOf(r))}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface AllShown {
  offers: Offer[];
  patient: string;
  read?: boolean;
}
export function Sections({ offers, patient, read }: AllShown) {
  return (
    <>
      {offers.map((o) => (
        <Section key={o.category} offer={o} patient={patient} read={read} />
      ))}
    </>
  );
}

interface Shared {
  name: string;
  offers: Offer[];
  not: Offer[];
  until: string;
}
interface ConsentRow extends Resource {
  status: string;
  provision?: {
    period?: { start?: string; end?: string };
    actor?: { reference?: { reference?: string } }[];
    class?: { code?: string }[];
  };
}

/** What the Consents say now; the server decides again on every request. */
async function sharedNow(patient: string): Promise<Shared | null> {
  const now = Date.now();
  const mine = (await search<ConsentRow>("Consent", { patient, _count: "50" }, 50)).filter(
    (c) =>
      c.status === "active" &&
      c.provision?.actor?.some((a) => a.reference?.reference === session.value?.reference) &&
      Date.parse(c.provision.period?.start ?? "") <= now &&
      Date.parse(c.provision.period?.end ?? "") > now,
  );
  if (!mine.length) return null;
  const open = new Set(mine.flatMap((c) => c.provision?.class?.map((k) => k.code ?? "") ?? []));
  const all = (await get<{ offers: Offer[] }>("/auth/shares")).offers;
  const person = await get<Patient>(`/fhir/Patient/${patient}`);
  const isOpen = (o: Offer): boolean => o.types.split(" ").every((x) => open.has(x));
  return {
    name: firstName(person),
    offers: all.filter(isOpen),
    not: all.filter((o) => !isOpen(o)),
    until: mine.map((c) => c.provision?.period?.end ?? "").sort()[0]!,
  };
}

/** The helper's whole portal. */
interface Helped {
  reference: string;
  name: string;
  current: boolean;
}

/** Whose record, when several people share with this account. Another record is another session: the page
 * begins anew, so nothing of the first stays on it. */
function Whose() {
  const { data } = useLoad<{ helping: Helped[] }>("Helping|*|all", () => get("/auth/helping"));
  const [error, busy, act] = useAct();
  if (!data || data.helping.length < 2) return null;
  const choose = (reference: string): Promise<void> =>
    act(async () => {
      begin(await call<Session>("POST", "/auth/helping", { reference }));
      location.reload();
      return "";
    });
  return (
    <div class="field whose">
      <label for="whose">{t("whose")}</label>
      <select
        class="box"
        id="whose"
        disabled={busy}
        value={data.helping.find((h) => h.current)?.reference}
        onChange={(e) => void choose(e.currentTarget.value)}
      >
        {data.helping.map((h) => (
          <option key={h.reference} value={h.reference}>
            {h.name || h.reference}
          </option>
        ))}
      </select>
      <Wrong text={error} />
    </div>
  );
}

export function HelperShell() {
  const patient = me();
  const { data, error } = useLoad<Shared | null>(`Consent|${patient}|shared`, () =>
    sharedNow(patient),
  );
  useEffect(() => {
    void startLive();
    return stopLive;
  }, []);
  return (
    <>
      <header class="top no-print">
        <BarStart />
        <a class="btn quiet" href={href("/security")}>
          {t("security_title")}
        </a>
        <Leave quiet />
      </header>
      <main id="main" tabIndex={-1}>
        {path.value === "/security" ? (
          <SecurityPage />
        ) : path.value === "/rights" ? (
          <Rights />
        ) : (
          <div class="place">
            <Whose />
            {data === undefined && !error && <Skeleton lines={6} />}
            {(data === null || error) && (
              <div class="card state" role="status">
                <h1 tabIndex={-1}>{t("shared_stopped")}</h1>
                <p class="muted">{t("shared_stopped_lead")}</p>
              </div>
            )}
            {data && !error && (
              <>
                <h1 tabIndex={-1}>{t("shared_title", { name: data.name })}</h1>
                <p class="muted">{t("shared_until", { day: fullDate(data.until) })}</p>
                {data.not.length > 0 && (
                  <p class="note">
                    {t("shared_not", { what: list(data.not.map((o) => shareWord(o.category))) })}
                  </p>
                )}
                {data.offers.some((o) => o.category === ASKING) && (
                  <a class="btn" href={href("/rights")}>
                    {t("shared_ask", { name: data.name })}
                  </a>
                )}
                <Sections
                  offers={data.offers.filter((o) => o.category !== ASKING)}
                  patient={patient}
                  read
                />
              </>
            )}
          </div>
        )}
      </main>
      <Toasts />
      <Guard />
    </>
  );
}
