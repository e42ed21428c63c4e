import { cleanup, render } from "@testing-library/preact";
import { afterEach, expect, it, vi } from "vitest";
import { changed, forget, useLoad } from "../lib/load";
import { budgetKey } from "./budget";
import { askKey } from "./call";

afterEach(() => {
  vi.useRealTimers();
  cleanup();
  forget();
});

const asks = (type: string) => askKey("p1", `2026-01-05T10:00:00Z-${type}`, "");

it.each([
  ...["Patient", "Consent", "Communication", "Task"].map((type) => [type, asks(type)]),
  ["Communication", budgetKey("p1")],
  ["Task", budgetKey("p1")],
])("asks again in an open call when a %s of theirs changed: %s", async (type, key) => {
  const run = vi.fn(async () => "may");
  function Ask() {
    return <p>{useLoad(key, run).data}</p>;
  }
  const { findByText } = render(<Ask />);
  await findByText("may");
  expect(run).toHaveBeenCalledTimes(1);
  vi.useFakeTimers();
  changed(type, "p2"); // of somebody else
  expect(vi.getTimerCount()).toBe(0);
  changed(type, "p1");
  expect(vi.getTimerCount()).toBe(1);
  vi.runAllTimers();
  vi.useRealTimers();
  expect(run).toHaveBeenCalledTimes(2);
});
