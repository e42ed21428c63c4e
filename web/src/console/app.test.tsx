import { act, cleanup, render, screen } from "@testing-library/preact";
import { afterEach, expect, it, vi } from "vitest";
import { go } from "../lib/router";
import { session } from "../lib/session";
import { App } from "./app";

vi.stubGlobal("fetch", () => new Promise(() => undefined)); // nothing is answered
afterEach(cleanup);

function openedBy(role: string, at: string): HTMLElement {
  session.value = { user: role, name: role, role };
  go(at);
  render(<App />);
  return screen.getByRole("navigation", { name: "nav" });
}
const marked = (menu: HTMLElement): (string | null)[] =>
  [...menu.querySelectorAll("[aria-current=page]")].map((a) => a.getAttribute("href"));

it.each([
  ["outreach", "/campaigns/c1", "/campaigns"],
  ["privacy", "/incidents/i1", "/incidents"],
  ["privacy", "/incidents/case/k1", "/incidents"],
  ["nurse", "/complaints/d1", "/complaints"],
  ["nurse", "/patient/p1", "/patients"],
  ["nurse", "/case/k1", "/"],
  ["nurse", "/", "/"],
  ["admin", "/", "/accounts"],
])("marks the place in the menu of %s at %s", (role, at, place) => {
  const menu = openedBy(role, at);
  expect(marked(menu).map((h) => h?.replace(/^\/console/, ""))).toEqual([place]);
  act(() => go("/security")); // in no menu
  expect(marked(menu)).toEqual([]);
});

it.each(["nurse", "agent", "clinician", "outreach", "privacy", "admin"])(
  "has a picture of its own for each place of %s",
  (role) => {
    const all = [...openedBy(role, "/security").querySelectorAll("a path")].map((p) =>
      p.getAttribute("d"),
    );
    expect(all.length).toBeGreaterThan(1);
    expect(new Set(all).size).toBe(all.length);
  },
);
