// The connected devices: what is on the shelf, whose each one is and where in its life; what may be done next is the
// server's to say. A code to open a device is shown once.
import { useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { Empty, Failed, Skeleton } from "../kit/basics";
import { Field, textOf } from "../kit/field";
import { get, post } from "../lib/api";
import { partsOf } from "../lib/find";
import { dayTime, fullDate, type Key, number, t, wordOf } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { href } from "../lib/router";
import { type Command, Commands, type Kind, Waiting } from "./commands";
import { Firmware } from "./firmware";
import { type Model, ModelField, useModels } from "./models";
import { PersonField } from "./person";
import { Recalls } from "./recalls";
import { Weaknesses } from "./weak";

interface Device {
  id: string;
  name: string;
  state: string;
  reason?: string;
  serial?: string;
  udi?: string;
  model?: string;
  maker?: string;
  firmware?: string;
  patient?: string;
  patientName?: string;
  network?: string;
  gateway?: string;
  warranty?: string;
  health?: {
    heard?: string;
    broken?: string;
    battery?: number;
    daysLeft?: number;
    problems: string[];
  };
  next: string[];
  code: boolean;
  commands?: Command[];
  kinds?: Kind[];
  history?: { state: string; time: string }[];
  supply?: { status: string; time: string; tracking?: string }[];
}
interface Fleet {
  devices: Device[];
  stock: { model: string; state: string; n: number }[];
  waiting: Command[];
  more: boolean;
}

const KEY = "Device|*|fleet";
const useFleet = () => useLoad<Fleet>(KEY, () => get("/fleet"));
const STATES = ["stock", "shipped", "delivered", "active", "lost", "returned", "wiped", "revoked"];
const SHOWN = 50;
const NEEDS_REASON = ["lost", "revoked"];

/** Steps for which something is to be typed; the others are a button. */
const asksMore = (to: string): boolean => to === "shipped" || NEEDS_REASON.includes(to);

const stateWord = (state: string): string => wordOf("fl_s_", state);

function Stock({ of }: { of: Fleet["stock"] }) {
  const models = [...new Set(of.map((s) => s.model))].sort();
  const states = STATES.filter((s) => of.some((x) => x.state === s));
  return (
    <section aria-labelledby="fl-stock" class="card block">
      <h2 id="fl-stock">{t("fl_stock")}</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <figure class="fl-scroll" tabIndex={0} aria-labelledby="fl-stock">
        <table class="grid">
          <thead>
            <tr>
              <th scope="col">{t("fl_model")}</th>
              {states.map((s) => (
                <th key={s} scope="col">
                  {stateWord(s)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {models.map((m) => (
              <tr key={m}>
                <th scope="row">
                  <bdi>{m || "–"}</bdi>
                </th>
                {states.map((s) => (
                  <td key={s} class="tabular">
                    {number(of.find((x) => x.model === m && x.state === s)?.n ?? 0)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </figure>
    </section>
  );
}

/** One step of a device's life; what the step asks for is asked here. */
function Step({ of, to, again }: { of: Device; to: string; again: string[] }) {
  const [error, busy, act] = useAct(...again);
  const id = `fl-${of.id}-${to}`;
  const move = (e: SubmitEvent): void => {
    e.preventDefault();
    const data = new FormData(e.currentTarget as HTMLFormElement);
    void act(async () => {
      await post(`/fleet/${of.id}/state`, {
        state: to,
        patient: textOf(data, "patient"),
        tracking: textOf(data, "tracking"),
        reason: textOf(data, "reason"),
      });
      return t("fl_moved", { name: of.name, state: stateWord(to) });
    });
  };
  return (
    <form
      class={asksMore(to) ? "fl-form" : "fl-bare"}
      onSubmit={move}
      aria-label={wordOf("fl_to_", to)}
    >
      {to === "shipped" && (
        <>
          <PersonField id={`${id}-patient`} required />
          <Field id={`${id}-tracking`} name="tracking" label={t("fl_tracking")} dir="ltr" />
        </>
      )}
      {NEEDS_REASON.includes(to) && (
        <Field id={`${id}-reason`} name="reason" label={t("fl_reason")} required dir="auto" />
      )}
      <Wrong text={error} />
      <button type="submit" class="btn" disabled={busy}>
        {wordOf("fl_to_", to)}
      </button>
    </form>
  );
}

function Code({ of }: { of: Device }) {
  const [shown, setShown] = useState<{ code: string; until: string }>();
  const [error, busy, act] = useAct();
  const make = (): void =>
    void act(async () => {
      setShown(await post(`/fleet/${of.id}/code`, {}));
      return "";
    });
  return (
    <div class="fl-bare">
      <button type="button" class="btn" disabled={busy} onClick={make}>
        {t("fl_code")}
      </button>
      <div role="status">
        {shown && (
          <p class="note good">
            <span>
              {t("fl_code_is")} <strong dir="ltr">{shown.code}</strong>{" "}
              {t("fl_code_until", { day: fullDate(shown.until) })}
            </span>
          </p>
        )}
      </div>
      <Wrong text={error} />
    </div>
  );
}

const through = (all: Device[] | undefined, id?: string): string | undefined => {
  const via = all?.find((d) => d.id === id);
  return via ? [via.name, via.serial].filter(Boolean).join(" ") : id;
};

function Facts({ of }: { of: Device }) {
  const all = useFleet().data?.devices;
  const rows: [Key, string | undefined][] = [
    ["fl_serial", of.serial],
    ["fl_udi", of.udi],
    ["fl_maker", of.maker],
    ["fl_firmware", of.firmware],
    ["fl_network", of.network],
    ["fl_gateway", through(all, of.gateway)],
    ["fl_heard", of.health?.heard && dayTime(of.health.heard)],
    ["fl_broken", of.health?.broken && dayTime(of.health.broken)],
    ["fl_battery", of.health?.battery !== undefined ? `${number(of.health.battery)} %` : undefined],
    [
      "fl_left",
      of.health?.daysLeft !== undefined
        ? t("fl_days", { n: number(of.health.daysLeft) })
        : undefined,
    ],
    ["fl_warranty", of.warranty && fullDate(of.warranty)],
    ["fl_reason", of.reason],
  ];
  return (
    <dl class="fl-facts">
      {rows
        .filter(([, value]) => value)
        .map(([key, value]) => (
          <div key={key}>
            <dt>{t(key)}</dt>
            <dd>
              <bdi>{value}</bdi>
            </dd>
          </div>
        ))}
    </dl>
  );
}

function More({ id }: { id: string }) {
  const one = `Device|*|fleet-${id}`;
  const { data, error } = useLoad<Device>(one, () => get(`/fleet/${id}`));
  if (!data) return error ? <Failed error={error} /> : <Skeleton lines={3} />;
  return (
    <>
      <Facts of={data} />
      <div class="fl-parts">
        <section>
          <h3>{t("fl_history")}</h3>
          <ol class="plain">
            {data.history?.map((h) => (
              <li key={h.time}>
                {stateWord(h.state)} <span class="muted">{dayTime(h.time)}</span>
              </li>
            ))}
          </ol>
        </section>
        {data.supply && data.supply.length > 0 && (
          <section>
            <h3>{t("fl_supply")}</h3>
            <ul class="plain">
              {data.supply.map((s) => (
                <li key={s.time}>
                  {wordOf("fl_w_", s.status)} <bdi>{s.tracking}</bdi>{" "}
                  <span class="muted">{dayTime(s.time)}</span>
                </li>
              ))}
            </ul>
          </section>
        )}
      </div>
      <Commands
        of={data.commands ?? []}
        kinds={data.kinds ?? []}
        device={data.id}
        again={[KEY, one]}
      />
      {(data.code || data.next.length > 0) && (
        <section>
          <h3>{t("fl_next")}</h3>
          <div class="fl-steps">
            {data.code && <Code of={data} />}
            {data.next
              .filter((to) => !asksMore(to))
              .map((to) => (
                <Step key={to} of={data} to={to} again={[KEY, one]} />
              ))}
          </div>
          <div class="fl-forms">
            {data.next.filter(asksMore).map((to) => (
              <Step key={to} of={data} to={to} again={[KEY, one]} />
            ))}
          </div>
        </section>
      )}
    </>
  );
}

function Row({ of }: { of: Device }) {
  const [open, setOpen] = useState(false);
  return (
    <li class="card block">
      <details onToggle={(e) => setOpen(e.currentTarget.open)}>
        <summary>
          <span class="fl-line">
            <span>
              <strong>
                <bdi>{of.name}</bdi>
              </strong>{" "}
              <bdi>{of.serial}</bdi> · {stateWord(of.state)}
              {of.patientName && (
                <>
                  {" · "}
                  <bdi>{of.patientName}</bdi>
                </>
              )}
            </span>
            {of.health?.problems.map((p) => (
              <span key={p} class="note bad fl-tag">
                {wordOf("fl_p_", p)}
              </span>
            ))}
          </span>
        </summary>
        {of.patientName && (
          <p>
            <a href={href(`/patient/${of.patient}`)}>
              {t("fl_open_patient")} <bdi class="out-of-sight">{of.patientName}</bdi>
            </a>
          </p>
        )}
        {open && (
          <div class="fl-more">
            <More id={of.id} />
          </div>
        )}
      </details>
    </li>
  );
}

function Make({ models, all }: { models: Model[]; all: Device[] }) {
  const [error, busy, act] = useAct(KEY);
  const make = (e: SubmitEvent): void => {
    e.preventDefault();
    const form = e.currentTarget as HTMLFormElement;
    const data = new FormData(form);
    void act(async () => {
      await post("/fleet", Object.fromEntries([...data].map(([k, v]) => [k, String(v).trim()])));
      form.reset();
      return t("fl_made");
    });
  };
  return (
    <details class="card block">
      <summary>{t("fl_new")}</summary>
      <form class="fl-new" onSubmit={make} aria-label={t("fl_new")}>
        <ModelField id="fl-model" models={models} />
        <Field id="fl-serial" name="serial" label={t("fl_serial")} required dir="ltr" />
        <Field id="fl-udi" name="udi" label={t("fl_udi")} dir="ltr" />
        <Field id="fl-lot" name="lot" label={t("fl_lot")} dir="ltr" />
        <Field id="fl-network" name="network" label={t("fl_network")} dir="ltr" />
        <div class="field">
          <label for="fl-gateway">{t("fl_gateway_of")}</label>
          <select class="box" id="fl-gateway" name="gateway">
            <option value="" />
            {all.map((d) => (
              <option key={d.id} value={d.id} dir="auto">
                {through(all, d.id)}
              </option>
            ))}
          </select>
        </div>
        <Field id="fl-warranty" name="warranty" label={t("fl_warranty")} type="date" />
        <Wrong text={error} />
        <button type="submit" class="btn primary" disabled={busy}>
          {t("fl_make")}
        </button>
      </form>
    </details>
  );
}

/** Every word stands somewhere in what a row shows, in any order. */
export function isAbout(d: Device, typed: string): boolean {
  const all = [d.name, d.serial, d.udi, d.model, d.maker, d.patientName, d.network, d.id]
    .join(" ")
    .toLocaleLowerCase();
  return partsOf(typed.toLocaleLowerCase()).every((w) => all.includes(w));
}

export function FleetPage() {
  const models = useModels();
  const { data, error } = useFleet();
  const [state, setState] = useState("");
  const [shown, setShown] = useState(SHOWN);
  const [typed, setTyped] = useState("");
  const rows = (data?.devices ?? []).filter(
    (d) => (!state || d.state === state) && isAbout(d, typed),
  );
  return (
    <div class="page">
      <header class="page-head">
        <h1 tabIndex={-1}>{t("fl_title")}</h1>
        <p class="muted">{t("fl_lead")}</p>
      </header>
      {!data && (error ? <Failed error={error} /> : <Skeleton lines={4} />)}
      {data && (
        <>
          <Waiting of={data.waiting} again={[KEY]} />
          <Recalls />
          <Firmware models={models} />
          <Weaknesses models={models} />
          <Stock of={data.stock} />
          <Make models={models} all={data.devices} />
          <search class="fl-filters">
            <div class="field fl-filter">
              <label for="fl-find">{t("fl_find")}</label>
              <input
                class="box"
                id="fl-find"
                type="search"
                autocomplete="off"
                dir="auto"
                aria-describedby="fl-find-hint"
                value={typed}
                onInput={(e) => setTyped(e.currentTarget.value)}
              />
              <span class="hint" id="fl-find-hint">
                {t("fl_find_hint")}
              </span>
            </div>
            <div class="field fl-filter">
              <label for="fl-state">{t("fl_state")}</label>
              <select
                class="box"
                id="fl-state"
                value={state}
                onChange={(e) => setState(e.currentTarget.value)}
              >
                <option value="">{t("fl_all")}</option>
                {STATES.map((s) => (
                  <option key={s} value={s}>
                    {stateWord(s)}
                  </option>
                ))}
              </select>
            </div>
          </search>
          {data.more && <p class="note">{t("fl_more")}</p>}
          {rows.length === 0 && <Empty icon="device" title={t("fl_none")} />}
          <ul class="plain">
            {rows.slice(0, shown).map((d) => (
              <Row key={d.id} of={d} />
            ))}
          </ul>
          {rows.length > shown && (
            <button type="button" class="btn" onClick={() => setShown(shown + SHOWN)}>
              {t("in_more")}
            </button>
          )}
        </>
      )}
    </div>
  );
}
