// Signing out by choice: the server forgets the token, the tab forgets everything it read or wrote.
import { call } from "../lib/api";
import { wipeDrafts } from "../lib/drafts";
import { stopLive } from "../lib/live";
import { end } from "../lib/session";

export async function leave(): Promise<void> {
  try {
    await call("POST", "/auth/sign-out", {});
  } catch {
    /* the token may be gone already; leaving must still work */
  }
  stopLive();
  wipeDrafts();
  end("");
}
