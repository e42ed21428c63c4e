import { cleanup, fireEvent, render, screen } from "@testing-library/preact";
import { useState } from "preact/hooks";
import { afterEach, expect, it, vi } from "vitest";
import { Workspace } from "./workspace";

const right = vi.hoisted(() => ({ is: false }));
const panel = vi.hoisted(() => ({ of: (_: string): unknown => null }));
vi.mock("./case", () => ({ CasePanel: () => panel.of("case") }));
vi.mock("./right", () => ({ RightPanel: () => panel.of("right") }));
vi.mock("../lib/rights", () => ({ rightOf: () => right.is }));
vi.mock("./composer", () => ({ Composer: () => null, Thread: () => null }));
vi.mock("./patient", () => ({ PatientPane: () => null }));
vi.mock("./worklist", () => ({ BackLink: () => null, Worklist: () => null }));
vi.mock("./data", () => ({
  behind: () => undefined,
  usePatientCases: () => ({}),
  useTask: (id: string) => ({ data: { id, for: { reference: `Patient/of-${id}` } } }),
}));
panel.of = (name) => {
  const [open, setOpen] = useState(false);
  return (
    <button type="button" onClick={() => setOpen(true)}>
      {open ? `${name} open` : `${name} shut`}
    </button>
  );
};
afterEach(cleanup);

it.each(["case", "right"])("leaves nothing of a %s open under the next one", (name) => {
  right.is = name === "right";
  const { rerender } = render(<Workspace task="t1" patient={null} />);
  fireEvent.click(screen.getByText(`${name} shut`));
  expect(screen.getByText(`${name} open`)).toBeTruthy();
  rerender(<Workspace task="t2" patient={null} />); // as browser Back does
  expect(screen.getByText(`${name} shut`)).toBeTruthy();
});
