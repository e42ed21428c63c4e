// What has been read of what the house wrote. A message is marked once its last line has stood before
// somebody for a moment: on a page in view, with a hand that touched it lately. A page that was only
// fetched, lies behind another or was left alone marks nothing.
import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";
import { post } from "./api";
import type { Communication } from "./fhir";
import { isQuiet } from "./idle";
import { changed } from "./load";

export const READ = "https://weft.health/fhir/StructureDefinition/message-read";
const DWELL_MS = 700;
const MOST = 200;
const HANDS = ["pointerdown", "keydown", "wheel", "touchstart"] as const;

export interface ReadMark {
  at: string;
  by: string; // a reference, or empty
  who: string; // a name, where it was not the patient
  how: string; // portal, link, receipt
}
export function readMark(c: Communication): ReadMark | undefined {
  const parts = c.extension?.find((e) => e.url === READ)?.extension;
  const part = (url: string) => parts?.find((e) => e.url === url);
  const at = part("when")?.valueDateTime;
  if (!at) return undefined;
  const by = part("by")?.valueReference;
  return { at, by: by?.reference ?? "", who: by?.display ?? "", how: part("how")?.valueCode ?? "" };
}

/** It is to them, it has left, and nobody has looked at it. */
export function isUnread(c: Communication): boolean {
  const from = c.sender?.reference ?? "";
  const theirs = from.startsWith("Patient/") || from.startsWith("RelatedPerson/");
  return !theirs && ["completed", "in-progress"].includes(c.status) && !readMark(c);
}

/** Marks what stands in `root` with data-seen (a message's id) on its last line. */
export function useSeen(
  root: RefObject<HTMLElement | null>,
  patient: string,
  waiting: readonly string[],
): void {
  const key = waiting.join();
  useEffect(() => {
    if (!key || !root.current || !("IntersectionObserver" in globalThis)) return;
    const here = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let busy = false;
    const mark = async (): Promise<void> => {
      const messages = [...here].slice(0, MOST);
      if (busy || !messages.length || document.visibilityState !== "visible" || isQuiet()) return;
      busy = true;
      try {
        await post("/fhir/Communication/$read", { messages });
        for (const id of messages) here.delete(id);
        changed("Communication", patient);
      } catch {
        /* it stays unread, and the next look tries again */
      }
      busy = false;
    };
    const soon = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => void mark(), DWELL_MS);
    };
    const bar = document.querySelector<HTMLElement>(".places"); // on a phone it lies over the page
    const under = bar && getComputedStyle(bar).position === "fixed" ? bar.offsetHeight : 0;
    const watch = new IntersectionObserver(
      (entries) => {
        for (const e of entries) {
          const id = (e.target as HTMLElement).dataset.seen!;
          if (e.isIntersecting) here.add(id);
          else here.delete(id);
        }
        soon();
      },
      { threshold: 0.9, rootMargin: `0px 0px -${under}px 0px` },
    );
    const ids = new Set(key.split(","));
    for (const line of root.current.querySelectorAll<HTMLElement>("[data-seen]"))
      if (ids.has(line.dataset.seen!)) watch.observe(line);
    document.addEventListener("visibilitychange", soon);
    for (const what of HANDS) addEventListener(what, soon, { passive: true });
    return () => {
      clearTimeout(timer);
      watch.disconnect();
      document.removeEventListener("visibilitychange", soon);
      for (const what of HANDS) removeEventListener(what, soon);
    };
  }, [key, patient]);
}
