// Who is signed in. The token lives in sessionStorage: it ends with the tab and is never put into an
// address. When the server says 401 the session ends with a reason, and whatever was being written
// stays in drafts (drafts.ts), so signing in again brings the work back.
import { signal } from "@preact/signals";

export interface Session {
  token: string;
  expires: string;
  user: string;
  name: string;
  role: string;
  language?: string;
  reference?: string;
  patient?: string;
}

const KEY = "weft.session";

function read(): Session | null {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "null") as Session | null;
  } catch {
    return null;
  }
}

export const session = signal<Session | null>(read());
/** Why the last session ended: "" (never, or by choice) or "expired". */
export const endReason = signal<"" | "expired">("");

export function begin(s: Session): void {
  sessionStorage.setItem(KEY, JSON.stringify(s));
  endReason.value = "";
  session.value = s;
}

export function end(reason: "" | "expired"): void {
  sessionStorage.removeItem(KEY);
  endReason.value = reason;
  session.value = null;
}
