// The police ask that the notices of an incident wait (45 CFR 164.412): who asked, until when, in writing or not.
import { useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { Field } from "../kit/field";
import { post } from "../lib/api";
import { fullDate, t } from "../lib/i18n";

export interface Delay {
  by: string;
  written: boolean;
  until: string;
  inForce: boolean;
  noted: string;
}

export function Police({ id, of, again }: { id: string; of?: Delay; again: string }) {
  const [open, setOpen] = useState(false);
  const [by, setBy] = useState("");
  const [until, setUntil] = useState("");
  const [written, setWritten] = useState(false);
  const [error, busy, act] = useAct(again);
  const send = (body: object): void =>
    void act(async () => {
      await post(`/incidents/${id}/delay`, body);
      setOpen(false);
      return t("in_saved");
    });
  return (
    <section class="card block" aria-labelledby="in-police">
      <h2 id="in-police">{t("in_police")}</h2>
      {of && (
        <p class={of.inForce ? "note" : "muted"}>
          {t(of.inForce ? "in_police_holds" : "in_police_held", {
            who: of.by,
            day: fullDate(of.until),
            how: t(of.written ? "in_police_written" : "in_police_spoken"),
          })}
        </p>
      )}
      {of?.inForce ? (
        <button type="button" class="btn" disabled={busy} onClick={() => send({ end: true })}>
          {t("in_police_end")}
        </button>
      ) : (
        !open && (
          <button type="button" class="btn" onClick={() => setOpen(true)}>
            {t("in_police_ask")}
          </button>
        )
      )}
      {open && (
        <form
          onSubmit={(e) => {
            e.preventDefault();
            send({ by, until, written });
          }}
        >
          <Field
            id="police-by"
            label={t("in_police_by")}
            value={by}
            required
            maxLength={500}
            onValue={setBy}
          />
          <Field
            id="police-until"
            label={t("in_police_until")}
            type="date"
            value={until}
            required
            onValue={setUntil}
          />
          <div class="field">
            <label for="police-how">{t("in_police_paper")}</label>
            <select
              class="box"
              id="police-how"
              value={written ? "written" : "spoken"}
              onChange={(e) => setWritten(e.currentTarget.value === "written")}
            >
              <option value="spoken">{t("in_police_spoken")}</option>
              <option value="written">{t("in_police_written")}</option>
            </select>
          </div>
          <button type="submit" class="btn primary" disabled={busy}>
            {t("in_police_keep")}
          </button>
        </form>
      )}
      <Wrong text={error} />
    </section>
  );
}
