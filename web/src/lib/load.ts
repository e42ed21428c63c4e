// Server state: one entry a key, shared by every component that asks for it, fetched again when a
// live change names its type and patient. A key is "Type,Type|patient or *|rest". Old data stays on
// screen while new data loads, so nothing flickers.
import { type Signal, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { ApiError } from "./api";

export interface Loaded<T> {
  data?: T;
  error?: ApiError;
  loading: boolean;
  at: number;
}
interface Entry {
  types: string[];
  patient: string;
  state: Signal<Loaded<unknown>>;
  run: () => Promise<unknown>;
  users: number;
  timer?: ReturnType<typeof setTimeout>;
  turn: number;
  asked: number;
}

const entries = new Map<string, Entry>();
const SETTLE_MS = 120;

async function fetchEntry(e: Entry): Promise<void> {
  const turn = ++e.turn;
  e.asked = Date.now();
  e.state.value = { ...e.state.peek(), loading: true };
  try {
    const data = await e.run();
    if (turn === e.turn) e.state.value = { data, loading: false, at: Date.now() };
  } catch (error) {
    // What may not be seen any more leaves the screen; after other failures the old data stays.
    const gone = [403, 404, 410].includes((error as ApiError).status);
    if (turn === e.turn)
      e.state.value = {
        ...(gone ? {} : e.state.peek()),
        error: error as ApiError,
        loading: false,
        at: Date.now(),
      };
  }
}

function entryFor(key: string, run: () => Promise<unknown>): Entry {
  let e = entries.get(key);
  if (!e) {
    const [types = "", patient = "*"] = key.split("|");
    e = {
      types: types.split(","),
      patient,
      state: signal<Loaded<unknown>>({ loading: true, at: 0 }),
      run,
      users: 0,
      turn: 0,
      asked: 0,
    };
    entries.set(key, e);
  }
  e.run = run;
  return e;
}

/** Loads once a key; null key loads nothing. Re-renders when the data or its state changes. */
export function useLoad<T>(key: string | null, run: () => Promise<T>): Loaded<T> {
  const entry = key === null ? null : entryFor(key, run);
  useEffect(() => {
    if (!entry) return;
    entry.users++;
    const age = Date.now() - entry.state.peek().at;
    if (age > 2000) void fetchEntry(entry);
    return () => {
      entry.users--;
    };
  }, [entry]);
  return (entry ? entry.state.value : { loading: false, at: 0 }) as Loaded<T>;
}

function touches(e: Entry, type: string, patient: string | undefined): boolean {
  if (!e.types.includes(type)) return false;
  return e.patient === "*" || !patient || e.patient === patient;
}

/** A resource changed (here or elsewhere): entries in use are fetched again, at once and then at most every SETTLE_MS;
 * others are forgotten. */
export function changed(type: string, patient?: string): void {
  for (const [key, e] of entries) {
    if (!touches(e, type, patient)) continue;
    if (e.users === 0) {
      entries.delete(key);
      continue;
    }
    if (e.timer !== undefined) continue; // on its way; later changes never put it off
    const fetchSoon = (): void => {
      e.timer = undefined;
      void fetchEntry(e);
    };
    e.timer = setTimeout(fetchSoon, Math.max(0, e.asked + SETTLE_MS - Date.now()));
  }
}

/** Fetch one key again now (the retry button). */
export function again(key: string): void {
  const e = entries.get(key);
  if (e) void fetchEntry(e);
}

/** Everything is fetched anew: after a gap in the live stream. */
export function changedAll(): void {
  for (const [key, e] of entries) {
    if (e.users === 0) entries.delete(key);
    else void fetchEntry(e);
  }
}

/** The patients whose data is on screen now. */
export function patientsShown(): string[] {
  const used = [...entries.values()].filter((e) => e.users > 0 && e.patient !== "*");
  return [...new Set(used.map((e) => e.patient))];
}

/** Sign-out forgets all that was read. */
export function forget(): void {
  for (const e of entries.values()) clearTimeout(e.timer);
  entries.clear();
}
