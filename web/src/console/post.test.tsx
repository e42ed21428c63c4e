import { act, cleanup, fireEvent, render, screen, within } from "@testing-library/preact";
import { afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { startWords } from "../lib/i18n";
import words from "../words/console.en";

const { get } = vi.hoisted(() => ({ get: vi.fn() }));
vi.mock("../lib/api", () => ({ get, post: vi.fn() }));

import { Letters } from "./letters";
import { PostPage } from "./post";

/** What the browser sees of the page is said by the test. */
const eyes = new Map<Element, (seen: { isIntersecting: boolean }[]) => void>();
class Eyes {
  constructor(readonly told: (seen: { isIntersecting: boolean }[]) => void) {}
  observe(el: Element) {
    eyes.set(el, this.told);
  }
  disconnect() {
    /* nothing is seen any more */
  }
}
beforeAll(() =>
  startWords({ en: async () => words, es: async () => words, ar: async () => words }),
);
beforeEach(() => vi.stubGlobal("IntersectionObserver", Eyes));
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const letter = (id: string) => ({
  id,
  patient: `p-${id}`,
  name: `Person ${id}`,
  language: "en",
  to: "1 Main St",
  text: "Please call.",
  run: "",
  since: "2026-01-05T10:00:00Z",
});

it("shows the contact budget beside what is done with a letter, of those that are looked at", async () => {
  const asked: string[] = [];
  get.mockImplementation(async (path: string) => {
    asked.push(path);
    if (path === "/letters") return { letters: [letter("a"), letter("b")] };
    return { day: { used: 1, limit: 2, left: 1 }, week: { used: 1, limit: 5, left: 4 } };
  });
  render(<PostPage />);
  const row = (await screen.findByText("Person a", { selector: "a bdi" })).closest("li")!;
  expect(asked).toEqual(["/letters"]);
  const lines = row.children.length;
  await vi.waitFor(() => expect(eyes.has(row)).toBe(true));
  await act(async () => eyes.get(row)!([{ isIntersecting: true }]));
  const budget = await within(row).findByText(/^Contact budget: /);
  expect(budget.closest("details")).toBe(null);
  expect(asked).toEqual(["/letters", "/fhir/Patient/p-a/$contact-budget"]);
  expect(row.children.length).toBe(lines); // its button stayed where it was
});

const notice = (id: string) => ({
  patient: `p-${id}`,
  name: `Person ${id}`,
  language: "en",
  channel: "letter",
  to: "1 Main St",
  deceased: false,
  status: "queued",
  text: "We write to tell you.",
});

it("shows the contact budget of whom a notice goes to without opening anything, of those looked at", async () => {
  const asked: string[] = [];
  get.mockImplementation(async (path: string) => {
    asked.push(path);
    if (path === "/incidents/i1/letters")
      return { letters: [notice("c"), notice("d")], total: 2, returned: 0, substitute: false };
    return { day: { used: 1, limit: 2, left: 1 }, week: { used: 1, limit: 5, left: 4 } };
  });
  render(<Letters id="i1" />);
  expect(asked).toEqual([]);
  fireEvent.click(screen.getByRole("button", { name: words.in_letters_show as string }));
  const row = (await screen.findByText("Person c", { selector: "strong bdi" })).closest("li")!;
  expect(asked).toEqual(["/incidents/i1/letters"]);
  const lines = row.children.length;
  await vi.waitFor(() => expect(eyes.has(row)).toBe(true));
  await act(async () => eyes.get(row)!([{ isIntersecting: true }]));
  const budget = await within(row).findByText(/^Contact budget: /);
  expect(budget.closest("details")).toBe(null);
  expect(row.querySelector("details")!.open).toBe(false);
  expect(asked).toEqual(["/incidents/i1/letters", "/fhir/Patient/p-c/$contact-budget"]);
  expect(row.children.length).toBe(lines); // its button stayed where it was
});
