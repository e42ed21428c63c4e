// The outline of a campaign or journey: a tree that the keyboard walks and changes, the chosen step beside it, and a
// drawing that is a view of the same. The server reads it while it is written; what it finds wrong stands at the step.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Wrong } from "../kit/act";
import { errorText } from "../kit/basics";
import { type ApiError, post } from "../lib/api";
import { type Key, number, t, wordOf } from "../lib/i18n";
import { Drawing } from "./drawing";
import {
  type Action,
  type At,
  added,
  type Changed,
  indented,
  isPath,
  kindOf,
  moved,
  outdented,
  type Plan,
  pathAdded,
  placeOf,
  put,
  remove,
  rowsOf,
  same,
  tidy,
} from "./plan";
import { StepForm } from "./step";

export interface Fault {
  at: string;
  text: string;
}
const SETTLE_MS = 350;

interface Row {
  at: At;
  a: Action;
}
export const kindWord = (kind: string): string => wordOf("cp_k_", kind);

export function nameOf({ a, at }: Row): string {
  const title = a.title || a.id || "";
  return isPath(a) ? `${at.at(-1)! + 1} ${title}` : title;
}

function useFaults(plan: Plan, on: boolean): { faults: Fault[]; wrong: string } {
  const [state, setState] = useState<{ faults: Fault[]; wrong: string }>({ faults: [], wrong: "" });
  const text = on ? JSON.stringify(tidy(plan)) : "";
  useEffect(() => {
    if (!text) return;
    let live = true;
    const timer = setTimeout(async () => {
      try {
        const { faults } = await post<{ faults: Fault[] }>("/campaign-check", JSON.parse(text));
        if (live) setState({ faults, wrong: "" });
      } catch (e) {
        if (live) setState((s) => ({ ...s, wrong: errorText(e as ApiError) }));
      }
    }, SETTLE_MS);
    return () => {
      live = false;
      clearTimeout(timer);
    };
  }, [text]);
  return state;
}

/** What the keyboard and the buttons do with the chosen row; the same names for both. */
const ACTS: { word: Key; keys: string; run: (p: Plan, at: At) => Changed | null }[] = [
  { word: "cp_add", keys: "Insert", run: added },
  { word: "cp_add_path", keys: "Shift+Insert", run: pathAdded },
  { word: "cp_earlier", keys: "Shift+ArrowUp", run: (p, at) => moved(p, at, -1) },
  { word: "cp_later", keys: "Shift+ArrowDown", run: (p, at) => moved(p, at, 1) },
  { word: "cp_indent", keys: "Shift+ArrowRight", run: indented },
  { word: "cp_outdent", keys: "Shift+ArrowLeft", run: outdented },
  { word: "cp_remove", keys: "Delete", run: removed },
];
function removed(p: Plan, at: At): Changed | null {
  const rows = rowsOf(p);
  const i = rows.findIndex((r) => same(r.at, at));
  const next = rows[i - 1] ?? rows[i + 1];
  return next ? { plan: remove(p, at), at: rows[i - 1] ? next.at : at } : null;
}

/** In Arabic the tree opens to the other side. */
function keyOf(e: KeyboardEvent): string {
  const turned = document.documentElement.dir === "rtl";
  const key = turned
    ? ({ ArrowLeft: "ArrowRight", ArrowRight: "ArrowLeft" }[e.key] ?? e.key)
    : e.key;
  return e.shiftKey ? `Shift+${key}` : key;
}

interface TreeProps {
  rows: Row[];
  chosen: At;
  faults: Fault[];
  pick: (at: At) => void;
  act: (keys: string) => boolean;
}
function Tree({ rows, chosen, faults, pick, act }: TreeProps) {
  const box = useRef<HTMLDivElement>(null);
  const walked = useRef(false);
  const here = rows.findIndex((r) => same(r.at, chosen));
  // With the rows as they now stand: an effect after the paint would find the next key's mark and the last row.
  useLayoutEffect(() => {
    if (!walked.current) return;
    walked.current = false;
    box.current?.querySelector<HTMLElement>('[aria-selected="true"]')?.focus();
  });
  const to = (i: number): void => {
    if (rows[i]) pick(rows[i].at);
  };
  const onKey = (e: KeyboardEvent): void => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const key = keyOf(e);
    const at = rows[here]?.at ?? [];
    const above = rows.findLastIndex((r, i) => i < here && r.at.length < at.length);
    const below = (rows[here + 1]?.at.length ?? 0) > at.length ? here + 1 : -1;
    const go: Record<string, number> = {
      ArrowDown: here + 1,
      ArrowUp: here - 1,
      Home: 0,
      End: rows.length - 1,
      ArrowLeft: above,
      ArrowRight: below,
    };
    if (key === "Enter") document.getElementById("cp-title")?.focus();
    else if (key in go) to(go[key]!);
    else if (!act(key)) return;
    walked.current = key !== "Enter";
    e.preventDefault();
    e.stopPropagation();
  };
  return (
    <div ref={box} role="tree" aria-label={t("cp_outline")} class="cp-tree">
      {rows.map(({ at, a }, i) => {
        const bad = faults.some((f) => same(placeOf(f.at), at));
        const on = i === here;
        return (
          <div
            key={at.join()}
            role="treeitem"
            tabIndex={on ? 0 : -1}
            aria-selected={on}
            aria-level={at.length}
            aria-expanded={a.action?.length ? true : undefined}
            class={`cp-row cp-in-${Math.min(at.length, 6)}${bad ? " bad" : ""}`}
            onKeyDown={onKey}
            onFocus={() => pick(at)}
          >
            <span class="cp-kind">{kindWord(kindOf(a))}</span>
            <bdi>{nameOf({ a, at })}</bdi>
            {bad && <strong class="cp-bad">{t("cp_to_mend")}</strong>}
          </div>
        );
      })}
    </div>
  );
}

function Faults({ faults, rows, pick }: { faults: Fault[]; rows: Row[]; pick: (at: At) => void }) {
  if (!faults.length) return <p class="muted">{t("cp_sound")}</p>;
  return (
    <>
      <p>
        <strong>{t("cp_faults", { n: number(faults.length) })}</strong>
      </p>
      <ul class="plain">
        {faults.map((f) => {
          const row = rows.find((r) => same(r.at, placeOf(f.at)));
          return (
            <li key={f.at + f.text}>
              {row ? (
                <button type="button" class="btn quiet" onClick={() => pick(row.at)}>
                  <bdi>{f.text}</bdi>
                </button>
              ) : (
                <bdi>{f.text}</bdi>
              )}
            </li>
          );
        })}
      </ul>
    </>
  );
}

/** Without `set` the outline is read only. */
export function Outline({ plan, set }: { plan: Plan; set?: (p: Plan) => void }) {
  const rows = rowsOf(plan);
  const [picked, setPicked] = useState<At>([]);
  const { faults, wrong } = useFaults(plan, !!set);
  const chosen = rows.find((r) => same(r.at, picked)) ?? rows[0];
  const at = chosen?.at ?? [];
  const change = (made: Changed | null): void => {
    if (!made) return;
    set?.(made.plan);
    setPicked(made.at);
  };
  const act = (keys: string): boolean => {
    const found = ACTS.find((x) => x.keys === keys);
    if (found && set && chosen) change(found.run(plan, at));
    return !!found && !!set;
  };
  return (
    <section aria-label={t("cp_outline")} class="card block">
      <h2>{t("cp_outline")}</h2>
      <Drawing plan={plan} chosen={at} />
      {set && (
        <>
          <p class="hint">{t("cp_keys")}</p>
          <fieldset class="acts cp-when">
            <legend class="out-of-sight">{t("cp_change")}</legend>
            {ACTS.map((x) => (
              <button
                key={x.word}
                type="button"
                class="btn small"
                aria-keyshortcuts={x.keys}
                disabled={!chosen ? x.word !== "cp_add" : !x.run(plan, at)}
                onClick={() => change(chosen ? x.run(plan, at) : added(plan, null))}
              >
                {t(x.word)}
              </button>
            ))}
          </fieldset>
        </>
      )}
      <div class="cp-two">
        <Tree rows={rows} chosen={at} faults={faults} pick={setPicked} act={act} />
        {chosen && (
          <StepForm
            key={at.join()}
            step={chosen.a}
            faults={faults.filter((f) => same(placeOf(f.at), at))}
            set={set && ((a) => set(put(plan, at, a)))}
          />
        )}
      </div>
      {set && (
        <div role="status">
          <Faults faults={faults} rows={rows} pick={setPicked} />
        </div>
      )}
      <Wrong text={wrong} />
    </section>
  );
}
