import { beforeEach, expect, it, vi } from "vitest";

/** A server whose record is at `t`: an answer says where it was when it was asked; the stream, after what it tells. */
function server() {
  const state = {
    t: 5,
    asked: [] as string[],
    streams: [] as string[],
    dropped: [] as string[],
    hello: "",
    hold: false,
  };
  const waiting: (() => void)[] = [];
  const let_go = (): void => {
    state.hold = false;
    for (const go of waiting.splice(0)) go();
  };
  globalThis.fetch = (async (path: string, o: RequestInit) => {
    if (path === "/events") {
      const from = (o.headers as Record<string, string>)["last-event-id"] ?? "";
      state.streams.push(from);
      const id = from || state.hello || String(state.t);
      const said = new TextEncoder().encode(`id: ${id}\nevent: hello\ndata: {}\n\n`);
      return new Response(new ReadableStream({ start: (c) => c.enqueue(said) }));
    }
    const at = state.t;
    state.asked.push(path);
    if (state.hold) await new Promise<void>((go) => waiting.push(go));
    const body = new ReadableStream({
      start: (c) => {
        c.enqueue(new TextEncoder().encode(JSON.stringify({ at })));
        c.close();
      },
      cancel: () => void state.dropped.push(path),
    });
    return new Response(body, { headers: { "x-weft-feed": String(at) } });
  }) as typeof fetch;
  return { state, let_go };
}

beforeEach(() => {
  vi.resetModules();
  sessionStorage.clear();
});

async function page() {
  const s = await import("./session");
  s.begin({ user: "ada", name: "Ada", role: "nurse", csrf: "proof" });
  const { get } = await import("./api");
  const { startLive, stopLive } = await import("./live");
  return { get, startLive, stopLive };
}

it("listens from where the page was first read, however late the stream begins", async () => {
  const { state } = server();
  const p = await page();
  await p.get("/fhir/Task");
  state.t = 9; // a change falls between
  await p.get("/fhir/Patient");
  void p.startLive();
  await vi.waitFor(() => expect(state.streams).toEqual(["5"]));
  p.stopLive();
});

it("begins at the earliest request, however late its answer, and reads it once", async () => {
  const { state, let_go } = server();
  const p = await page();
  void p.startLive(); // as a page does, before its first requests
  state.hold = true;
  const slow = p.get<{ at: number }>("/fhir/Task");
  await vi.waitFor(() => expect(state.asked.length).toBe(1));
  state.hold = false;
  state.t = 7; // what the slow one does not know
  await p.get("/fhir/Patient");
  await new Promise((r) => setTimeout(r, 20));
  expect(state.streams).toEqual([]);
  let_go();
  expect((await slow).at).toBe(5); // the stream tells the rest
  await vi.waitFor(() => expect(state.streams).toEqual(["5"]));
  expect(state.asked).toEqual(["/fhir/Task", "/fhir/Patient"]);
  p.stopLive();
});

it("waits for no request for ever, and reads again what was read before the stream's beginning", async () => {
  const { state, let_go } = server();
  const p = await page();
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  state.hold = true;
  const slow = p.get<{ at: number }>("/fhir/Task");
  await vi.waitFor(() => expect(state.asked.length).toBe(1));
  void p.startLive();
  state.hold = false;
  state.t = 7;
  await p.get("/fhir/Patient");
  await vi.advanceTimersByTimeAsync(5000);
  vi.useRealTimers();
  await vi.waitFor(() => expect(state.streams).toEqual(["7"]));
  const { connected } = await import("./live");
  await vi.waitFor(() => expect(connected.value).toBe(true));
  await new Promise((r) => setTimeout(r));
  let_go();
  expect((await slow).at).toBe(7);
  expect(state.asked).toEqual(["/fhir/Task", "/fhir/Patient", "/fhir/Task"]);
  expect(state.dropped).toEqual(["/fhir/Task"]); // nobody reads the old answer
  p.stopLive();
});

it("does no act twice", async () => {
  const { state } = server();
  await page();
  const { begun } = await import("./feed");
  begun("8");
  const { post } = await import("./api");
  await post("/fhir/Task", {});
  expect(state.asked).toEqual(["/fhir/Task"]);
});

it("loads anew what was answered between the stream's request and its first word", async () => {
  const { isStale, begun } = await import("./feed");
  const answer = (at: string) => ({ headers: new Headers({ "x-weft-feed": at }) });
  expect(isStale(answer("8"))).toBe(false);
  expect(isStale(answer("6"))).toBe(false);
  expect(begun("8")).toBe(true);
  expect(isStale(answer("7"))).toBe(true);
  expect(isStale(answer("8"))).toBe(false);
  expect(isStale({ headers: new Headers() })).toBe(false);
  expect(begun("9")).toBe(false);
});

it("asks a question once more that was on its way when the stream began, and lets the stream wait for it", async () => {
  const { state, let_go } = server();
  const p = await page();
  const { question } = await import("./api");
  void p.startLive();
  state.hold = true;
  const slow = question<{ at: number }>("/fhir/Patient/1/$call", {});
  await vi.waitFor(() => expect(state.asked.length).toBe(1));
  state.hold = false;
  state.t = 7; // what the question does not know
  await p.get("/fhir/Patient");
  await new Promise((r) => setTimeout(r, 20));
  expect(state.streams).toEqual([]);
  let_go();
  expect((await slow).at).toBe(5);
  await vi.waitFor(() => expect(state.streams).toEqual(["5"])); // from where it was asked
  const { begun } = await import("./feed");
  state.hold = true;
  const late = question<{ at: number }>("/fhir/Patient/1/$call", {});
  await vi.waitFor(() => expect(state.asked.length).toBe(3));
  state.t = 9;
  begun("9"); // a new stream, which does not tell what was changed before
  let_go();
  expect((await late).at).toBe(9);
  expect(state.asked).toEqual([
    "/fhir/Patient/1/$call",
    "/fhir/Patient",
    ...Array(2).fill("/fhir/Patient/1/$call"),
  ]);
  p.stopLive();
});

/** What is between the brackets of each call of `name` in the text. */
function callsOf(name: string, text: string): string[] {
  const out: string[] = [];
  for (const m of text.matchAll(new RegExp(`\\b${name}(?:<[^(]*>)?\\(`, "g"))) {
    const from = m.index + m[0].length;
    let open = 1;
    let at = from;
    for (; open && at < text.length; at++) open += text[at] === "(" ? 1 : text[at] === ")" ? -1 : 0;
    out.push(text.slice(from, at - 1));
  }
  return out;
}

/** What stands at the left edge of a file, by its name. */
function namedIn(text: string): Map<string, string> {
  const parts = text.split(/\n(?=[a-z/])/);
  const name = /^(?:export )?(?:async )?(?:function|const) (\w+)/;
  return new Map(parts.flatMap((p) => (name.test(p) ? [[name.exec(p)![1]!, p] as const] : [])));
}

/** The text with what it names of its file, and what that names. */
function withNamed(run: string, text: string): string {
  const named = namedIn(text);
  const parts = [run];
  for (const part of parts)
    for (const [word] of part.matchAll(/\b[a-z]\w*/g)) {
      parts.push(...(named.has(word) ? [named.get(word)!] : []));
      named.delete(word);
    }
  return parts.join("\n");
}

it("finds an act in a loader that has a name, and in what that calls", () => {
  const text =
    "const x = 1;\nasync function load() {\n  return inner();\n}\nconst inner = () => post(x);\n";
  expect(withNamed("key, load", text)).toContain("post(x)");
  expect(withNamed("key, () => load()", text)).toContain("post(x)");
  expect(withNamed("key, other", text)).toBe("key, other");
});

it("loads no screen by an act: what a screen loads is asked again whenever it may be old", () => {
  const sources = import.meta.glob<string>("../**/*.{ts,tsx}", {
    query: "?raw",
    import: "default",
    eager: true,
  });
  const act = /\b(?:post|call)(?:<[^(]*>)?\(/;
  const loads = Object.entries(sources).flatMap(([name, text]) =>
    callsOf("useLoad", text).map((run) => ({ name, run: withNamed(run, text) })),
  );
  expect(loads.length).toBeGreaterThan(60);
  expect(loads.filter(({ run }) => callsOf("question", run).length).map((l) => l.name)).toEqual([
    "../console/call.tsx",
    "../console/programme.tsx",
  ]);
  expect(loads.filter(({ run }) => act.test(run))).toEqual([]);
});
