// Recalls that concern devices here: those with patients first, what was done with each, the notice that may be read out.
// Who may do what is the server's to say.
import { useAct, Wrong } from "../kit/act";
import { Failed, Skeleton } from "../kit/basics";
import { Area, Field } from "../kit/field";
import { get, post } from "../lib/api";
import { dayTime, type Key, number, t, wordOf } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { href } from "../lib/router";
import { BringJson, Unfold } from "./bring";

interface Concerned {
  id: string;
  serial?: string;
  name?: string;
  lot?: string;
  firmware?: string;
  state: string;
  patient?: string;
  patientName?: string;
  how: string;
  done?: string;
  note?: string;
  who?: string;
  time?: string;
  say: boolean;
}
interface Recall {
  id: string;
  firm?: string;
  product: string;
  codes?: string;
  reason?: string;
  class?: string;
  status?: string;
  action?: string;
  devices: number;
  patients: number;
  left: number;
  state: string;
}
interface Whole extends Recall {
  concerned: Concerned[];
  cut: boolean;
  citation: string;
  notice?: { text: string; who: string; approver?: string };
  closed?: { who: string; time: string; note: string };
  may: string[];
  dones: string[];
}

const KEY = "Device|*|recalls";

/** A step with its fields; the recall is read again after it. */
function Act(props: {
  of: Recall;
  step: string;
  label: string;
  fixed?: Record<string, string>;
  children?: preact.ComponentChildren;
}) {
  const { of, step, label, fixed, children } = props;
  const [error, busy, act] = useAct(KEY, `${KEY}-${of.id}`);
  const take = (e: SubmitEvent): void => {
    e.preventDefault();
    const data = new FormData(e.currentTarget as HTMLFormElement);
    void act(async () => {
      const said = Object.fromEntries([...data].map(([k, v]) => [k, String(v).trim()]));
      await post(`/fleet/recalls/${of.id}/${step}`, { ...said, ...fixed });
      return t("fl_rc_kept", { id: of.id });
    });
  };
  return (
    <form class={children ? "fl-form" : "fl-bare"} onSubmit={take} aria-label={label}>
      {children}
      <Wrong text={error} />
      <button type="submit" class="btn" disabled={busy}>
        {label}
      </button>
    </form>
  );
}

function Done({ of, x }: { of: Whole; x: Concerned }) {
  const id = `rc-${of.id}-${x.id}`;
  return (
    <details>
      <summary>{t("fl_rc_say", { serial: x.serial ?? x.id })}</summary>
      <Act of={of} step="device" label={t("fl_wk_keep")} fixed={{ device: x.id }}>
        <div class="field">
          <label for={`${id}-done`}>{t("fl_rc_done")}</label>
          <select class="box" id={`${id}-done`} name="done" value={x.done}>
            {of.dones.map((d) => (
              <option key={d} value={d}>
                {wordOf("fl_rd_", d)}
              </option>
            ))}
          </select>
        </div>
        <Field id={`${id}-note`} name="note" label={t("fl_rc_how")} dir="auto" />
      </Act>
    </details>
  );
}

function Device({ of, x }: { of: Whole; x: Concerned }) {
  return (
    <li>
      <p class="fl-line">
        <span>
          <strong>
            <bdi>{x.serial ?? x.id}</bdi>
          </strong>{" "}
          {x.patient && (
            <a href={href(`/patient/${x.patient}`)}>
              <bdi>{x.patientName || x.patient}</bdi>
            </a>
          )}{" "}
          <span class="muted">
            {wordOf("fl_s_", x.state)} · {wordOf("fl_rh_", x.how)}
            {x.lot && (
              <>
                {" "}
                · {t("fl_rc_lot")} <bdi>{x.lot}</bdi>
              </>
            )}
          </span>
        </span>
        {!x.done && <span class="note bad fl-tag">{t("fl_rc_open")}</span>}
      </p>
      {x.done && (
        <p>
          {wordOf("fl_rd_", x.done)}: <bdi>{x.note}</bdi>{" "}
          <span class="muted">
            {t("fl_c_by", { who: x.who ?? "", when: dayTime(x.time ?? "") })}
          </span>
        </p>
      )}
      {of.notice?.approver && (
        <p class="muted">{x.say ? t("fl_rc_read_out") : t("fl_rc_not_read")}</p>
      )}
      {of.may.includes("device") && <Done of={of} x={x} />}
    </li>
  );
}

function Notice({ of }: { of: Whole }) {
  return (
    <section>
      <h4>{t("fl_rc_notice")}</h4>
      {of.notice ? <p dir="auto">{of.notice.text}</p> : <p class="muted">{t("fl_rc_no_notice")}</p>}
      {of.notice && (
        <p class="muted">
          {of.notice.approver
            ? t("fl_rc_approved", { who: of.notice.approver })
            : t("fl_rc_waits", { who: of.notice.who })}
        </p>
      )}
      {of.may.includes("approve") && <Act of={of} step="approve" label={t("fl_rc_approve")} />}
      {of.may.includes("notice") && (
        <details>
          <summary>{t("fl_rc_write")}</summary>
          <Act of={of} step="notice" label={t("fl_rc_keep_words")}>
            <Area
              id={`rc-${of.id}-text`}
              name="text"
              label={t("fl_rc_words")}
              required
              dir="auto"
            />
          </Act>
        </details>
      )}
    </section>
  );
}

function More({ id }: { id: string }) {
  const { data, error } = useLoad<Whole>(`${KEY}-${id}`, () => get(`/fleet/recalls/${id}`));
  if (!data) return error ? <Failed error={error} /> : <Skeleton lines={3} />;
  const facts: [Key, string | undefined][] = [
    ["fl_rc_product", data.product],
    ["fl_rc_reason", data.reason],
    ["fl_rc_codes", data.codes],
    ["fl_rc_action", data.action],
    ["fl_rc_status", data.status],
  ];
  return (
    <div class="fl-more">
      <dl class="fl-facts">
        {facts
          .filter(([, v]) => v)
          .map(([k, v]) => (
            <div key={k} class="wide">
              <dt>{t(k)}</dt>
              <dd lang="en" dir="ltr">
                {v}
              </dd>
            </div>
          ))}
      </dl>
      <p class="fl-cite" lang="en" dir="ltr">
        {data.citation}
      </p>
      <Notice of={data} />
      <section>
        <h4>{t("fl_rc_devices")}</h4>
        {data.cut && <p class="note">{t("fl_wk_cut")}</p>}
        <ul class="plain fl-list">
          {data.concerned.map((x) => (
            <Device key={x.id} of={data} x={x} />
          ))}
        </ul>
      </section>
      {data.closed && (
        <p>
          {t("fl_rc_closed", { who: data.closed.who, when: dayTime(data.closed.time) })}{" "}
          <bdi>{data.closed.note}</bdi>
        </p>
      )}
      {data.may.includes("close") && (
        <Act of={data} step="close" label={t("fl_rc_close")}>
          <Field id={`rc-${id}-close`} name="note" label={t("fl_rc_what")} required dir="auto" />
        </Act>
      )}
    </div>
  );
}

function One({ of }: { of: Recall }) {
  return (
    <Unfold
      head={
        <>
          <strong>
            <bdi>{of.id}</bdi>
          </strong>{" "}
          <bdi>{of.firm}</bdi> · <bdi>{of.class}</bdi> ·{" "}
          {t("fl_rc_n", { n: number(of.devices), m: number(of.patients) })}
        </>
      }
      tag={
        of.state === "closed" ? (
          <span class="muted">{t("fl_rc_is_closed")}</span>
        ) : (
          <span class="note bad fl-tag">{t("fl_rc_left", { n: number(of.left) })}</span>
        )
      }
    >
      {() => <More id={of.id} />}
    </Unfold>
  );
}

/** A maker's letter, written down in the shape of the published ones. */
function Letter() {
  const [error, busy, act] = useAct(KEY);
  const keep = (e: SubmitEvent): void => {
    e.preventDefault();
    const form = e.currentTarget as HTMLFormElement;
    const data = Object.fromEntries([...new FormData(form)].map(([k, v]) => [k, String(v).trim()]));
    void act(async () => {
      await post("/fleet/recalls", data);
      form.reset();
      return t("fl_wk_taken");
    });
  };
  const fields: [string, Key, boolean][] = [
    ["recall_number", "fl_rc_number", true],
    ["recalling_firm", "fl_rc_firm", true],
    ["product_description", "fl_rc_product", true],
    ["code_info", "fl_rc_codes", false],
    ["reason_for_recall", "fl_rc_reason", false],
  ];
  return (
    <form class="fl-form" onSubmit={keep} aria-label={t("fl_rc_letter")}>
      {fields.map(([name, label, required]) => (
        <Field
          key={name}
          id={`rc-${name}`}
          name={name}
          label={t(label)}
          required={required}
          dir="auto"
        />
      ))}
      <Wrong text={error} />
      <button type="submit" class="btn" disabled={busy}>
        {t("fl_rc_letter")}
      </button>
    </form>
  );
}

export function Recalls() {
  const { data, error } = useLoad<{ recalls: Recall[]; may: boolean }>(KEY, () =>
    get("/fleet/recalls"),
  );
  if (data && !data.may && data.recalls.length === 0) return null;
  return (
    <section aria-labelledby="fl-recalls" class="card block">
      <h2 id="fl-recalls">{t("fl_rc_title")}</h2>
      {!data && (error ? <Failed error={error} /> : <Skeleton lines={2} />)}
      {data?.recalls.length === 0 && <p class="muted">{t("fl_rc_none")}</p>}
      {data && data.recalls.length > 0 && (
        <ul class="plain fl-list">
          {data.recalls.map((r) => (
            <One key={r.id} of={r} />
          ))}
        </ul>
      )}
      {data?.may && (
        <details>
          <summary>{t("fl_rc_bring")}</summary>
          <div class="fl-forms fl-more">
            <BringJson
              id="rc-file"
              label="fl_rc_file"
              reads={KEY}
              send={(body) => post("/fleet/recalls", body)}
            />
            <Letter />
          </div>
        </details>
      )}
    </section>
  );
}
