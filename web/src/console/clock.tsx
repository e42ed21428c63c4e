// A clock that runs for an incident or a complaint: what it asks, until when, and that it was met.
import { useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { post } from "../lib/api";
import { fullDate, t } from "../lib/i18n";

export interface Clock {
  id: string;
  title: string;
  place?: string;
  due: string;
  late: boolean;
  status: string;
}

export function ClockRow(p: {
  at: string;
  c: Clock;
  place?: string;
  may: boolean;
  again: string[];
}) {
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
      {c.title} {p.place} <strong>{fullDate(c.due)}</strong> {c.late && t("in_late")}
    </p>
  );
  if (!p.may) return <li>{what}</li>;
  return (
    <li>
      <form class="place-in" onSubmit={done} aria-label={`${c.title} ${p.place ?? ""}`}>
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
