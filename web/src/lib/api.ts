// One door to the server. Every answer that is not 2xx becomes an ApiError that keeps the status, the
// issues of the OperationOutcome and the request id; a 401 ends the session. Never retries a write.
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

export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  try {
    return await once<T>(method, path, body);
  } catch (e) {
    if (e instanceof ApiError && wantsStepUp(e) && (await askWho()))
      return once<T>(method, path, body);
    throw e;
  }
}

async function once<T>(method: string, path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = {
    accept: "application/fhir+json, application/json",
    "accept-language": lang.value,
    ...authHeaders(),
  };
  if (session.value && purpose()) headers["x-purpose-of-use"] = purpose();
  if (body !== undefined)
    headers["content-type"] = path.startsWith("/fhir")
      ? "application/fhir+json"
      : "application/json";
  let res: Response;
  try {
    res = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
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

/** A file as it is, by PUT; `part` is told how much of it is there (0 to 1). */
export function upload<T>(path: string, file: Blob, part: (done: number) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const x = new XMLHttpRequest();
    x.open("PUT", path);
    const headers = { accept: "application/json", "accept-language": lang.value, ...authHeaders() };
    for (const [name, value] of Object.entries(headers)) x.setRequestHeader(name, value);
    x.setRequestHeader("content-type", "application/octet-stream");
    x.upload.onprogress = (e) => part(e.total ? e.loaded / e.total : 0);
    x.onerror = () => reject(new ApiError(0, [], ""));
    x.onload = () => {
      if (x.status < 300) return resolve(JSON.parse(x.responseText) as T);
      if (x.status === 401) end("expired");
      const told = ["x-request-id", "content-language"].flatMap((name) => {
        const value = x.getResponseHeader(name);
        return value ? [[name, value] as [string, string]] : [];
      });
      void failure(new Response(x.responseText, { status: x.status, headers: told })).then(reject);
    };
    x.send(file);
  });
}

/** A search with its parameters; follows "next" until `max` rows are here. */
export async function search<T extends Resource>(
  type: string,
  params: Record<string, string>,
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
