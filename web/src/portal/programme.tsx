// The programme somebody is in: thanks, how far, what happens next, goals, and a tip a day. A gap in the numbers is asked
// about kindly; nothing here judges a reading.
import { useState } from "preact/hooks";
import { get, search } from "../lib/api";
import type { Resource } from "../lib/fhir";
import { fullDate, type Lang, lang, number, t } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { me } from "./data";
import { Emergency } from "./watch";

type Texts = Record<Lang, string>;
interface Mine {
  episode: string;
  programme: string;
  status: "planned" | "active" | "onhold" | "finished" | "cancelled";
  due: string;
  enrolled: number;
  withData: number;
  last?: string;
}
interface Row {
  code: string;
  title: Texts;
  tips: Texts[];
}
interface Goal extends Resource {
  description?: { text?: string };
}
const DAY = 86_400_000;
const SILENT = 2 * DAY;

const useMine = () =>
  useLoad<Mine[]>(`EpisodeOfCare,CarePlan|${me()}|programme`, () =>
    get(`/programmes/enrolled?patient=${me()}`),
  );

function nextOf(of: Mine): string {
  if (of.status === "planned") return t("ph_planned");
  if (of.status === "onhold") return t("ph_rests");
  return t("ph_next", { date: fullDate(of.due) });
}

function Goals() {
  const goals = useLoad<Goal[]>(`Goal|${me()}|active`, () =>
    search<Goal>("Goal", { patient: me(), "lifecycle-status": "active", _count: "10" }, 10),
  );
  const said = (goals.data ?? []).map((g) => g.description?.text).filter(Boolean);
  if (said.length === 0) return null;
  return (
    <>
      <h3>{t("ph_goals")}</h3>
      <ul>
        {said.map((g) => (
          <li key={g} dir="auto">
            {g}
          </li>
        ))}
      </ul>
    </>
  );
}

function Tips({ all }: { all: Texts[] }) {
  const [at, setAt] = useState(Math.floor(Date.now() / DAY) % all.length);
  return (
    <>
      <h3>{t("ph_tip")}</h3>
      <p aria-live="polite">{all[at]?.[lang.value]}</p>
      <button type="button" class="btn quiet" onClick={() => setAt((at + 1) % all.length)}>
        {t("ph_another")}
      </button>
    </>
  );
}

export function MyProgramme() {
  const mine = useMine();
  const rows = useLoad<Row[]>("programmes", () => get("/programmes"));
  const of = mine.data?.find((m) => ["planned", "active", "onhold"].includes(m.status));
  const row = rows.data?.find((r) => r.code === of?.programme);
  if (!of || !row) return null;
  const silent = of.status === "active" && (!of.last || Date.parse(of.last) < Date.now() - SILENT);
  return (
    <section class="card block" aria-labelledby="programme">
      <h2 id="programme">{row.title[lang.value]}</h2>
      {of.withData > 0 && (
        <p>{t("ph_thanks", { n: number(of.withData), all: number(of.enrolled) })}</p>
      )}
      {silent && <p>{of.last ? t("ph_gap", { date: fullDate(of.last) }) : t("ph_first")}</p>}
      <p>{nextOf(of)}</p>
      <p class="muted">
        <Emergency />
      </p>
      <Goals />
      {row.tips.length > 0 && <Tips all={row.tips} />}
    </section>
  );
}
