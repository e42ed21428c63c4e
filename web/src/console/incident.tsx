// One incident: what it reaches, its clocks, the assessment by four factors (assess.tsx), the letters (letters.tsx)
// and its end, which is for somebody else than who opened it.
import { useAct, Wrong } from "../kit/act";
import { Failed, Skeleton } from "../kit/basics";
import { get, post } from "../lib/api";
import { comma, fullDate, type Key, list, number, t } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { href } from "../lib/router";
import { session } from "../lib/session";
import { Assess, type Assessment } from "./assess";
import { type Clock, Ending, OpenClocks } from "./clock";
import { Letters } from "./letters";
import { type Delay, Police } from "./police";

export interface Incident {
  id: string;
  what: string;
  status: string;
  opened: string;
  discovered: string;
  openedBy: string;
  closing?: string;
  scope?: {
    people: number;
    entries: number;
    complete: boolean;
    kinds: string[];
    /** The same in the reader's words. */
    kindNames?: string[];
    accounts: { user: string }[];
  };
  assessment?: Assessment;
  delay?: Delay;
  clocks?: Clock[];
  /** In the list: of its clocks the one that ends first. */
  next?: { due: string; late: boolean };
}
export const INCIDENTS = "/incidents";

export const stateWord = (i: Incident): string =>
  t(i.status === "in-progress" ? "in_is_open" : "in_is_closed");

function Scope({ of, again }: { of: Incident; again: string }) {
  const [error, busy, act] = useAct(again, INCIDENTS);
  const count = (): void => {
    void act(async () => {
      await post(`/incidents/${of.id}/scope`, {});
      return t("in_counted");
    });
  };
  const s = of.scope;
  return (
    <section class="card block" aria-labelledby="in-scope">
      <h2 id="in-scope">{t("in_reach")}</h2>
      {s && (
        <p>
          {t("in_scope", {
            n: number(s.people),
            lines: number(s.entries),
            who: s.accounts.map((a) => a.user).join(comma()) || "–",
            kinds: list(s.kindNames ?? s.kinds) || "–",
          })}
        </p>
      )}
      {s && !s.complete && <p class="note bad">{t("in_partial")}</p>}
      <Wrong text={error} />
      {of.status === "in-progress" && (
        <div class="acts">
          <button type="button" class="btn" disabled={busy} onClick={count}>
            {t("in_count")}
          </button>
        </div>
      )}
    </section>
  );
}

function closeWaits(of: Incident): Key[] {
  const why: Key[] = [];
  if (of.openedBy === session.value?.user) why.push("in_close_other");
  if (!of.assessment || of.clocks?.some((c) => c.status === "requested")) why.push("in_close_wait");
  return why;
}

export function IncidentPage({ id }: { id: string }) {
  const key = `${INCIDENTS}/${id}`;
  const { data, error } = useLoad<Incident>(key, () => get(`/incidents/${encodeURIComponent(id)}`));
  return (
    <div class="page narrow">
      <header class="page-head">
        <h1 dir="auto">{data?.what ?? t("in_title")}</h1>
        <p class="muted">
          <a href={href("/incidents")}>{t("in_all")}</a>
          {data &&
            ` · ${stateWord(data)} · ${t("in_by", { who: data.openedBy, day: fullDate(data.discovered) })}`}
        </p>
      </header>
      {error && <Failed error={error} />}
      {!data && !error && <Skeleton lines={6} />}
      {data && (
        <div class="place-in">
          <Scope of={data} again={key} />
          <OpenClocks of={data.clocks} at={`/incidents/${id}/clock`} may again={[key, INCIDENTS]} />
          <Assess
            id={id}
            kept={data.assessment}
            open={data.status === "in-progress"}
            keys={[key, INCIDENTS]}
          />
          {data.assessment?.notice && data.status === "in-progress" && (
            <Police id={id} of={data.delay} again={key} />
          )}
          {data.assessment?.notice && <Letters id={id} />}
          <Ending
            at={`/incidents/${id}/close`}
            open={data.status === "in-progress"}
            text={data.closing}
            why={closeWaits(data)}
            words={{ closed: "in_is_closed", close: "in_close", done: "in_closed" }}
            again={[key, INCIDENTS]}
          />
        </div>
      )}
    </div>
  );
}
