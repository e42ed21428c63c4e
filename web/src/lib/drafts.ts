// What someone is writing is never lost: each keystroke is kept a tab, under a key that says whose it is
// and what it belongs to. Signing out by choice wipes it; an expired session does not, and the next
// person to sign in in the same tab does not see it.
import { session } from "./session";

const KEY = "weft.draft.";
let writer = session.value?.user ?? "";

/** The session may end while somebody writes: what they wrote is still theirs. */
function place(key: string): string {
  writer = session.value?.user ?? writer;
  return `${KEY}${writer}/${key}`;
}

export function draft(key: string): string {
  return sessionStorage.getItem(place(key)) ?? "";
}
export function keepDraft(key: string, text: string): void {
  if (text) sessionStorage.setItem(place(key), text);
  else sessionStorage.removeItem(place(key));
}
export function wipeDrafts(): void {
  for (const k of Object.keys(sessionStorage)) if (k.startsWith(KEY)) sessionStorage.removeItem(k);
}
