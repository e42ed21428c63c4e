// Firmware releases: proposed, approved by a second person, ring by ring, halted when too many devices failed. Who may
// take which step is the server's to say.
import { useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { Failed, Skeleton } from "../kit/basics";
import { Area, Field, textOf } from "../kit/field";
import { get, post, upload } from "../lib/api";
import { comma, dayTime, has, type Key, number, t, wordOf } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { FileField, Unfold } from "./bring";
import { type Model, ModelField } from "./models";

interface Ring {
  name: string;
  state: string;
  percent: number;
  soak: number;
  asked: number;
  done: number;
  failed: number;
  until?: string;
  signs: Record<string, number>;
}
interface Release {
  id: string;
  modelName?: string;
  version: string;
  digest: string;
  url?: string;
  size: number;
  signed?: string;
  file?: { by?: string; at?: string; gone?: string; offset?: number };
  notes?: string;
  state: string;
  by: string;
  asked: string;
  rings: Ring[];
  halt?: {
    ring: string;
    failed: number;
    asked: number;
    limit: number;
    at: string;
    citation: string;
  };
  steps: { who: string; what: string; time: string; reason?: string }[];
  may: string[];
  devices?: { id: string; serial?: string; state: string; reason?: string; time: string }[];
}

const KEY = "Task|*|firmware";
const WITH_REASON = ["refuse", "halt", "resume", "withdraw"];

const ringWord = (r: Pick<Ring, "name">): string => wordOf("fl_r_", r.name);
const signWord = (code: string): string =>
  has(`fl_sg_${code}`) ? t(`fl_sg_${code}` as Key) : wordOf("fl_p_", code);

function Rings({ of }: { of: Release }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <figure class="fl-scroll" tabIndex={0} aria-label={t("fl_fw_ring")}>
      <table class="grid">
        <thead>
          <tr>
            <th scope="col">{t("fl_fw_ring")}</th>
            <th scope="col">{t("fl_state")}</th>
            <th scope="col">{t("fl_fw_asked")}</th>
            <th scope="col">{t("fl_fw_done")}</th>
            <th scope="col">{t("fl_fw_failed")}</th>
          </tr>
        </thead>
        <tbody>
          {of.rings.map((r) => (
            <tr key={r.name}>
              <th scope="row">
                {ringWord(r)} <span class="muted">{number(r.percent)} %</span>
              </th>
              <td>
                {wordOf("fl_rs_", r.state)}{" "}
                {r.until && (
                  <span class="muted">{t("fl_fw_until", { when: dayTime(r.until) })}</span>
                )}
              </td>
              <td class="tabular">{number(r.asked)}</td>
              <td class="tabular">{number(r.done)}</td>
              <td class="tabular">
                {number(r.failed)}{" "}
                <span class="muted">
                  {Object.entries(r.signs)
                    .map(([sign, n]) => `${signWord(sign)} ${number(n)}`)
                    .join(comma())}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}

function Act({ of, step }: { of: Release; step: string }) {
  const [error, busy, act] = useAct(KEY, `${KEY}-${of.id}`);
  const take = (e: SubmitEvent): void => {
    e.preventDefault();
    const reason = textOf(new FormData(e.currentTarget as HTMLFormElement), "reason");
    void act(async () => {
      await post(`/fleet/firmware/${of.id}/${step}`, { reason });
      return t("fl_fw_stepped", { version: of.version, step: wordOf("fl_fd_", step) });
    });
  };
  const asks = WITH_REASON.includes(step);
  return (
    <form class={asks ? "fl-form" : "fl-bare"} onSubmit={take} aria-label={wordOf("fl_f_", step)}>
      {asks && (
        <Field
          id={`fw-${of.id}-${step}`}
          name="reason"
          label={t("fl_reason")}
          required={step === "resume"}
          dir="auto"
        />
      )}
      <Wrong text={error} />
      <button type="submit" class={step === "approve" ? "btn primary" : "btn"} disabled={busy}>
        {wordOf("fl_f_", step)} <span class="out-of-sight">{of.version}</span>
      </button>
    </form>
  );
}

function Devices({ id }: { id: string }) {
  const { data, error } = useLoad<Release>(`${KEY}-${id}`, () => get(`/fleet/firmware/${id}`));
  if (!data) return error ? <Failed error={error} /> : <Skeleton lines={2} />;
  if (!data.devices?.length) return null;
  return (
    <section>
      <h4>{t("fl_fw_devices")}</h4>
      <ul class="plain fl-list">
        {data.devices.map((d) => (
          <li key={d.id}>
            <bdi>{d.serial ?? d.id}</bdi> · {wordOf("fl_cs_", d.state)}{" "}
            <span class="muted">{dayTime(d.time)}</span>
            {d.reason && (
              <>
                {" "}
                <bdi class="muted">{wordOf("fl_cr_", d.reason)}</bdi>
              </>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

const percent = (part: number): string => number(Math.floor(100 * part));

function kept(of: Release): string {
  if (of.file?.gone) return t("fl_fw_gone", { when: dayTime(of.file.gone) });
  return of.file?.at
    ? t("fl_fw_kept", { who: of.file.by ?? "", when: dayTime(of.file.at) })
    : t("fl_fw_missing");
}

/** The file of a release: sent in pieces with its progress, and gone on with where it broke; the server keeps it only when
 * it is the one. */
function BringFile({ of }: { of: Release }) {
  const [error, busy, act] = useAct(KEY, `${KEY}-${of.id}`);
  const [part, setPart] = useState(0);
  const [other, setOther] = useState("");
  const bring = (e: SubmitEvent): void => {
    e.preventDefault();
    const file = new FormData(e.currentTarget as HTMLFormElement).get("file") as File;
    const same = file.size === of.size;
    setOther(same ? "" : t("fl_fw_other", { size: number(file.size), wanted: number(of.size) }));
    if (!same) return;
    setPart(0);
    void act(async () => {
      await upload(`/fleet/firmware/${of.id}/upload`, file, setPart);
      return t("fl_fw_brought", { version: of.version });
    });
  };
  return (
    <form class="fl-form" onSubmit={bring} aria-label={t("fl_fw_bring")}>
      <FileField id={`fw-${of.id}-file`} label={t("fl_fw_bring")} />
      {!busy && !!of.file?.offset && (
        <p class="note wait">
          <span>{t("fl_fw_part", { part: percent(of.file.offset / of.size) })}</span>
        </p>
      )}
      {busy && (
        <progress value={part} max={1} aria-label={t("fl_fw_bring")}>
          {percent(part)} %
        </progress>
      )}
      <Wrong text={other || error} />
      <button type="submit" class="btn primary" disabled={busy}>
        {t("fl_fw_send")} <span class="out-of-sight">{of.version}</span>
      </button>
    </form>
  );
}

function More({ of, may }: { of: Release; may: boolean }) {
  return (
    <div class="fl-more">
      {of.halt && (
        <p class="note bad">
          <span>
            {t("fl_fw_why", {
              failed: number(of.halt.failed),
              asked: number(of.halt.asked),
              ring: ringWord({ name: of.halt.ring }),
              limit: number(of.halt.limit),
              when: dayTime(of.halt.at),
            })}{" "}
            <bdi class="fl-cite" lang="en">
              {of.halt.citation}
            </bdi>
          </span>
        </p>
      )}
      {of.notes && <p dir="auto">{of.notes}</p>}
      <dl class="fl-facts">
        <div class="wide">
          <dt>SHA-256</dt>
          <dd dir="ltr">
            <code>{of.digest}</code>
          </dd>
        </div>
        <div class="wide">
          <dt>{t(of.url ? "fl_fw_url" : "fl_fw_file")}</dt>
          {of.url ? <dd dir="ltr">{of.url}</dd> : <dd>{kept(of)}</dd>}
        </div>
        <div class="wide">
          <dt>{t("fl_fw_signature")}</dt>
          <dd>{wordOf("fl_sn_", of.signed ?? "no-key")}</dd>
        </div>
      </dl>
      {of.file && !of.file.at && of.state === "waiting" && may && <BringFile of={of} />}
      <Rings of={of} />
      <section>
        <h4>{t("fl_history")}</h4>
        <ol class="plain">
          <li>
            <bdi>{of.by}</bdi> {t("fl_fd_propose")} <span class="muted">{dayTime(of.asked)}</span>
          </li>
          {of.steps.map((s) => (
            <li key={s.time + s.what}>
              <bdi>{s.who}</bdi> {wordOf("fl_fd_", s.what)}{" "}
              <span class="muted">{dayTime(s.time)}</span> <bdi>{s.reason}</bdi>
            </li>
          ))}
        </ol>
      </section>
      <Devices id={of.id} />
      <div class="fl-steps">
        {of.may
          .filter((m) => !WITH_REASON.includes(m))
          .map((m) => (
            <Act key={m} of={of} step={m} />
          ))}
      </div>
      <div class="fl-forms">
        {of.may
          .filter((m) => WITH_REASON.includes(m))
          .map((m) => (
            <Act key={m} of={of} step={m} />
          ))}
      </div>
    </div>
  );
}

function One({ of, may }: { of: Release; may: boolean }) {
  return (
    <Unfold
      head={
        <>
          <strong>
            <bdi>{of.modelName}</bdi> <bdi>{of.version}</bdi>
          </strong>{" "}
          · {wordOf("fl_fs_", of.state)}
        </>
      }
      tag={of.halt && <span class="note bad fl-tag">{t("fl_fw_halted")}</span>}
    >
      {() => <More of={of} may={may} />}
    </Unfold>
  );
}

function Propose({ models }: { models: Model[] }) {
  const [error, busy, act] = useAct(KEY);
  const propose = (e: SubmitEvent): void => {
    e.preventDefault();
    const form = e.currentTarget as HTMLFormElement;
    const data = Object.fromEntries([...new FormData(form)].map(([k, v]) => [k, String(v).trim()]));
    void act(async () => {
      await post("/fleet/firmware", { ...data, size: Number(data.size) });
      form.reset();
      return t("fl_fw_proposed");
    });
  };
  return (
    <details>
      <summary>{t("fl_fw_new")}</summary>
      <form class="fl-new" onSubmit={propose} aria-label={t("fl_fw_new")}>
        <ModelField id="fw-model" models={models} />
        <Field id="fw-version" name="version" label={t("fl_fw_version")} required dir="ltr" />
        <Field id="fw-digest" name="digest" label={t("fl_fw_digest")} required dir="ltr" />
        <Field id="fw-url" name="url" label={t("fl_fw_url_or")} dir="ltr" />
        <Field id="fw-size" name="size" type="number" min={1} label={t("fl_fw_size")} required />
        <Field id="fw-signature" name="signature" label={t("fl_fw_signature")} dir="ltr" />
        <Area id="fw-notes" name="notes" label={t("fl_fw_notes")} dir="auto" />
        <p class="muted">{t("fl_fw_two")}</p>
        <Wrong text={error} />
        <button type="submit" class="btn primary" disabled={busy}>
          {t("fl_fw_propose")}
        </button>
      </form>
    </details>
  );
}

export function Firmware({ models }: { models: Model[] }) {
  const { data, error } = useLoad<{ releases: Release[]; may: boolean }>(KEY, () =>
    get("/fleet/firmware"),
  );
  if (data && !data.may && data.releases.length === 0) return null;
  return (
    <section aria-labelledby="fl-firmware" class="card block">
      <h2 id="fl-firmware">{t("fl_fw_title")}</h2>
      {!data && (error ? <Failed error={error} /> : <Skeleton lines={2} />)}
      {data?.releases.length === 0 && <p class="muted">{t("fl_fw_none")}</p>}
      {data && data.releases.length > 0 && (
        <ul class="plain fl-list">
          {data.releases.map((r) => (
            <One key={r.id} of={r} may={data.may} />
          ))}
        </ul>
      )}
      {data?.may && <Propose models={models} />}
    </section>
  );
}
