import { expect, it } from "vitest";
import { heardOf, idleHeaders, isQuiet, isTold, touch } from "./idle";

it("says when no hand has touched the page for a minute", () => {
  const now = Date.now();
  touch(now);
  expect(isQuiet(now + 59_000)).toBe(false);
  expect(isQuiet(now + 61_000)).toBe(true);
  expect(idleHeaders()).toEqual({});
  touch(now - 61_000);
  expect(idleHeaders()).toEqual({ "x-weft-idle": "1" });
});

it("a hand that only types is told of once a minute", () => {
  const now = Date.now();
  touch(now);
  heardOf.value = now - 61_000;
  expect(isTold(now)).toBe(false);
  heardOf.value = now;
  expect(isTold(now)).toBe(true);
  touch(now - 100_000);
  heardOf.value = now - 100_000;
  expect(isTold(now)).toBe(true);
});
