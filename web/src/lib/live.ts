// The live stream: Server-Sent Events over fetch, since EventSource cannot carry the page's proof.
// Resumes after the last id it has seen, at first from where the page's first answers were read (feed.ts); when the
// server cannot resume (or the gap is unknown), all shown data is fetched anew. `heard` is the time of the last byte: lists show it as "as of", and a
// silence of a minute turns into a warning.
import { signal } from "@preact/signals";
import { authHeaders } from "./api";
import { beginning, begun } from "./feed";
import { changed, changedAll } from "./load";
import { end, session } from "./session";

export interface Change {
  type: string;
  id: string;
  vid?: string;
  patient?: string;
}
export const heard = signal(0);
export const connected = signal(false);

let lastId = "";
let stop: AbortController | null = null;
const RETRY_MS = [500, 1000, 2000, 5000];
/** A page that reads nothing listens, too. */
const FIRST_MS = 2000;
const after = (ms: number): Promise<void> => new Promise((r) => setTimeout(r, ms));

/** Splits a stream of text into SSE frames; feed() may be given any cut of the bytes. */
export function frames(onFrame: (f: { id?: string; event: string; data: string }) => void) {
  let rest = "";
  return (text: string): void => {
    rest += text.replaceAll("\r\n", "\n");
    for (;;) {
      const cut = rest.indexOf("\n\n");
      if (cut < 0) return;
      const frame = rest.slice(0, cut);
      rest = rest.slice(cut + 2);
      const data: string[] = [];
      let id: string | undefined;
      let event = "message";
      for (const line of frame.split("\n")) {
        const colon = line.indexOf(":");
        if (colon === 0 || colon < 0) continue;
        const value = line.slice(colon + 1).replace(/^ /, "");
        const field = line.slice(0, colon);
        if (field === "data") data.push(value);
        else if (field === "id") id = value;
        else if (field === "event") event = value;
      }
      if (data.length) onFrame({ id, event, data: data.join("\n") });
    }
  };
}

function onChange(f: { id?: string; event: string; data: string }): void {
  if (f.id) lastId = f.id;
  const old = ["hello", "reset"].includes(f.event) && begun(lastId);
  if (f.event === "reset" || old) changedAll();
  if (f.event === "signed-out") end("expired");
  if (f.event !== "change") return;
  try {
    const c = JSON.parse(f.data) as Change;
    changed(c.type, c.patient?.replace(/^Patient\//, ""));
  } catch {
    /* a frame we do not know is skipped */
  }
}

async function listen(signalStop: AbortSignal): Promise<void> {
  lastId ||= await beginning(after(FIRST_MS));
  const headers: Record<string, string> = { accept: "text/event-stream", ...authHeaders() };
  if (lastId) headers["last-event-id"] = lastId;
  const res = await fetch("/events", { headers, signal: signalStop });
  if (!res.ok || !res.body) throw new Error(String(res.status));
  connected.value = true;
  heard.value = Date.now();
  const feed = frames(onChange);
  const reader = res.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    heard.value = Date.now();
    feed(value);
  }
}

export async function startLive(): Promise<void> {
  stop?.abort();
  const mine = new AbortController();
  stop = mine;
  for (let tries = 0; !mine.signal.aborted && session.value; tries++) {
    try {
      await listen(mine.signal);
      tries = 0;
    } catch {
      /* said by connected=false and the age of `heard` */
    }
    if (mine.signal.aborted) return;
    connected.value = false;
    await after(RETRY_MS[Math.min(tries, RETRY_MS.length - 1)]!);
  }
}

export function stopLive(): void {
  stop?.abort();
  stop = null;
  connected.value = false;
}
