// Is somebody there? The server ends a session that nobody uses. What the page fetches by itself does
// not count as use, so requests say when no hand has touched the page for a while; and somebody who
// only types is made known to the server now and then. Invariant: a page left alone keeps no session.
import { signal } from "@preact/signals";

const QUIET_MS = 60_000;
let touched = Date.now();
/** When the server last heard of a hand, as far as this tab knows. */
export const heardOf = signal(Date.now());

export function isQuiet(now = Date.now()): boolean {
  return now - touched > QUIET_MS;
}
export function touch(now = Date.now()): void {
  touched = now;
}
/** Headers of a request; notes that the server hears of us by it. */
export function idleHeaders(): Record<string, string> {
  if (isQuiet()) return { "x-weft-idle": "1" };
  heardOf.value = Date.now();
  return {};
}
/** Typing alone makes no request: time to tell the server? */
export function isTold(now = Date.now()): boolean {
  return isQuiet(now) || now - heardOf.peek() < QUIET_MS;
}
export function watchHands(): void {
  for (const what of ["pointerdown", "keydown", "wheel", "touchstart"])
    addEventListener(what, () => touch(), { capture: true, passive: true });
}
