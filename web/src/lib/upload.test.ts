// A file in pieces: each byte comes once, in its order, whatever breaks; what is refused is not tried for ever.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { upload } from "./api";

const MIB = 1 << 20;

beforeEach(() => {
  vi.stubGlobal("setTimeout", (f: () => void) => queueMicrotask(f)); // no test waits
});
afterEach(() => {
  vi.unstubAllGlobals();
});

/** A server that keeps what comes, and of which the tests break the line. */
function server(breaks: (at: number) => "before" | "after" | 422 | undefined, begun = 0) {
  const has = { offset: begun, bytes: [] as number[], asked: 0 };
  globalThis.fetch = (async (_: unknown, o: RequestInit) => {
    if (o.method === "GET") {
      has.asked++;
      return new Response(JSON.stringify({ offset: has.offset }));
    }
    const at = Number((o.headers as Record<string, string>)["upload-offset"]);
    const how = breaks(at);
    if (how === "before") throw new TypeError("the line broke");
    if (how === 422) return new Response("{}", { status: 422 });
    if (at !== has.offset) return new Response("{}", { status: 409 });
    has.bytes.push(
      ...new Uint8Array(await (o.body as Blob).arrayBuffer()).filter((_x, i) => i % 65536 === 0),
    );
    has.offset += (o.body as Blob).size;
    if (how === "after") throw new TypeError("the answer was lost");
    return new Response(null, { status: 204 });
  }) as typeof fetch;
  return has;
}

const file = (size: number): Blob =>
  new Blob([Uint8Array.from({ length: size }, (_x, i) => i >> 16)]);
const all = (size: number, from = 0): number[] =>
  Array.from({ length: Math.ceil((size - from) / 65536) }, (_x, i) => (from >> 16) + i);

it("goes on where the server has it, each byte once", async () => {
  const size = 3 * MIB + 5;
  const broken = new Set<string>();
  const once = (name: "before" | "after", at: number) => {
    const first = !broken.has(`${name}${at}`);
    broken.add(`${name}${at}`);
    return first ? name : undefined;
  };
  const has = server((at) =>
    at === MIB ? once("before", at) : at === 2 * MIB ? once("after", at) : undefined,
  );
  const parts: number[] = [];
  await upload("/x", file(size), (part) => parts.push(part));
  expect(has.offset).toBe(size);
  expect(has.bytes).toEqual(all(size));
  expect(has.asked).toBe(3);
  expect(parts.at(-1)).toBe(1);
});

it("begins where a day before ended, and sends nothing of what is whole", async () => {
  const half = server(() => undefined, MIB);
  await upload("/x", file(2 * MIB), () => undefined);
  expect(half.bytes).toEqual(all(2 * MIB, MIB));
  const whole = server(() => 422, MIB);
  await upload("/x", file(MIB), () => undefined);
  expect(whole.offset).toBe(MIB);
});

it("says what is refused at once, and gives up on a line that stays broken", async () => {
  const refused = server(() => 422);
  await expect(upload("/x", file(10), () => undefined)).rejects.toMatchObject({ status: 422 });
  expect(refused.asked).toBe(1);
  const gone = server(() => "before");
  await expect(upload("/x", file(10), () => undefined)).rejects.toMatchObject({ status: 0 });
  expect(gone.asked).toBe(5);
});
