// Everything of some weeks on one time axis: vitals, symptoms, medicines, refills, activity, food, visits, claims. Time runs
// left to right in every language. A range input walks the days and says what each holds; the table has every line of it.
// Marks differ by form, not by colour: tall is yes or taken, short is no or missed.

import { useState } from "preact/hooks";
import { type Metric, metricOf, type Point, pointOf } from "../chart/series";
import { spreadText, valueText } from "../chart/view";
import { Walk } from "../chart/walk";
import { Failed, Heads, Skeleton } from "../kit/basics";
import { type Days, DaysChoice, type Look, LookChoice } from "../kit/choices";
import { get } from "../lib/api";
import type { Concept, Observation, Resource } from "../lib/fhir";
import { words } from "../lib/fhir";
import { comma, dayName, dayTime, number, startOfDay, t, unitWord } from "../lib/i18n";
import { again, useLoad } from "../lib/load";
import { session } from "../lib/session";
import { Bills } from "./bills";

const DAY = 86_400_000;
const LANES = [
  "vitals",
  "symptoms",
  "medicines",
  "refills",
  "activity",
  "nutrition",
  "visits",
  "claims",
] as const;
type LaneName = (typeof LANES)[number];
interface Any extends Resource {
  status?: string;
  code?: Concept;
  type?: Concept | Concept[];
  medicationCodeableConcept?: Concept;
  medicationReference?: { display?: string };
  effectiveDateTime?: string;
  effectivePeriod?: { start?: string };
  whenHandedOver?: string;
  dateTime?: string;
  start?: string;
  period?: { start?: string };
  created?: string;
  description?: string;
  valueBoolean?: boolean;
  valueQuantity?: { value?: number; unit?: string };
  provider?: { display?: string };
  billablePeriod?: { start?: string };
  claim?: { reference?: string };
  item?: {
    productOrService?: Concept;
    servicedDate?: string;
    servicedPeriod?: { start?: string };
  }[];
}
interface Lane {
  lane: LaneName;
  entry: Any[];
  role: boolean;
  kept: boolean;
  /** Each patient's to share, and this one does not: whether there is anything is not told. */
  unshared: boolean;
  more: boolean;
}
interface Picture {
  from: string;
  lanes: Lane[];
}
interface Mark {
  at: number;
  lane: LaneName;
  what: string;
  yes: boolean;
  /** of what is measured: which, and how much */
  measured?: { of: Metric; point: Point };
}

function whenOf(r: Any): number {
  const service = r.item?.[0];
  return Date.parse(
    service?.servicedDate ??
      service?.servicedPeriod?.start ??
      r.billablePeriod?.start ??
      r.effectiveDateTime ??
      r.effectivePeriod?.start ??
      r.whenHandedOver ??
      r.dateTime ??
      r.start ??
      r.period?.start ??
      r.created ??
      "",
  );
}

function measured(r: Any): Mark["measured"] {
  const o = r as unknown as Observation;
  const of = metricOf(o);
  const point = of && pointOf(o, of);
  return of && point ? { of, point } : undefined;
}

function reading(r: Any): string {
  const m = measured(r);
  if (m) return `${t(m.of.name)} ${valueText(m.point, m.of)} ${unitWord(m.of.unit)}`;
  const q = r.valueQuantity;
  return [words(r.code), q?.value === undefined ? "" : number(q.value, 1), q?.unit]
    .filter(Boolean)
    .join(" ");
}

const MISSED = ["not-taken", "not-done", "declined", "noshow", "cancelled"];
/** Neither taken nor missed: that it was so is not said. */
const HALTED = ["stopped", "on-hold", "intended", "preparation", "draft"];

/** What was done and by whom; one that was not sent, or taken back, is none. */
function billed(r: Any, at: number): Mark | null {
  if (r.status !== "active") return null;
  const kind = words(Array.isArray(r.type) ? r.type[0] : r.type);
  const done = [...new Set((r.item ?? []).map((i) => words(i.productOrService)).filter(Boolean))];
  const what = [done.join(comma()) || kind || t("pl_claims"), r.provider?.display].filter(Boolean);
  return { at, lane: "claims", yes: true, what: what.join(" · ") };
}

export function markOf(lane: LaneName, r: Any): Mark | null {
  const at = whenOf(r);
  if (Number.isNaN(at) || r.status === "entered-in-error") return null;
  if (lane === "claims") return billed(r, at);
  const halted = HALTED.includes(r.status ?? "");
  const yes = r.valueBoolean !== false && !halted && !MISSED.includes(r.status ?? "");
  const type = Array.isArray(r.type) ? r.type[0] : r.type;
  const medicine = words(r.medicationCodeableConcept) || r.medicationReference?.display || "";
  if (r.resourceType === "Observation") {
    const text = reading(r);
    if (lane !== "symptoms") return { at, lane, yes, what: text, measured: measured(r) };
    return { at, lane, yes, what: `${text}: ${t(yes ? "cp_a_yes" : "cp_a_no")}` };
  }
  if (lane === "medicines" && !halted) {
    const took = yes ? (r.status === "unknown" ? "pl_some" : "pl_taken") : "pl_missed";
    return { at, lane, yes, what: `${medicine}: ${t(took)}` };
  }
  const what = medicine || words(type) || r.description || t(`pl_${lane}`);
  return { at, lane, yes, what: yes ? what : `${what}: ${t("pl_not")}` };
}

/** What a payer said of a claim that is there itself is not a second visit. */
function once(entry: Any[]): Any[] {
  const claims = new Set(entry.map((r) => `${r.resourceType}/${r.id}`));
  return entry.filter((r) => !claims.has(r.claim?.reference ?? ""));
}

function marksOf(p: Picture): Mark[] {
  return p.lanes
    .flatMap((l) => once(l.entry).map((r) => markOf(l.lane, r)))
    .filter((m): m is Mark => m !== null)
    .sort((a, b) => a.at - b.at);
}

/** More of one measure in a day are told together: from, to and how many. */
const MANY = 3;
export function heldOn(marks: Mark[]): string[] {
  const of = (m: Mark): Mark[] =>
    marks.filter((x) => x.measured && x.measured.of === m.measured?.of);
  return marks.flatMap((m) => {
    const all = of(m);
    const first = m.measured;
    if (!first || all.length < MANY) return [m.what];
    if (all[0] !== m) return [];
    const points = all.flatMap((x) => x.measured?.point ?? []);
    const spread = `${t(first.of.name)} ${spreadText(points, first.of)} ${unitWord(first.of.unit)}`;
    return [`${spread} (${t("pl_count", { n: all.length })})`];
  });
}

/** Why a lane is empty, or not whole. An entry that is no mark (taken back, or without a time) fills none. */
export function saidOf(l: Lane, marks: Mark[]): string {
  if (l.unshared) return t("pl_unshared");
  if (l.kept) return t("pl_kept");
  if (l.role) return t("pl_role");
  if (l.more) return t("pl_more");
  return marks.some((m) => m.lane === l.lane) ? "" : t("pl_none");
}

function Row({ of, marks, x }: { of: Lane; marks: Mark[]; x: (at: number) => number }) {
  const mine = marks.filter((m) => m.lane === of.lane);
  const said = saidOf(of, mine);
  return (
    <li class="pl-row">
      <span class="pl-name">{t(`pl_${of.lane}`)}</span>
      <svg
        class="pl-lane"
        viewBox="0 0 1000 24"
        preserveAspectRatio="none"
        dir="ltr"
        aria-hidden="true"
      >
        <path class="chart-line" vector-effect="non-scaling-stroke" d="M0 23H1000" />
        {mine.map((m, i) => (
          <rect
            key={i}
            class="pl-mark"
            x={Math.round(x(m.at))}
            width="4"
            y={m.yes ? 2 : 15}
            height={m.yes ? 20 : 7}
          />
        ))}
      </svg>
      <span class="muted fine">{said || t("pl_count", { n: mine.length })}</span>
    </li>
  );
}

function Axis({ of, marks }: { of: Picture; marks: Mark[] }) {
  const from = startOfDay(Date.parse(of.from));
  const to = Math.max(Date.now(), marks.at(-1)?.at ?? 0) + DAY / 2;
  const days = [...new Set(marks.map((m) => startOfDay(m.at)))];
  const [at, setAt] = useState(days.length - 1);
  const day = days[Math.min(at, days.length - 1)];
  const held = heldOn(marks.filter((m) => startOfDay(m.at) === day));
  const said = day === undefined ? t("pl_none") : `${dayName(day)}: ${held.join(" · ")}`;
  return (
    <>
      <ul class="pl">
        {of.lanes.map((l) => (
          <Row
            key={l.lane}
            of={l}
            marks={marks}
            x={(when) => (Math.max(0, when - from) / (to - from)) * 990}
          />
        ))}
      </ul>
      {days.length > 0 && (
        <Walk
          class="pl-walk"
          label={t("pl_walk")}
          said={said}
          n={days.length}
          at={at}
          onAt={setAt}
        />
      )}
      <p dir="auto">{said}</p>
    </>
  );
}

function Table({ of, marks }: { of: Picture; marks: Mark[] }) {
  const now = Date.now();
  return (
    <>
      {of.lanes
        .map((l) => ({ l, said: saidOf(l, marks) }))
        .filter(({ said }) => said)
        .map(({ l, said }) => (
          <p key={l.lane} class="muted fine">
            {t(`pl_${l.lane}`)}: {said}
          </p>
        ))}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <section class="chart-table" tabIndex={0} aria-label={t("tab_picture")}>
        <table>
          <Heads of={[t("col_time"), t("pl_lane"), t("pl_what")]} />
          <tbody>
            {[...marks].reverse().map((m, i) => (
              <tr key={i}>
                <td>{dayTime(m.at, now)}</td>
                <td>{t(`pl_${m.lane}`)}</td>
                <td dir="auto">{m.what}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}

export function PicturePane({ id }: { id: string }) {
  const [days, setDays] = useState<Days>("30");
  const [look, setLook] = useState<Look>("chart");
  const key = `Observation,MedicationStatement,Claim,ExplanationOfBenefit,Consent|${id}|picture-${days}`;
  const { data, error } = useLoad<Picture>(key, () =>
    get(`/fhir/Patient/${id}/$picture?days=${days}`),
  );
  const marks = data ? marksOf(data) : [];
  return (
    <section class="card picture" aria-label={t("tab_picture")}>
      <div class="hero-tools no-print">
        <DaysChoice value={days} onChange={setDays} />
        <LookChoice legend={t("tab_picture")} value={look} onChange={setLook} />
      </div>
      {!data &&
        (error ? <Failed error={error} retry={() => again(key)} /> : <Skeleton lines={8} />)}
      {data &&
        (look === "chart" ? (
          <Axis key={days} of={data} marks={marks} />
        ) : (
          <Table of={data} marks={marks} />
        ))}
      {data && session.value?.role === "nurse" && <Bills patient={id} again={key} />}
    </section>
  );
}
