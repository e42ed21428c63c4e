// What is known to be wrong with the parts of each model: documents are brought, what somebody says of one is kept.
import { useAct, Wrong } from "../kit/act";
import { Failed, Skeleton } from "../kit/basics";
import { Field, textOf } from "../kit/field";
import { get, post } from "../lib/api";
import { dayTime, fullDate, has, number, t, wordOf } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { BringJson } from "./bring";
import { type Model, ModelField } from "./models";

interface Found {
  id: string;
  summary?: string;
  score?: number;
  severity?: string;
  part?: string;
  version?: string;
  fixed?: string;
  exploited: boolean;
  due?: string;
  /** In use, by the firmware that they run. */
  devices: number;
  running: { firmware?: string; devices: number }[];
  vex?: { status: string; justification?: string; who: string; time: string };
}
interface OfModel {
  id: string;
  name: string;
  devices: number;
  /** Those whose firmware no list describes. */
  unsure: number;
  boms: { from?: string; to?: string; parts: number; devices: number }[];
  found: Found[];
  cut: boolean;
}

const KEY = "DeviceDefinition|*|weak";
const STATUSES = ["not_affected", "affected", "fixed", "under_investigation"];

/** What it means for the model, said by a person. */
function Say({ of, model }: { of: Found; model: string }) {
  const [error, busy, act] = useAct(KEY);
  const id = `wk-${model}-${of.id}`;
  const say = (e: SubmitEvent): void => {
    e.preventDefault();
    const data = new FormData(e.currentTarget as HTMLFormElement);
    void act(async () => {
      await post(`/fleet/models/${model}/vex`, {
        vulnerability: of.id,
        status: data.get("status"),
        justification: textOf(data, "justification"),
      });
      return t("fl_wk_said", { id: of.id });
    });
  };
  return (
    <form class="fl-form" onSubmit={say} aria-label={t("fl_wk_say", { id: of.id })}>
      <div class="field">
        <label for={`${id}-status`}>{t("fl_wk_status")}</label>
        <select class="box" id={`${id}-status`} name="status" value={of.vex?.status}>
          {STATUSES.map((s) => (
            <option key={s} value={s}>
              {wordOf("fl_vx_", s)}
            </option>
          ))}
        </select>
      </div>
      <Field id={`${id}-why`} name="justification" label={t("fl_wk_why")} dir="auto" />
      <Wrong text={error} />
      <button type="submit" class="btn" disabled={busy}>
        {t("fl_wk_keep")}
      </button>
    </form>
  );
}

function One({ of, model, may }: { of: Found; model: string; may: boolean }) {
  return (
    <li>
      <p>
        <strong>
          <bdi>{of.id}</bdi>
        </strong>{" "}
        {of.score !== undefined && <span class="tabular">CVSS {number(of.score)}</span>}{" "}
        {of.severity && wordOf("fl_sv_", of.severity)}
        {of.exploited && <span class="note bad fl-tag">{t("fl_wk_exploited")}</span>}
      </p>
      {of.summary && (
        <p lang="en" dir="ltr">
          {of.summary}
        </p>
      )}
      <p class="muted">
        <bdi>
          {of.part} {of.version}
        </bdi>{" "}
        · {of.fixed ? t("fl_wk_fixed", { version: of.fixed }) : t("fl_wk_open")}
        {of.due && has("fl_wk_due") && /^\d{4}-/.test(of.due) && (
          <> · {t("fl_wk_due", { day: fullDate(of.due) })}</>
        )}
      </p>
      <p>
        {of.devices > 0 ? t("fl_wk_hit", { n: number(of.devices) }) : t("fl_wk_hit_none")}
        {of.running.map((r) => (
          <span key={r.firmware} class="muted">
            {" "}
            · <bdi>{r.firmware || "–"}</bdi>: {number(r.devices)}
          </span>
        ))}
      </p>
      {of.vex && (
        <p>
          {wordOf("fl_vx_", of.vex.status)}: <bdi>{of.vex.justification}</bdi>{" "}
          <span class="muted">{t("fl_c_by", { who: of.vex.who, when: dayTime(of.vex.time) })}</span>
        </p>
      )}
      {may && (
        <details>
          <summary>{t("fl_wk_say", { id: of.id })}</summary>
          <Say of={of} model={model} />
        </details>
      )}
    </li>
  );
}

/** Which firmware a list is of. */
const span = (b: { from?: string; to?: string }): string =>
  !b.from && !b.to
    ? t("fl_wk_any")
    : b.from === b.to
      ? `${b.from}`
      : `${b.from || "…"} – ${b.to || "…"}`;

function Weak({ of, may }: { of: OfModel; may: boolean }) {
  const open = of.found.filter((x) => !["not_affected", "fixed"].includes(x.vex?.status ?? ""));
  return (
    <li>
      <details>
        <summary>
          <span class="fl-line">
            <span>
              <strong>
                <bdi>{of.name}</bdi>
              </strong>{" "}
              <bdi>{of.boms.map(span).join(", ")}</bdi> ·{" "}
              {t("fl_wk_devices", { n: number(of.devices) })}
            </span>
            {open.length > 0 && (
              <span class="note bad fl-tag">{t("fl_wk_known", { n: number(open.length) })}</span>
            )}
          </span>
        </summary>
        <ul class="plain">
          {of.boms.map((b) => (
            <li key={span(b)} class="muted">
              {t("fl_firmware")} <bdi>{span(b)}</bdi> · {t("fl_wk_parts", { n: number(b.parts) })} ·{" "}
              {t("fl_wk_devices", { n: number(b.devices) })}
            </li>
          ))}
        </ul>
        {of.unsure > 0 && <p class="note">{t("fl_wk_unsure", { n: number(of.unsure) })}</p>}
        {of.cut && <p class="note">{t("fl_wk_cut")}</p>}
        {of.found.length === 0 && <p class="muted">{t("fl_wk_none")}</p>}
        <ul class="plain fl-list fl-more">
          {of.found.map((x) => (
            <One key={x.id + x.part} of={x} model={of.id} may={may} />
          ))}
        </ul>
      </details>
    </li>
  );
}

/** A model's list of parts, of the firmware that the form says. */
function sendParts(body: unknown, data: FormData): Promise<unknown> {
  const only = new URLSearchParams();
  for (const end of ["from", "to"]) {
    const version = textOf(data, end);
    if (version) only.set(end, version);
  }
  return post(`/fleet/models/${data.get("model")}/parts?${only}`, body);
}

export function Weaknesses({ models }: { models: Model[] }) {
  const { data, error } = useLoad<{ models: OfModel[]; may: boolean }>(KEY, () =>
    get("/fleet/vulnerabilities"),
  );
  if (data && !data.may && data.models.length === 0) return null;
  return (
    <section aria-labelledby="fl-weak" class="card block">
      <h2 id="fl-weak">{t("fl_wk_title")}</h2>
      {!data && (error ? <Failed error={error} /> : <Skeleton lines={2} />)}
      {data?.models.length === 0 && <p class="muted">{t("fl_wk_empty")}</p>}
      {data && data.models.length > 0 && (
        <>
          <ul class="plain fl-list">
            {data.models.map((m) => (
              <Weak key={m.id} of={m} may={data.may} />
            ))}
          </ul>
          <p>
            <a class="btn" href="/fleet/vulnerabilities.csv" download="weaknesses.csv">
              {t("fl_wk_csv")}
            </a>
          </p>
        </>
      )}
      {data?.may && (
        <details>
          <summary>{t("fl_wk_bring")}</summary>
          <div class="fl-forms fl-more">
            <BringJson id="wk-parts" label="fl_wk_sbom" reads={KEY} send={sendParts}>
              <ModelField id="wk-parts-model" models={models} />
              <Field id="wk-parts-from" name="from" label={t("fl_wk_from")} dir="ltr" />
              <Field id="wk-parts-to" name="to" label={t("fl_wk_to")} dir="ltr" />
            </BringJson>
            <BringJson
              id="wk-known"
              label="fl_wk_list"
              reads={KEY}
              send={(body) => post("/fleet/vulnerabilities", body)}
            />
          </div>
        </details>
      )}
    </section>
  );
}
