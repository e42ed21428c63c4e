// Words leave without rows of values in which nothing was typed; who may not take a Part 2 form back is not told to.
import { render, screen } from "@testing-library/preact";
import { expect, test, vi } from "vitest";
import { begin } from "../lib/session";
import { Part2 } from "./part2";
import { filled } from "./words";

const { search } = vi.hoisted(() => ({ search: vi.fn() }));
vi.mock("../lib/api", async (real) => ({ ...(await real<object>()), search }));

test("a row in which nothing was typed is no value; half a row is one, and refused as such", () => {
  const row = (name: string, path: string, en = "") => ({ name, path, fallback: { en } });
  const w = { title: "Flu", kind: "care", texts: {} };
  const kept = filled({
    ...w,
    variables: [row("", " "), row("doctor", ""), row("", "", "you"), row("", "", "")],
  });
  expect(kept.variables).toEqual([row("doctor", ""), row("", "", "you")]);
});

test("taking back is for whom there is a button", async () => {
  search.mockResolvedValue([
    {
      resourceType: "Consent",
      id: "c1",
      status: "active",
      extension: [
        {
          url: "https://weft.health/fhir/StructureDefinition/consent-ends-with",
          valueString: "the end of my care",
        },
      ],
    },
  ]);
  const begun = { user: "ada", name: "Ada", role: "physician" };
  begin(begun);
  const { unmount } = render(<Part2 patient="p1" />);
  await screen.findByText(/p2_state_event/);
  expect(screen.queryByText(/p2_event_act/)).toBe(null);
  expect(screen.queryByRole("button")).toBe(null);
  unmount();
  begin({ ...begun, role: "nurse" });
  render(<Part2 patient="p1" />);
  await screen.findByText(/p2_event_act/);
  screen.getByRole("button", { name: "p2_revoke" });
});
