import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/preact";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { startWords } from "../lib/i18n";
import { changed, forget } from "../lib/load";
import words from "../words/console.en";

const { get } = vi.hoisted(() => ({ get: vi.fn() }));
vi.mock("../lib/api", () => ({ get, post: vi.fn() }));
vi.mock("./models", () => ({ useModels: () => [], ModelField: () => null }));
vi.mock("./recalls", () => ({ Recalls: () => null }));
vi.mock("./firmware", () => ({ Firmware: () => null }));
vi.mock("./weak", () => ({ Weaknesses: () => null }));

import { FleetPage } from "./fleet";

beforeAll(() =>
  startWords({ en: async () => words, es: async () => words, ar: async () => words }),
);
afterEach(() => {
  cleanup();
  forget();
});

const device = (id: string) => ({
  id,
  name: `Kit ${id}`,
  state: "stock",
  model: "H2",
  next: [],
  code: false,
});
const page = (ids: string[], after?: string) => ({
  devices: ids.map(device),
  waiting: [],
  total: 6,
  after,
});

it("asks the server for the pages behind the first until one has what is looked for", async () => {
  const asked: string[] = [];
  get.mockImplementation(async (path: string) => {
    asked.push(path);
    if (path === "/fleet") return page(["a", "b"], "p 1");
    return path.endsWith("p%201") ? page(["c", "d"], "p2") : page(["e", "wanted"]);
  });
  render(<FleetPage />);
  const told = () => screen.getAllByText(/devices were looked at/).map((e) => e.textContent);
  await screen.findByText("Kit a", { selector: "bdi" });
  expect(told().every((x) => /2\W* of \W*6/.test(x ?? ""))).toBe(true);
  fireEvent.input(screen.getByLabelText("Find a device"), { target: { value: "wanted" } });
  await screen.findByText("No device here");
  fireEvent.click(screen.getByRole("button", { name: "Look further" }));
  await screen.findByText("Kit wanted", { selector: "bdi" });
  expect(asked).toEqual(["/fleet", "/fleet?after=p%201", "/fleet?after=p2"]);
  expect(screen.queryByText(/devices were looked at/)).toBe(null); // now all were
  expect(screen.queryByRole("button", { name: "Look further" })).toBe(null);
  screen.getByRole("cell", { name: "6" });
});

/** A fleet of six of which two stand on a page, newest changed first; `move` changes one, and the page is told. */
async function fleetOfSix() {
  let order = ["a", "b", "c", "d", "e", "f"];
  let old = false;
  const asked: string[] = [];
  const lost = new Set<string>();
  get.mockImplementation(async (path: string) => {
    asked.push(path);
    if (path.startsWith("/fleet/")) return { ...device("x"), gateway: path.slice(7) };
    const after = new URLSearchParams(path.split("?")[1]).get("after");
    if (after && old && !after.startsWith("new")) throw Object.assign(new Error(), { status: 410 });
    const from = after ? order.indexOf(after.slice(-1)) + 1 : 0;
    const ids = order.slice(from, from + 2);
    const end = from + 2 >= order.length ? undefined : `${old ? "new" : ""}${ids[1]}`;
    const shown = page(ids, end);
    return {
      ...shown,
      devices: shown.devices.map((d) => (lost.has(d.id) ? { ...d, state: "lost" } : d)),
    };
  });
  render(<FleetPage />);
  await screen.findByText("Kit a", { selector: "bdi" });
  const move = async (id: string) => {
    const before = asked.length;
    order = [id, ...order.filter((x) => x !== id)];
    lost.add(id);
    changed("Device");
    await waitFor(() => expect(asked.length).toBeGreaterThan(before));
    await act(async () => undefined);
  };
  const shown = () =>
    screen
      .getAllByText(/^Kit /, { selector: "summary bdi" })
      .map((e) => e.textContent?.slice(-1))
      .join("");
  const further = async (until: string) => {
    const button = screen.getByRole("button", { name: "Look further" });
    button.focus();
    fireEvent.click(button);
    await waitFor(() => expect(shown()).toBe(until));
    await act(async () => undefined);
  };
  const age = (): void => {
    old = true;
  };
  return { asked, move, shown, further, age };
}

it("loses no device that was looked at when others come before it", async () => {
  const { move, shown, further } = await fleetOfSix();
  await further("abcd");
  await move("d");
  await waitFor(() => expect(shown()).toBe("dabc")); // b is on no page any more that was read last
  await move("c");
  await waitFor(() => expect(shown()).toBe("cdab"));
  expect(screen.getAllByText(/Lost/, { selector: "summary span" }).length).toBeGreaterThan(0);
  await further("cdabef");
  expect(screen.queryByRole("button", { name: "Look further" })).toBe(null);
});

it("begins at the front again when the place to go on from is too old", async () => {
  const { asked, shown, further, age } = await fleetOfSix();
  await further("abcd");
  age();
  await further("abcdef");
  expect(asked).toEqual([
    "/fleet",
    "/fleet?after=b",
    "/fleet?after=d",
    "/fleet",
    "/fleet?after=newb",
    "/fleet?after=newd",
  ]);
  expect(screen.queryByRole("alert")).toBe(null);
  expect(shown()).toBe("abcdef");
});

it("leaves the focus with what was told when the button goes", async () => {
  const { further } = await fleetOfSix();
  await further("abcd");
  await further("abcdef");
  expect(document.activeElement?.getAttribute("role")).toBe("status");
});

it("names a gateway that stands behind the first page", async () => {
  get.mockImplementation(async (path: string) => {
    if (path === "/fleet/a") return { ...device("a"), gateway: "c" };
    return path === "/fleet" ? page(["a", "b"], "p1") : page(["c"]);
  });
  render(<FleetPage />);
  const row = (await screen.findByText("Kit a", { selector: "bdi" })).closest("details")!;
  fireEvent.click(screen.getByRole("button", { name: "Look further" }));
  await screen.findByText("Kit c", { selector: "summary bdi" });
  row.open = true;
  fireEvent(row, new Event("toggle"));
  await screen.findByText("Kit c", { selector: "dd bdi" });
});
