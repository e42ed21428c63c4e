// From where on a page is told what changes. Every answer says how far the record was when it was asked
// (x-weft-feed); the live stream goes on from the earliest of them, those on their way when the first came
// among them, so what changes between a first load and the stream is told and nothing is loaded twice. Invariant: nothing stays on screen that was read before the place from which
// the stream tells.
const HEADER = "x-weft-feed";

let earliest: number | undefined;
let begins: number | undefined;
let heard: () => void = () => undefined;
const first = new Promise<void>((done) => {
  heard = done;
});
/** Asked before the stream began, and not answered yet. */
const onTheWay = new Set<Promise<unknown>>();

/** Of an answer: was it read before the stream began, so that it has to be read once more? */
export function isStale(answer: { headers: Headers }): boolean {
  const at = Number(answer.headers.get(HEADER) ?? Number.NaN);
  if (Number.isNaN(at)) return false;
  if (begins !== undefined) return at < begins;
  earliest = Math.min(earliest ?? at, at);
  heard();
  return false;
}

/** The answer to a reading; what was read before the stream began is dropped and read once more. */
export async function readOf(ask: () => Promise<Response>): Promise<Response> {
  const told = ask().then((answer) => ({ answer, stale: isStale(answer) }));
  if (begins === undefined) onTheWay.add(told);
  try {
    const { answer, stale } = await told;
    if (!stale) return answer;
    answer.body?.cancel().catch(() => undefined); // its line is free again
    return await ask();
  } finally {
    onTheWay.delete(told);
  }
}

/** Where the stream is to begin: after the earliest answer. The first is waited for and, since one asked before it may
 * be slower, those that are then on their way; as long as `most`. */
export async function beginning(most: Promise<unknown>): Promise<string> {
  const all = first.then(() => Promise.allSettled(onTheWay));
  await Promise.race([all, most]);
  return earliest === undefined ? "" : String(earliest);
}

/** The stream tells what comes after `id`; true: something was read before that, and may be old. */
export function begun(id: string): boolean {
  const old = begins === undefined && earliest !== undefined && earliest < Number(id);
  begins = Number(id);
  return old;
}
