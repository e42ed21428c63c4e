// NEWS2 of who is watched by it: its seven parts with their points, what is missing, the scale. A partial score is never
// shown as a whole one: it says "at least".
import { Heads } from "../kit/basics";
import { get } from "../lib/api";
import { dayTime, type Key, lang, number, t, unitWord } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { useNow } from "./worklist";

interface Part {
  metric: string;
  display: string;
  translation?: Record<string, string>;
  unit: string;
  value?: number;
  at?: string;
  points?: number;
}
interface News2 {
  asked: boolean;
  hours: number;
  scale: number;
  measured: number;
  whole: boolean;
  total?: number;
  red?: boolean;
  risk?: "low" | "low-medium" | "medium" | "high";
  parts: Part[];
}

export function totalText(n: News2): string {
  if (n.total === undefined) return "–";
  return t(n.whole ? "ns_whole" : "ns_part", { n: n.total });
}
export function heardText(n: News2): string {
  const all = { n: number(n.measured), all: number(n.parts.length), h: number(n.hours) };
  if (n.measured === 0) return t("ns_none", all);
  return t(n.whole ? "ns_all" : "ns_of", all);
}
/** Alertness has no number, and no oxygen is air. */
export function valueText(p: Part): string {
  if (p.value === undefined) return t("ns_missing");
  if (p.metric === "consciousness") return t(p.value === 0 ? "ns_alert" : "ns_not_alert");
  if (p.metric === "oxygen_flow" && p.value === 0) return t("ns_air");
  return `${number(p.value, p.metric === "temperature" ? 1 : 0)} ${unitWord(p.unit)}`;
}

function Row({ part, now }: { part: Part; now: number }) {
  return (
    <tr>
      <th scope="row">{part.translation?.[lang.value] ?? part.display}</th>
      <td class={part.value === undefined ? "strong" : "tabular"}>{valueText(part)}</td>
      <td class="muted">{part.at ? dayTime(part.at, now) : ""}</td>
      <td class={part.points === 3 ? "tabular strong" : "tabular"}>
        {part.points !== undefined
          ? number(part.points)
          : part.value === undefined
            ? "–"
            : t("ns_unscored")}
      </td>
    </tr>
  );
}

export function EarlyWarning({ id }: { id: string }) {
  const now = useNow(60_000);
  const score = useLoad<News2>(`Observation,CarePlan|${id}|news2`, () =>
    get<News2>(`/fhir/Patient/${id}/$news2`),
  ).data;
  if (!score?.asked) return null;
  return (
    <section class="card facts-list" aria-label={t("ns_title")}>
      <h2>{t("ns_title")}</h2>
      <p>
        <strong class="big">{totalText(score)}</strong>{" "}
        <span class="muted">{t("ns_scale", { n: number(score.scale) })}</span>
      </p>
      <p class={score.whole ? "muted" : "strong"}>{heardText(score)}</p>
      {score.risk && (score.whole || score.risk !== "low") && (
        <p class="strong">{t(`ns_risk_${score.risk}` as Key)}</p>
      )}
      <table class="grid">
        <Heads of={[t("ns_name"), t("ns_value"), t("ns_when"), t("ns_points")]} />
        <tbody>
          {score.parts.map((p) => (
            <Row key={p.metric} part={p} now={now} />
          ))}
        </tbody>
      </table>
    </section>
  );
}
