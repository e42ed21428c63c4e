// One door to the server. Every answer that is not 2xx becomes an ApiError that keeps the status, the
// issues of the OperationOutcome and the request id; a 401 ends the session. Never retries a write, but a file's next piece,
// which says where it belongs; what only reads is asked once more when it may be old (feed.ts).
import { isStale, readOf } from "./feed";
import type { Bundle, OperationOutcome, OutcomeIssue, Resource } from "./fhir";
import { lang } from "./i18n";
import { idleHeaders } from "./idle";
import { end, session } from "./session";
import { askWho } from "./stepup";

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly issues: OutcomeIssue[],
    readonly requestId: string,
    /** The language of the issues: the reader's, or English where the server has no other words. */
    readonly language = "en",
  ) {
    super(issues.map(issueText).filter(Boolean).join(" ") || `HTTP ${status}`);
  }
}

export function issueText(i: OutcomeIssue): string {
  return i.diagnostics ?? i.details?.coding?.[0]?.display ?? i.details?.text ?? "";
}

async function failure(res: Response): Promise<ApiError> {
  let issues: OutcomeIssue[] = [];
  try {
    issues = ((await res.json()) as OperationOutcome).issue ?? [];
  } catch {
    /* not JSON: the status alone must do */
  }
  return new ApiError(
    res.status,
    issues,
    res.headers.get("x-request-id") ?? "",
    res.headers.get("content-language") ?? "en",
  );
}

export function authHeaders(): Record<string, string> {
  const s = session.value;
  return s?.csrf ? { "x-weft-csrf": s.csrf, ...idleHeaders() } : {};
}

/** What the screen is for; an app that does not say leaves it to the role. */
let purpose: () => string = () => "";
export function sayPurpose(of: () => string): void {
  purpose = of;
}

const wantsStepUp = (e: ApiError): boolean =>
  e.status === 403 && e.issues.some((i) => i.expression?.includes("step-up"));

interface Sent {
  headers: Record<string, string>;
  body: BodyInit;
}

const asJson = (path: string, body: unknown): Sent => ({
  headers: {
    "content-type": path.startsWith("/fhir") ? "application/fhir+json" : "application/json",
  },
  body: JSON.stringify(body),
});

export const call = <T>(method: string, path: string, body?: unknown): Promise<T> =>
  send<T>(method, path, body === undefined ? undefined : asJson(path, body));

/** `reads`: it changes nothing of what it asks, so that it may be asked once more. */
async function send<T>(
  method: string,
  path: string,
  sent?: Sent,
  reads = method === "GET",
): Promise<T> {
  try {
    return await once<T>(method, path, sent, reads);
  } catch (e) {
    if (e instanceof ApiError && wantsStepUp(e) && (await askWho()))
      return once<T>(method, path, sent, reads);
    throw e;
  }
}

async function once<T>(
  method: string,
  path: string,
  sent: Sent | undefined,
  reads: boolean,
): Promise<T> {
  const headers: Record<string, string> = {
    accept: "application/fhir+json, application/json",
    "accept-language": lang.value,
    ...authHeaders(),
    ...sent?.headers,
  };
  if (session.value && purpose()) headers["x-purpose-of-use"] = purpose();
  const ask = (): Promise<Response> => fetch(path, { method, headers, body: sent?.body });
  let res: Response;
  try {
    res = reads ? await readOf(ask) : await ask();
    if (!reads) isStale(res); // only says where the record was
  } catch {
    throw new ApiError(0, [], "");
  }
  // A wrong code in answer to "who is there?" is no ended session.
  if (res.status === 401 && session.value && !path.startsWith("/auth/step-up")) {
    end("expired");
    throw await failure(res);
  }
  if (!res.ok) throw await failure(res);
  const text = await res.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

export const get = <T>(path: string): Promise<T> => call<T>("GET", path);
export const post = <T>(path: string, body: unknown): Promise<T> => call<T>("POST", path, body);
/** A question that needs a body and writes nothing but, perhaps, a line in the trail that it was asked: as current as
 * what was got. */
export const question = <T>(path: string, body: unknown): Promise<T> =>
  send<T>("POST", path, asJson(path, body), true);

const PIECE = 1 << 20;
const TRIES = 5;
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
/** The line broke, another piece was quicker, or there was no room: the server says where it goes on. */
const mayGoOn = (e: unknown): boolean =>
  e instanceof ApiError && [0, 409, 429, 503].includes(e.status);

async function piece(path: string, file: Blob, at: number): Promise<void> {
  const headers = {
    "content-type": "application/offset+octet-stream",
    "tus-resumable": "1.0.0",
    "upload-offset": String(at),
  };
  await send("PATCH", path, { headers, body: file.slice(at, at + PIECE) });
}

/** A file in pieces (tus 1.0.0): it goes on from where the server has it, also after a broken line, a reload or a night;
 * `part` is told how much of it is there (0 to 1). */
export async function upload(
  path: string,
  file: Blob,
  part: (done: number) => void,
): Promise<void> {
  let at = -1;
  for (let tries = 0; at < file.size; ) {
    try {
      if (at < 0) at = (await get<{ offset: number }>(path)).offset;
      else {
        await piece(path, file, at);
        at = Math.min(at + PIECE, file.size);
        tries = 0;
      }
      part(at / file.size);
    } catch (e) {
      if (!mayGoOn(e) || ++tries >= TRIES) throw e;
      at = -1;
      await pause(250 * 2 ** tries);
    }
  }
}

/** A search with its parameters; follows "next" until `max` rows are here. */
export async function search<T extends Resource>(
  type: string,
  params: Record<string, string> | [string, string][],
  max = 200,
): Promise<T[]> {
  const found: T[] = [];
  let next: string | undefined = `/fhir/${type}?${new URLSearchParams(params)}`;
  while (next && found.length < max) {
    const page: Bundle<T> = await get<Bundle<T>>(next);
    for (const e of page.entry ?? []) if (e.resource?.resourceType === type) found.push(e.resource);
    const link = page.link?.find((l) => l.relation === "next")?.url;
    next = link ? sameOrigin(link) : undefined;
  }
  return found;
}

/** Paging links may be absolute; only their path and query are used, never another host. */
function sameOrigin(url: string): string {
  const u = new URL(url, location.origin);
  return u.pathname + u.search;
}
