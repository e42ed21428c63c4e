// A clock that runs for an incident or a complaint: what it asks, until when, and that it was met.
import { useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { Area } from "../kit/field";
import { post } from "../lib/api";
import { dayTime, fullDate, type Key, t } from "../lib/i18n";
import { toWord } from "./watch";

export interface Clock {
  id: string;
  title: string;
  place?: string;
  due: string;
  late: boolean;
  status: string;
  steps?: { row: string; to: string; at: string; who?: { display?: string } }[];
}

function ClockRow(p: { at: string; c: Clock; may: boolean; again: string[] }) {
  const { c } = p;
  const [error, busy, act] = useAct(...p.again);
  const [note, setNote] = useState("");
  const done = (e: SubmitEvent): void => {
    e.preventDefault();
    void act(async () => {
      await post(p.at, { clock: c.id, note });
      return t("in_done");
    });
  };
  const what = (
    <p dir="auto">
      {c.title} {c.place} <strong>{fullDate(c.due)}</strong> {c.late && t("in_late")}
      {c.steps?.map((s) => (
        <span key={s.row} class="up-mark">
          {t("up_to", { who: s.who?.display ?? toWord(s.to) })} · {dayTime(s.at)}
        </span>
      ))}
    </p>
  );
  if (!p.may) return <li>{what}</li>;
  return (
    <li>
      <form class="place-in" onSubmit={done} aria-label={`${c.title} ${c.place ?? ""}`}>
        {what}
        <div class="acts">
          <div class="field grow">
            <label for={`note-${c.id}`}>{t("in_note")}</label>
            <input
              class="box"
              id={`note-${c.id}`}
              dir="auto"
              required
              value={note}
              onInput={(e) => setNote(e.currentTarget.value)}
            />
          </div>
          <button type="submit" class="btn" disabled={busy}>
            {t("in_met")}
          </button>
        </div>
        <Wrong text={error} />
      </form>
    </li>
  );
}

/** Those that run; nothing when none does. */
export function OpenClocks(p: { of?: Clock[]; at: string; may: boolean; again: string[] }) {
  const open = p.of?.filter((c) => c.status === "requested") ?? [];
  if (open.length === 0) return null;
  return (
    <section class="card block" aria-labelledby="clocks">
      <h2 id="clocks">{t("in_clocks")}</h2>
      <ul class="plain">
        {open.map((c) => (
          <ClockRow key={c.id} at={p.at} c={c} may={p.may} again={p.again} />
        ))}
      </ul>
    </section>
  );
}

/** The end of it: how it ended, or why it cannot be ended now by who looks. */
export function Ending(p: {
  at: string;
  open: boolean;
  text?: string;
  why: Key[];
  words: { closed: Key; close: Key; done: Key };
  again: string[];
}) {
  const [error, busy, act] = useAct(...p.again);
  const [note, setNote] = useState("");
  const close = (e: SubmitEvent): void => {
    e.preventDefault();
    void act(async () => {
      await post(p.at, { note });
      return t(p.words.done);
    });
  };
  return (
    <section class="card block" aria-labelledby="ending-title">
      <h2 id="ending-title">{t(p.open ? p.words.close : p.words.closed)}</h2>
      {p.text && <p dir="auto">{p.text}</p>}
      {p.open &&
        p.why.map((w) => (
          <p key={w} class="muted">
            {t(w)}
          </p>
        ))}
      {p.open && p.why.length === 0 && (
        <form class="place-in" onSubmit={close} aria-label={t(p.words.close)}>
          <Area
            id="ending"
            label={t("in_ending")}
            dir="auto"
            required
            maxLength={2000}
            value={note}
            onValue={setNote}
          />
          <Wrong text={error} />
          <div class="acts">
            <button type="submit" class="btn primary" disabled={busy}>
              {t(p.words.close)}
            </button>
          </div>
        </form>
      )}
    </section>
  );
}
