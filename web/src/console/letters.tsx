// Whom an incident's notice goes to, by which way and in which words; each is marked as sent and, when it comes back,
// as returned. Asked for only when somebody opens the list: it is a look at many people.
import { useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { Failed, Skeleton } from "../kit/basics";
import { get, post } from "../lib/api";
import { languageName, number, t, wordOf } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { ContactBudget, useMet } from "./budget";

interface Letter {
  patient: string;
  name: string;
  language: string;
  channel: string;
  to: string;
  deceased: boolean;
  status: "open" | "queued" | "sent" | "returned";
  text: string;
}
interface Page {
  letters: Letter[];
  total: number;
  next?: number;
  returned: number;
  substitute: boolean;
}
const PAGE = 500; // the server's
const FIRST = 50;

const wayWord = (channel: string): string => wordOf("in_by_", channel);

function Row({ id, of, again }: { id: string; of: Letter; again: string }) {
  const [error, busy, act] = useAct(again);
  const [row, met] = useMet();
  const mark = (state: "sent" | "returned"): void => {
    void act(async () => {
      await post(`/incidents/${id}/letters`, { patient: of.patient, state });
      return t(`in_l_${state}`);
    });
  };
  return (
    <li class="card block" ref={row}>
      <p>
        <strong>
          <bdi>{of.name || of.patient}</bdi>
        </strong>{" "}
        {of.deceased && t("in_dead")}{" "}
        <span class="muted">
          {wayWord(of.channel)} · <bdi>{of.to || "–"}</bdi> · {languageName(of.language)}
        </span>
      </p>
      <details>
        <summary>{t("in_letter")}</summary>
        <p class="letter" dir="auto" lang={of.language}>
          {of.text}
        </p>
      </details>
      <ContactBudget patient={of.patient} met={met} />
      <div class="acts">
        <span>{t(`in_l_${of.status}`)}</span>
        {of.status === "queued" && of.channel !== "email" && (
          <button type="button" class="btn" disabled={busy} onClick={() => mark("sent")}>
            {t("in_mark_sent")} <span class="out-of-sight">{of.name}</span>
          </button>
        )}
        {of.status === "sent" && (
          <button type="button" class="btn" disabled={busy} onClick={() => mark("returned")}>
            {t("in_mark_returned")} <span class="out-of-sight">{of.name}</span>
          </button>
        )}
      </div>
      <Wrong text={error} />
    </li>
  );
}

function List({ id }: { id: string }) {
  const [after, setAfter] = useState(0);
  const [wrong, busy, act] = useAct(`Letters|*|${id}-0`);
  const [shown, setShown] = useState(FIRST);
  const key = `Letters|*|${id}-${after}`;
  const { data, error } = useLoad<Page>(key, () =>
    get(`/incidents/${id}/letters${after ? `?after=${after}` : ""}`),
  );
  const queue = (): void =>
    void act(async () => {
      let n = 0;
      let from: number | undefined = 0;
      while (from !== undefined) {
        const done: { queued: number; next?: number } = await post(`/incidents/${id}/send`, {
          after: from,
        });
        n += done.queued;
        from = done.next;
      }
      return t("in_queued", { n: number(n) });
    });
  const turn = (to: number): void => {
    setAfter(to);
    setShown(FIRST);
  };
  if (!data) return error ? <Failed error={error} /> : <Skeleton lines={3} />;
  return (
    <>
      <p class="muted">
        {t("in_people", { n: number(data.total) })} ·{" "}
        {t("in_returned_n", { n: number(data.returned) })}
      </p>
      <div class="acts">
        <button type="button" class="btn primary" disabled={busy} onClick={queue}>
          {t("in_queue")}
        </button>
        <a class="btn" href={`/incidents/${id}/letters.pdf`} download="letters.pdf">
          {t("in_print")}
        </a>
      </div>
      <Wrong text={wrong} />
      {data.substitute && <p class="note bad">{t("in_substitute")}</p>}
      <ul class="plain">
        {data.letters.slice(0, shown).map((l) => (
          <Row key={l.patient} id={id} of={l} again={key} />
        ))}
      </ul>
      <div class="acts">
        {data.letters.length > shown && (
          <button type="button" class="btn" onClick={() => setShown(shown + FIRST)}>
            {t("in_more")}
          </button>
        )}
        {after > 0 && (
          <button type="button" class="btn" onClick={() => turn(Math.max(0, after - PAGE))}>
            {t("in_before")}
          </button>
        )}
        {data.next !== undefined && (
          <button type="button" class="btn" onClick={() => turn(data.next!)}>
            {t("in_next")}
          </button>
        )}
      </div>
    </>
  );
}

export function Letters({ id }: { id: string }) {
  const [open, setOpen] = useState(false);
  return (
    <section class="card block" aria-labelledby="in-letters">
      <h2 id="in-letters">{t("in_letters_title")}</h2>
      <div class="acts">
        {!open && (
          <button type="button" class="btn" onClick={() => setOpen(true)}>
            {t("in_letters_show")}
          </button>
        )}
        <a class="btn" href={`/incidents/${id}/letters.csv`} download="letters.csv">
          {t("in_letters")}
        </a>
      </div>
      {open && <List id={id} />}
    </section>
  );
}
