// What came of a campaign: reach, the difference to those left out with its interval, and harm beside it, by
// language and age. Groups under 30 are not told.
import { Failed, Skeleton } from "../kit/basics";
import { get } from "../lib/api";
import { LANGS, type Lang, number, t } from "../lib/i18n";
import { useLoad } from "../lib/load";

interface Row {
  code?: string;
  few?: boolean;
  people?: number;
  contacted?: number;
  answered?: number;
  /** left, for they had it; of a few it is not told */
  done?: number;
  optOuts?: number;
  complaints?: number;
  calls?: number;
}
interface Told extends Row {
  heldOut: number;
  uplift: { few?: boolean; difference?: number; low?: number; high?: number; method?: string };
  by: { language: Row[]; age: Row[] };
}

const points = (v: number): string => number(v * 100, 1);

function Uplift({ of }: { of: Told["uplift"] }) {
  if (of.few || of.low === undefined || of.high === undefined) return <p>{t("cp_few")}</p>;
  const ends = { low: points(of.low), high: points(of.high) };
  return (
    <p>
      {of.difference === undefined
        ? t("cp_uplift_tens", ends)
        : t("cp_uplift", { d: points(of.difference), ...ends })}{" "}
      <span class="muted">{of.method}</span>
    </p>
  );
}

const COLUMNS = [
  "people",
  "contacted",
  "answered",
  "done",
  "optOuts",
  "complaints",
  "calls",
] as const;
type Column = (typeof COLUMNS)[number];

function Line({ name, row, columns }: { name: string; row: Row; columns: readonly Column[] }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      {row.few ? (
        <td colSpan={columns.length}>{t("cp_few")}</td>
      ) : (
        columns.map((c) => (
          <td key={c} class="tabular">
            {c === "done" && row.done === undefined ? "–" : number(row[c] ?? 0)}
          </td>
        ))
      )}
    </tr>
  );
}

const groupName = (code: string): string =>
  LANGS[code as Lang]?.name ?? (code === "unknown" ? t("xp_g_unknown") : code);

export function Report({ id }: { id: string }) {
  const r = useLoad<Told>(`campaign-report/${id}`, () => get(`/campaigns/${id}/report`));
  if (r.error) return <Failed error={r.error} />;
  if (!r.data) return <Skeleton lines={4} />;
  const rows = [r.data, ...r.data.by.language, ...r.data.by.age];
  const ends = rows.some((row) => row.done !== undefined); // else nothing in the record ends it
  const columns = COLUMNS.filter((c) => c !== "done" || ends);
  return (
    <section aria-label={t("cp_report")} class="card block">
      <h2>{t("cp_report")}</h2>
      <Uplift of={r.data.uplift} />
      <table class="grid">
        <thead>
          <tr>
            <th scope="col">{t("cp_group")}</th>
            {columns.map((c) => (
              <th key={c} scope="col">
                {t(`cp_c_${c}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Line name={t("cp_all")} row={r.data} columns={columns} />
          {(["language", "age"] as const).flatMap((kind) =>
            r.data!.by[kind].map((g) => (
              <Line key={kind + g.code} name={groupName(g.code ?? "")} row={g} columns={columns} />
            )),
          )}
        </tbody>
      </table>
      {!!r.data.done && <p>{t("cp_had", { n: r.data.done })}</p>}
      <p class="muted">{t("cp_held", { n: r.data.heldOut })}</p>
    </section>
  );
}
