import { cleanup, render } from "@testing-library/preact";
import { useRef } from "preact/hooks";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Communication } from "./fhir";
import { touch } from "./idle";
import { isUnread, READ, readMark, useSeen } from "./read";

const { post } = vi.hoisted(() => ({ post: vi.fn(async () => ({ read: [] })) }));
vi.mock("./api", () => ({ post }));

const from = (reference: string, status = "completed"): Communication => ({
  resourceType: "Communication",
  id: "c1",
  status,
  sender: { reference },
});
const mark = {
  url: READ,
  extension: [
    { url: "when", valueDateTime: "2026-11-23T14:05:00Z" },
    { url: "by", valueReference: { reference: "RelatedPerson/r1", display: "Bea Silva" } },
    { url: "how", valueCode: "portal" },
  ],
};

describe("the mark", () => {
  it("says when, who and how", () => {
    const c = { ...from("Practitioner/n"), extension: [mark] };
    expect(readMark(c)).toEqual({
      at: "2026-11-23T14:05:00Z",
      by: "RelatedPerson/r1",
      who: "Bea Silva",
      how: "portal",
    });
    expect(isUnread(c)).toBe(false);
  });
  it("waits on what has left for them alone", () => {
    expect(isUnread(from("Practitioner/n"))).toBe(true);
    expect(isUnread({ ...from(""), sender: undefined })).toBe(true);
    for (const status of ["preparation", "not-done", "stopped"])
      expect(isUnread(from("Practitioner/n", status))).toBe(false);
    for (const own of ["Patient/p", "RelatedPerson/r"]) expect(isUnread(from(own))).toBe(false);
  });
});

let show: (on: boolean) => void;
class Eyes {
  lines: Element[] = [];
  constructor(told: (all: { target: Element; isIntersecting: boolean }[]) => void) {
    show = (on) => told(this.lines.map((target) => ({ target, isIntersecting: on })));
  }
  observe(line: Element): void {
    this.lines.push(line);
  }
  disconnect(): void {
    this.lines = [];
  }
}
function Page() {
  const list = useRef<HTMLUListElement>(null);
  useSeen(list, "p1", ["c1"]);
  return (
    <ul ref={list}>
      <li data-seen="c1">new</li>
      <li data-seen="c2">read before</li>
    </ul>
  );
}
const seen = (state: string): void => {
  Object.defineProperty(document, "visibilityState", { configurable: true, value: state });
};

describe("a message before somebody's eyes", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("IntersectionObserver", Eyes);
    post.mockClear();
    seen("visible");
    touch();
    render(<Page />);
  });
  afterEach(() => {
    cleanup();
    seen("visible");
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });
  const settle = () => vi.advanceTimersByTimeAsync(2000);

  it("is marked, once, and nothing else with it", async () => {
    show(true);
    await settle();
    show(true);
    expect(post).toHaveBeenCalledTimes(1);
    expect(post).toHaveBeenCalledWith("/fhir/Communication/$read", { messages: ["c1"] });
  });
  it("is not marked when it was only passed", async () => {
    show(true);
    show(false);
    await settle();
    expect(post).not.toHaveBeenCalled();
  });
  it("is not marked on a page behind another, and is when that comes to the front", async () => {
    seen("hidden");
    show(true);
    await settle();
    expect(post).not.toHaveBeenCalled();
    seen("visible");
    document.dispatchEvent(new Event("visibilitychange"));
    await settle();
    expect(post).toHaveBeenCalledTimes(1);
  });
  it("is not marked on a page that was left alone", async () => {
    await vi.advanceTimersByTimeAsync(120_000);
    show(true);
    await settle();
    expect(post).not.toHaveBeenCalled();
    touch();
    dispatchEvent(new Event("pointerdown"));
    await settle();
    expect(post).toHaveBeenCalledTimes(1);
  });
});
