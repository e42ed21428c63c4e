// What someone is writing is never lost: each keystroke is kept a tab, under a key that says what it
// belongs to. Signing out by choice wipes it; an expired session does not.
const KEY = "weft.draft.";

export function draft(key: string): string {
  return sessionStorage.getItem(KEY + key) ?? "";
}
export function keepDraft(key: string, text: string): void {
  if (text) sessionStorage.setItem(KEY + key, text);
  else sessionStorage.removeItem(KEY + key);
}
export function wipeDrafts(): void {
  for (const k of Object.keys(sessionStorage)) if (k.startsWith(KEY)) sessionStorage.removeItem(k);
}
