// What the patient's own restrictions hide, named as far as it may be, and the emergency way in: a
// reason, some hours, the patient is told and the privacy office looks at it.
import { useState } from "preact/hooks";
import { errorText } from "../kit/basics";
import { textOf } from "../kit/field";
import { Icon } from "../kit/icons";
import { type ApiError, get, post } from "../lib/api";
import { dayTime, t } from "../lib/i18n";
import { changedAll, useLoad } from "../lib/load";

interface Part {
  name: string;
  valueCode?: string;
  valueBoolean?: boolean;
  valueInstant?: string;
}
interface Parts {
  parameter?: Part[];
}

const REASON_MIN = 10;

function Form({ id }: { id: string }) {
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const [until, setUntil] = useState("");
  if (until) return <p role="status">{t("glass_open", { when: dayTime(until, Date.now()) })}</p>;
  if (!open)
    return (
      <button type="button" class="btn small" onClick={() => setOpen(true)}>
        {t("glass_break")}
      </button>
    );
  const send = async (e: Event) => {
    e.preventDefault();
    const form = new FormData(e.currentTarget as HTMLFormElement);
    const reason = textOf(form, "reason");
    if (reason.length < REASON_MIN) return setError(t("glass_short"));
    setBusy(true);
    try {
      const answer = await post<Parts>(`/fhir/Patient/${id}/$break-glass`, {
        resourceType: "Parameters",
        parameter: [{ name: "reason", valueString: reason }],
      });
      setUntil(answer.parameter?.find((p) => p.name === "until")?.valueInstant ?? "");
      changedAll();
    } catch (x) {
      setError(errorText(x as ApiError));
    }
    setBusy(false);
  };
  return (
    <form class="stack" onSubmit={send}>
      <p id="glass-lead">{t("glass_lead")}</p>
      <div class="field">
        <label for="glass-reason">{t("glass_reason")}</label>
        <textarea
          class="box"
          id="glass-reason"
          name="reason"
          rows={2}
          maxLength={500}
          required
          aria-describedby="glass-lead"
          ref={(x) => x?.focus()}
        />
      </div>
      {error && <p role="alert">{error}</p>}
      <div class="acts">
        <button type="submit" class="btn primary" disabled={busy}>
          {t("glass_confirm")}
        </button>
        <button type="button" class="btn" onClick={() => setOpen(false)}>
          {t("cancel")}
        </button>
      </div>
    </form>
  );
}

/** Nothing is shown when nothing is hidden, or when that may not be told. */
export function Hidden({ id }: { id: string }) {
  const { data } = useLoad<Parts>(`Consent|${id}|hidden`, () =>
    get<Parts>(`/fhir/Patient/${id}/$hidden`),
  );
  const n = data?.parameter?.filter((p) => p.name === "hidden").length ?? 0;
  const glass = data?.parameter?.some((p) => p.name === "glass" && p.valueBoolean);
  if (!n) return null;
  return (
    <section class="note" aria-label={t("glass_label")}>
      <Icon name="warn" />
      <div>
        <p>{t("glass_hidden", { n })}</p>
        {glass && <Form id={id} />}
      </div>
    </section>
  );
}
