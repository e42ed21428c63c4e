// The outline as a picture: its steps from left to right as time goes, below each its answers and what they lead to.
// A view beside the outline, never the only place where something stands.
import { span, t } from "../lib/i18n";
import { kindWord, nameOf } from "./outline";
import {
  type Action,
  type At,
  extOf,
  isPath,
  kindOf,
  type Plan,
  rowsOf,
  same,
  whenOf,
} from "./plan";

const WIDE = 176;
const HIGH = 40;
const GAP = 12;
const IN = 14;
const TOP = 22;
const LETTERS = 24;
const MS: Record<string, number> = { min: 60_000, h: 3_600_000, d: 86_400_000, wk: 604_800_000 };

interface Node {
  at: At;
  a: Action;
  x: number;
  y: number;
  head: string;
}
/** A column for each step of the plan; what is inside it below, in the order it is read. */
function layout(plan: Plan): { nodes: Node[]; wide: number; high: number } {
  const nodes: Node[] = [];
  let x = 0;
  let high = 0;
  const rows = rowsOf(plan);
  for (const first of new Set(rows.map((r) => r.at[0]))) {
    const column = rows.filter((r) => r.at[0] === first);
    const top = column[0]!.at.length;
    const deep = Math.max(...column.map((r) => r.at.length)) - top;
    for (const [i, r] of column.entries()) {
      const head = i > 0 ? "" : top > 1 ? t("cp_after_silence") : whenWord(r.a);
      nodes.push({ ...r, head, x: x + (r.at.length - top) * IN, y: TOP + i * (HIGH + GAP) });
    }
    high = Math.max(high, TOP + column.length * (HIGH + GAP));
    x += WIDE + deep * IN + 2 * GAP;
  }
  return { nodes, wide: Math.max(x, WIDE), high };
}

/** What somebody wrote keeps its own direction beside our words. */
const apart = (text: string): string => `\u2068${text}\u2069`;
const cut = (text: string): string =>
  text.length > LETTERS ? `${text.slice(0, LETTERS - 1)}…` : text;

/** When a step comes: so long after or before the start, or after the step before it. */
function whenWord(a: Action): string {
  const w = whenOf(a);
  const time = extOf(a, "at")?.valueTime?.slice(0, 5) ?? "";
  const long = w.value ? span(w.value * (MS[w.code] ?? 0)) : "";
  return [long && `${w.from === "before" ? "−" : "+"} ${long}`, time].filter(Boolean).join(" · ");
}

function Box({ n, on }: { n: Node; on: boolean }) {
  const kind = kindOf(n.a);
  const round = kind === "ask" ? HIGH / 2 : kind === "path" ? 0 : 6;
  return (
    <g class={`cp-box k-${kind}${on ? " on" : ""}`}>
      {n.head && (
        <text x={n.x + 8} y={n.y - 7} class="cp-time">
          {n.head}
        </text>
      )}
      <rect x={n.x + 1} y={n.y} width={WIDE - 2} height={HIGH} rx={round} />
      <text x={n.x + 14} y={n.y + 16} class="cp-time">
        {kindWord(kind)}
      </text>
      <text x={n.x + 14} y={n.y + 32}>
        {apart(cut(nameOf(n)))}
      </text>
    </g>
  );
}

/** From each step to the one after it, and from each question down to its answers. */
function Line({ n, nodes }: { n: Node; nodes: Node[] }) {
  const above = nodes.find((m) => same(m.at, n.at.slice(0, -1)));
  if (above)
    return (
      <path d={`M${above.x + 6} ${above.y + HIGH}V${n.y + HIGH / 2}H${n.x}`} class="cp-line" />
    );
  const before = nodes.findLast((m) => m.at.length === 1 && n.at.length === 1 && m.x < n.x);
  return before ? (
    <path d={`M${before.x + WIDE - 1} ${n.y + HIGH / 2}H${n.x}`} class="cp-line" />
  ) : null;
}

export function Drawing({ plan, chosen }: { plan: Plan; chosen: At }) {
  const { nodes, wide, high } = layout(plan);
  const roots = nodes.filter((n) => !isPath(n.a) && n.at.length === 1);
  const told = roots.map((n) => `${kindWord(kindOf(n.a))}: ${apart(nameOf(n))}`).join("; ");
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <figure class="cp-scroll" tabIndex={0} aria-label={t("cp_drawing")} dir="ltr">
      <svg
        role="img"
        aria-label={`${t("cp_drawing")}. ${told}`}
        width={wide}
        height={high}
        viewBox={`0 0 ${wide} ${high}`}
      >
        {nodes.map((n) => (
          <Line key={n.at.join()} n={n} nodes={nodes} />
        ))}
        {nodes.map((n) => (
          <Box key={n.at.join()} n={n} on={same(n.at, chosen)} />
        ))}
      </svg>
    </figure>
  );
}
