import { cleanup, render, screen, waitFor } from "@testing-library/preact";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { startWords } from "../lib/i18n";
import { changed } from "../lib/load";
import portal from "../words/portal.en";

const { get } = vi.hoisted(() => ({ get: vi.fn() }));
vi.mock("../lib/api", () => ({ get, post: vi.fn() }));
const { who } = vi.hoisted(() => ({ who: { is: "" } }));
vi.mock("./data", () => ({ me: () => who.is }));

import { WishesCard } from "./wishes";

beforeAll(() =>
  startWords({ en: async () => portal, es: async () => portal, ar: async () => portal }),
);
afterEach(cleanup);

async function shown(is: string, wishes: object): Promise<void> {
  who.is = is; // what is loaded is kept for each patient
  get.mockResolvedValue({ reach: ["sms"], ...wishes });
  render(<WishesCard />);
  await screen.findByRole("group", { name: "What we may contact you about" });
}
const call = (topic: string): HTMLInputElement =>
  screen.getByRole<HTMLInputElement>("checkbox", {
    name: new RegExp(`^Phone calls about: .*${topic}`),
  });
const stands = (topic: string) => [call(topic).checked, call(topic).disabled];

it("shows no yes to calls about a topic that is refused", async () => {
  await shown("a", { refused: ["lab_results"], noCalls: ["wellness_checkup"] });
  expect(stands("Test results")).toEqual([false, true]);
  expect(stands("Check-ups")).toEqual([false, false]);
  expect(stands("Medicines")).toEqual([true, false]);
});

it("follows a word about calls that was given elsewhere", async () => {
  await shown("d", {});
  expect(stands("Medicines")).toEqual([true, false]);
  get.mockResolvedValue({ reach: ["sms"], voice: false, callsFull: true });
  changed("Consent", "d");
  await waitFor(() => expect(stands("Medicines")).toEqual([false, true]));
});

it("shows no yes to calls about anything when nobody calls", async () => {
  await shown("b", { voice: false });
  expect(stands("Medicines")).toEqual([false, true]);
});

it("shows the way that holds, also where it cannot be chosen now", async () => {
  await shown("c", { ways: { lab_results: "push" } });
  const way = (topic: string) =>
    screen.getByRole<HTMLSelectElement>("combobox", {
      name: new RegExp(`^How to write to you: .*${topic}`),
    });
  expect(way("Test results").value).toBe("push");
  expect([...way("Medicines").options].map((o) => o.value)).toEqual(["none", "sms"]);
});
