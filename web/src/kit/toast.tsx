// Results and undo. One polite live region for results, one assertive for critical news only. An undo
// stays for its whole window; Ctrl+Z reaches the newest one from anywhere.
import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { t } from "../lib/i18n";
import { useCommands } from "../lib/keys";
import { Keys } from "./basics";

interface Toast {
  id: number;
  text: string;
  until: number;
  undo?: () => void;
}
const toasts = signal<Toast[]>([]);
const polite = signal("");
const urgent = signal("");
let next = 1;

function drop(id: number): void {
  toasts.value = toasts.value.filter((x) => x.id !== id);
}

/** Says what happened; with undo it offers to take it back for `ms`. */
export function tell(text: string, undo?: () => void, ms = undo ? 10_000 : 5000): void {
  const id = next++;
  toasts.value = [...toasts.value, { id, text, until: Date.now() + ms, undo }];
  polite.value = text;
  setTimeout(() => drop(id), ms);
}
export const say = (text: string): void => {
  polite.value = text;
};
export const sayNow = (text: string): void => {
  urgent.value = text;
};

function undoNewest(): void {
  const last = toasts.value.findLast((x) => x.undo);
  if (!last) return;
  drop(last.id);
  last.undo?.();
}

function Countdown({ until }: { until: number }) {
  const [left, setLeft] = useState(Math.ceil((until - Date.now()) / 1000));
  useEffect(() => {
    const timer = setInterval(
      () => setLeft(Math.max(0, Math.ceil((until - Date.now()) / 1000))),
      250,
    );
    return () => clearInterval(timer);
  }, [until]);
  return (
    <span class="tabular" aria-hidden="true">
      {left}
    </span>
  );
}

export function Toasts() {
  useCommands([{ id: "undo", keys: "mod+z", label: t("undo_last"), run: undoNewest }]);
  return (
    <>
      <div class="out-of-sight" aria-live="polite">
        {polite.value}
      </div>
      <div class="out-of-sight" aria-live="assertive">
        {urgent.value}
      </div>
      <section class="toasts no-print" aria-label={t("notices")}>
        {toasts.value.map((x) => (
          <div key={x.id} class="toast">
            <span dir="auto">{x.text}</span>
            {x.undo && (
              <button
                type="button"
                class="btn small"
                onClick={() => {
                  drop(x.id);
                  x.undo?.();
                }}
              >
                {t("undo")} <Countdown until={x.until} />
                {x === toasts.value.findLast((y) => y.undo) && <Keys keys="mod+z" />}
              </button>
            )}
          </div>
        ))}
      </section>
    </>
  );
}
