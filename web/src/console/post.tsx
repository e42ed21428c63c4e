// Letters that wait: take them as one print run, download it, mark it as posted; one that cannot be posted is
// said, so that somebody calls. What is in a run is in no other.
import { useEffect, useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { Empty, Failed, Skeleton } from "../kit/basics";
import { get, post } from "../lib/api";
import { dayTime, languageName, number, t } from "../lib/i18n";
import { again, useLoad } from "../lib/load";
import { href } from "../lib/router";
import { ContactBudget, useMet } from "./budget";

interface Letter {
  id: string;
  patient: string;
  name: string;
  language: string;
  to: string;
  text: string;
  run: string;
  since: string;
}
const KEY = "Post|*|all";

export const mayPost = (role: string | undefined): boolean =>
  ["nurse", "agent", "outreach"].includes(role ?? "");

function Row({ of }: { of: Letter }) {
  const [error, busy, act] = useAct(KEY);
  const [row, met] = useMet();
  const cannot = (): void =>
    void act(async () => {
      await post(`/letters/${of.id}`, { state: "unpostable" });
      return t("lt_cannot_done");
    });
  return (
    <li class="card block" ref={row}>
      <p>
        <a href={href(`/patient/${of.patient}`)}>
          <bdi>{of.name || of.patient}</bdi>
        </a>{" "}
        <span class="muted">
          {languageName(of.language)} · {t("lt_since", { time: dayTime(of.since) })}
        </span>
      </p>
      {of.to ? (
        <p class="letter" dir="ltr">
          {of.to}
        </p>
      ) : (
        <p class="note bad">{t("lt_no_address")}</p>
      )}
      <details>
        <summary>{t("lt_words")}</summary>
        <p class="letter" dir="auto" lang={of.language}>
          {of.text}
        </p>
      </details>
      <ContactBudget patient={of.patient} met={met} />
      <div class="acts">
        <button type="button" class="btn" disabled={busy} onClick={cannot}>
          {t("lt_cannot")} <span class="out-of-sight">{of.name}</span>
        </button>
      </div>
      <Wrong text={error} />
    </li>
  );
}

/** Letters of one print run, or without one, those that wait for it. */
function Pile({ run, of }: { run?: string; of: Letter[] }) {
  const [error, busy, act] = useAct(KEY);
  const id = run ? `run-${run}` : "lt-wait";
  const go = (): void =>
    void act(async () => {
      const done: { letters: number } = run
        ? await post(`/letters/${run}`, { state: "posted" })
        : await post("/letters", {});
      return t(run ? "lt_posted_done" : "lt_taken", { n: number(done.letters) });
    });
  return (
    <section class="block stack" aria-labelledby={id}>
      <h2 id={id}>
        {t(run ? "lt_run" : "lt_wait")} · {t("lt_count", { n: number(of.length) })}
      </h2>
      <div class="acts">
        {run && (
          <a class="btn" href={`/letters/${run}/run.pdf`} target="_self" download="letters.pdf">
            {t("lt_download")}
          </a>
        )}
        <button type="button" class="btn primary" disabled={busy} onClick={go}>
          {t(run ? "lt_posted" : "lt_take")}
        </button>
      </div>
      <Wrong text={error} />
      <ul class="plain">
        {of.map((l) => (
          <Row key={l.id} of={l} />
        ))}
      </ul>
    </section>
  );
}

interface Waiting {
  letters: Letter[];
  next?: string;
}
/** So many pages of them, one after the other. */
async function load(pages: number): Promise<Waiting> {
  let all: Waiting = await get("/letters");
  for (let i = 1; i < pages && all.next; i++) {
    const more: Waiting = await get(`/letters?after=${encodeURIComponent(all.next)}`);
    all = { letters: [...all.letters, ...more.letters], next: more.next };
  }
  return all;
}

export function PostPage() {
  const [pages, setPages] = useState(1);
  const { data, error, loading } = useLoad<Waiting>(KEY, () => load(pages));
  useEffect(() => {
    if (pages > 1) again(KEY);
  }, [pages]);
  const all = data?.letters ?? [];
  const runs = [...new Set(all.map((l) => l.run).filter(Boolean))];
  const waiting = all.filter((l) => !l.run);
  return (
    <div class="page">
      <header class="page-head">
        <h1>{t("lt_title")}</h1>
        <p class="muted">{t("lt_lead")}</p>
      </header>
      {!data && (error ? <Failed error={error} /> : <Skeleton lines={4} />)}
      {data && all.length === 0 && <Empty icon="mail" title={t("lt_none")} />}
      {waiting.length > 0 && <Pile of={waiting} />}
      {runs.map((run) => (
        <Pile key={run} run={run} of={all.filter((l) => l.run === run)} />
      ))}
      {data?.next && (
        <div class="acts">
          <p>{t("lt_more")}</p>
          <button type="button" class="btn" disabled={loading} onClick={() => setPages(pages + 1)}>
            {t("in_more")}
          </button>
        </div>
      )}
    </div>
  );
}
