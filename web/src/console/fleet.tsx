// The connected devices: what is on the shelf, whose each one is and where in its life; what may be done next is the
// server's to say. A code to open a device is shown once.
import { useEffect, useRef, useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { Empty, Failed, Skeleton } from "../kit/basics";
import { Field, textOf } from "../kit/field";
import { type ApiError, get, post } from "../lib/api";
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
  waiting: Command[];
  total: number;
  /** Where the next page goes on; none behind the last. */
  after?: string;
}

const KEY = "Device|*|fleet";
const useFleet = () => useLoad<Fleet>(KEY, () => get("/fleet"));
const STATES = ["stock", "shipped", "delivered", "active", "lost", "returned", "wiped", "revoked"];
const SHOWN = 50;
const GONE = 410;
const NEEDS_REASON = ["lost", "revoked"];

/** Steps for which something is to be typed; the others are a button. */
const asksMore = (to: string): boolean => to === "shipped" || NEEDS_REASON.includes(to);

const stateWord = (state: string): string => wordOf("fl_s_", state);

/** What was looked at: the first page as it is now, every other device ever seen, and the page read last behind it. */
interface Seen {
  first?: Fleet;
  others: Device[];
  last?: Fleet;
}
type Rows = Map<string, Device>;
const rowsOf = (devices: Device[]): Rows => new Map(devices.map((d) => [d.id, d]));

/** The first page and what else was seen: what has changed meanwhile stands in the first. */
function allOf({ first, others }: Seen): Device[] {
  const all = rowsOf(first?.devices ?? []);
  for (const d of others) if (!all.has(d.id)) all.set(d.id, d);
  return [...all.values()];
}

/** With a new first page: what stood in the old one falls out of neither, unless the new one is all there is. */
const renewed = (seen: Seen, first: Fleet): Seen =>
  first.after ? { ...seen, first, others: allOf(seen) } : { first, others: [] };

/** With a page behind the first: a device keeps its place, as it was read last. */
const widened = (seen: Seen, page: Fleet): Seen => ({
  ...seen,
  others: [...rowsOf([...seen.others, ...page.devices]).values()],
  last: page,
});

/** Where to look further: behind the page read last; from the front again when not all were met on the way. */
const furtherOf = ({ first, last }: Seen, looked: number): string | undefined =>
  (last ?? first)?.after ?? (looked < (first?.total ?? 0) ? first?.after : undefined);

/** All that was looked at since the page was opened, and how a further page is taken up. */
function useSeen(first: Fleet | undefined): [Seen, (page: Fleet) => void] {
  const [seen, setSeen] = useState<Seen>({ first, others: [] });
  const now = first && seen.first !== first ? renewed(seen, first) : seen;
  if (now !== seen) setSeen(now);
  return [now, (page) => setSeen((before) => widened(before, page))];
}

/** How many of the devices were looked at, where those are not all. */
function Looked({ n, total }: { n: number; total: number }) {
  return n < total ? (
    <p class="note">{t("fl_more", { n: number(n), total: number(total) })}</p>
  ) : null;
}

function Stock({ of, total }: { of: Device[]; total: number }) {
  const models = [...new Set(of.map((d) => d.model ?? ""))].sort();
  const states = STATES.filter((s) => of.some((d) => d.state === s));
  return (
    <section aria-labelledby="fl-stock" class="card block">
      <h2 id="fl-stock">{t("fl_stock")}</h2>
      <Looked n={of.length} total={total} />
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
                    {number(of.filter((d) => (d.model ?? "") === m && d.state === s).length)}
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

const through = (all: Device[], id?: string): string | undefined => {
  const via = all.find((d) => d.id === id);
  return via ? [via.name, via.serial].filter(Boolean).join(" ") : id;
};

function Facts({ of, all }: { of: Device; all: Device[] }) {
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

function More({ id, all }: { id: string; all: Device[] }) {
  const one = `Device|*|fleet-${id}`;
  const { data, error } = useLoad<Device>(one, () => get(`/fleet/${id}`));
  if (!data) return error ? <Failed error={error} /> : <Skeleton lines={3} />;
  return (
    <>
      <Facts of={data} all={all} />
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

function Row({ of, all }: { of: Device; all: Device[] }) {
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
            <More id={of.id} all={all} />
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

/** A page; from the front again when its place is too old to go on from. */
async function pageAt(after: string, fresh: () => void): Promise<Fleet> {
  try {
    return await get<Fleet>(`/fleet?after=${encodeURIComponent(after)}`);
  } catch (e) {
    if ((e as ApiError).status !== GONE) throw e;
    fresh();
    return get<Fleet>("/fleet");
  }
}

/** Asks the server for further pages, until one has more of what is looked for. */
function Further({
  after,
  found,
  take,
  end,
}: {
  after: string | undefined;
  found: (page: Fleet) => boolean;
  take: (page: Fleet) => void;
  end: () => void;
}) {
  const [error, busy, act] = useAct();
  const here = useRef(true);
  useEffect(
    () => () => {
      here.current = false;
    },
    [],
  );
  const look = (): void =>
    void act(async () => {
      let starts = 0;
      for (let at = after; at && here.current && starts < 2; ) {
        const page = await pageAt(at, () => starts++);
        at = page.after;
        take(page);
        if (!at) end();
        if (found(page)) break;
      }
      return "";
    });
  return (
    <div>
      <Wrong text={error} />
      {after && (
        <button type="button" class="btn" disabled={busy} onClick={look}>
          {t("fl_further")}
        </button>
      )}
    </div>
  );
}

/** The button that was pressed leaves the page: the focus goes there, unless it has gone on. */
function focusFrom(there: HTMLElement | null): void {
  const at = document.activeElement;
  if (!at || at === document.body || at.matches(":disabled")) there?.focus();
}

export function FleetPage() {
  const models = useModels();
  const { data, error } = useFleet();
  const [seen, take] = useSeen(data);
  const [state, setState] = useState("");
  const [shown, setShown] = useState(SHOWN);
  const [typed, setTyped] = useState("");
  const told = useRef<HTMLDivElement>(null);
  const all = allOf(seen);
  const fits = (d: Device): boolean => (!state || d.state === state) && isAbout(d, typed);
  const rows = all.filter(fits);
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
          <Stock of={all} total={data.total} />
          <Make models={models} all={all} />
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
          <div role="status" tabIndex={-1} ref={told}>
            <Looked n={all.length} total={data.total} />
            {rows.length === 0 && <Empty icon="device" title={t("fl_none")} />}
          </div>
          <ul class="plain">
            {rows.slice(0, shown).map((d) => (
              <Row key={d.id} of={d} all={all} />
            ))}
          </ul>
          {rows.length > shown && (
            <button type="button" class="btn" onClick={() => setShown(shown + SHOWN)}>
              {t("in_more")}
            </button>
          )}
          <Further
            after={furtherOf(seen, all.length)}
            found={(page) => page.devices.some((d) => fits(d) && !rows.some((r) => r.id === d.id))}
            take={take}
            end={() => focusFrom(told.current)}
          />
        </>
      )}
    </div>
  );
}
