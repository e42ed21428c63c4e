// Who is signed in. The session itself is a cookie that no script can read; what is kept here, a tab,
// is who it is and the proof that every request shows. Another tab that signs out ends this one too.
// When the server says 401 the session ends with a reason, and whatever was being written stays in
// drafts (drafts.ts), so signing in again brings the work back. Invariant: what was read for one person
// is out of memory, and no question to them is open, before the next one signs in.
import { signal } from "@preact/signals";
import { forget } from "./load";
import { askNobody } from "./stepup";

export interface Session {
  csrf?: string;
  expires?: string;
  /** Seconds without use after which the session ends. */
  rest?: number;
  /** Training or agreements are missing: no patient data yet. */
  untrained?: boolean;
  /** Messages go to the built-in screen: a demonstration. */
  screen?: boolean;
  /** The password would not be taken today. */
  renew?: boolean;
  user: string;
  name: string;
  role: string;
  language?: string;
  reference?: string;
  patient?: string;
}

const KEY = "weft.session";
const MARK = "weft.signed-in";

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
  localStorage.setItem(MARK, s.user);
  endReason.value = "";
  session.value = s;
}

function clear(): void {
  session.value = null;
  forget();
  askNobody();
}

export function end(reason: "" | "expired"): void {
  sessionStorage.removeItem(KEY);
  localStorage.removeItem(MARK);
  endReason.value = reason;
  clear();
}

/** Somebody signs in elsewhere and comes back here with a cookie. */
export function expectSession(): void {
  localStorage.setItem(MARK, "?");
}

/** A new tab finds the browser's session, if there is one. */
export async function resume(): Promise<void> {
  if (session.value || !localStorage.getItem(MARK)) return;
  try {
    const res = await fetch("/auth/me", { headers: { accept: "application/json" } });
    if (res.ok) begin((await res.json()) as Session);
    else localStorage.removeItem(MARK);
  } catch {
    /* offline: the sign-in page says so when it is used */
  }
}

/** Signing out, or in as somebody else, in another tab. */
export function watchOtherTabs(): void {
  addEventListener("storage", (e) => {
    if (e.key === MARK && session.value && e.newValue !== session.value.user) {
      sessionStorage.removeItem(KEY);
      endReason.value = "expired";
      clear();
    }
  });
}
