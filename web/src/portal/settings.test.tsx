import { cleanup, render, screen } from "@testing-library/preact";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { startWords } from "../lib/i18n";
import portal from "../words/portal.en";

const { get } = vi.hoisted(() => ({ get: vi.fn() }));
vi.mock("../lib/api", () => ({ get, post: vi.fn() }));
const { who } = vi.hoisted(() => ({ who: { is: "" } }));
vi.mock("./data", () => ({
  me: () => who.is,
  isOfCategory: () => false,
  useConsents: () => ({ data: [] }),
}));

import { Channels } from "./settings";

beforeAll(() =>
  startWords({ en: async () => portal, es: async () => portal, ar: async () => portal }),
);
afterEach(cleanup);

const calls = () => screen.findByRole<HTMLInputElement>("checkbox", { name: "Phone calls" });

it("shows no yes to calls when a no to one found no room", async () => {
  who.is = "a"; // what is loaded is kept for each patient
  get.mockResolvedValue({ voice: false, callsFull: true });
  render(<Channels set={() => undefined} busy={false} systems={["phone"]} />);
  await screen.findByText(/we do not call you at all/);
  expect([(await calls()).checked, (await calls()).disabled]).toEqual([false, true]);
});

it("says nothing about calls where none is offered", async () => {
  who.is = "c";
  get.mockResolvedValue({ voice: false, callsFull: true });
  const shown = (systems: string[]) => (
    <Channels set={() => undefined} busy={false} systems={systems} />
  );
  const { rerender } = render(shown(["phone"]));
  await screen.findByText(/we do not call you at all/);
  rerender(shown(["email"]));
  await screen.findByRole("checkbox", { name: "E-mail" });
  expect(screen.queryByText(/we do not call you at all/)).toBe(null);
});

it("shows calls as wanted while nobody said no", async () => {
  who.is = "b";
  get.mockResolvedValue({});
  render(<Channels set={() => undefined} busy={false} systems={["phone"]} />);
  expect([(await calls()).checked, (await calls()).disabled]).toEqual([true, false]);
});
