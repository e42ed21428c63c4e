// Below the whole picture: whether the patient shares their claims, and a nurse who writes their word down or ends it.
// It says nothing of whether there are any.
import { useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { Choice, Dialog } from "../kit/basics";
import { Area, Field, textOf } from "../kit/field";
import {
  claimsKey,
  keepClaims,
  lastDay,
  type Said,
  shareClaims,
  useClaimsConsents,
} from "../lib/claims";
import { fullDate, t } from "../lib/i18n";

function Ask({ patient, again, onClose }: { patient: string; again: string; onClose: () => void }) {
  const [how, setHow] = useState<Said["how"]>("oral");
  const [error, busy, act] = useAct(claimsKey(patient), again);
  const keep = (e: Event): void => {
    e.preventDefault();
    const form = new FormData(e.currentTarget as HTMLFormElement);
    void act(async () => {
      await shareClaims(patient, {
        how,
        evidence: textOf(form, "evidence"),
        until: textOf(form, "until"),
      });
      onClose();
      return t("rc_kept");
    });
  };
  return (
    <Dialog title={t("bl_title")} onClose={onClose}>
      <form class="stack" onSubmit={keep}>
        <p>{t("bl_ask")}</p>
        <Choice<Said["how"]>
          legend={t("rc_how")}
          value={how}
          options={(["oral", "written"] as const).map((h) => ({ value: h, label: t(`rc_h_${h}`) }))}
          onChange={setHow}
        />
        <Area
          id="bl-evidence"
          name="evidence"
          label={t("rc_evidence")}
          rows={3}
          maxLength={4000}
          required
          dir="auto"
        />
        <Field id="bl-until" name="until" type="date" label={t("rc_until")} />
        <Wrong text={error} />
        <div class="dialog-end">
          <button type="button" class="btn" onClick={onClose}>
            {t("cancel")}
          </button>
          <button type="submit" class="btn primary" disabled={busy}>
            {t("rc_keep")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** again: the key of what is on screen and changes with it. */
export function Bills({ patient, again }: { patient: string; again: string }) {
  const [open, setOpen] = useState(false);
  const { data } = useClaimsConsents(patient);
  const [error, busy, act] = useAct(claimsKey(patient), again);
  if (!data) return null;
  const until = lastDay(data);
  const end = (): void =>
    void act(async () => {
      await keepClaims(data);
      return t("bl_ended");
    });
  return (
    <div class="stack">
      <p class="muted fine">
        {t(data.length ? "bl_yes" : "bl_no")} {until && t("bl_until", { day: fullDate(until) })}
      </p>
      <div class="case-acts no-print">
        {data.length === 0 ? (
          <button type="button" class="btn" onClick={() => setOpen(true)}>
            {t("bl_write")}
          </button>
        ) : (
          <button type="button" class="btn" disabled={busy} onClick={end}>
            {t("bl_end")}
          </button>
        )}
      </div>
      <Wrong text={error} />
      {open && <Ask patient={patient} again={again} onClose={() => setOpen(false)} />}
    </div>
  );
}
