import { cleanup, fireEvent, render, screen } from "@testing-library/preact";
import { useState } from "preact/hooks";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { startWords } from "../lib/i18n";
import kit from "../words/kit.en";
import { Choice, Dialog, Tabs } from "./basics";
import { Mark } from "./severity";
import { Toasts, tell } from "./toast";

beforeAll(() => startWords({ en: async () => kit, es: async () => kit, ar: async () => kit }));
afterEach(() => {
  cleanup();
  document.documentElement.dir = "ltr";
  vi.useRealTimers();
});

function TwoTabs() {
  const [tab, setTab] = useState<"a" | "b" | "c">("a");
  const tabs = (["a", "b", "c"] as const).map((value) => ({ value, label: value }));
  return (
    <Tabs label="tabs" value={tab} tabs={tabs} onChange={setTab}>
      {`panel ${tab}`}
    </Tabs>
  );
}
const key = (k: string) => fireEvent.keyDown(document.activeElement!, { key: k });

describe("tabs", () => {
  it("follow the arrow keys, Home and End, and wrap", () => {
    render(<TwoTabs />);
    screen.getByRole("tab", { name: "a" }).focus();
    key("ArrowRight");
    expect(screen.getByRole("tabpanel").textContent).toBe("panel b");
    expect(document.activeElement?.textContent).toBe("b");
    key("End");
    key("ArrowRight");
    expect(screen.getByRole("tabpanel").textContent).toBe("panel a");
    key("ArrowLeft");
    key("Home");
    expect(screen.getByRole("tab", { selected: true }).textContent).toBe("a");
  });
  it("turn the arrows round in right-to-left text", () => {
    document.documentElement.dir = "rtl";
    render(<TwoTabs />);
    screen.getByRole("tab", { name: "a" }).focus();
    key("ArrowLeft");
    expect(screen.getByRole("tabpanel").textContent).toBe("panel b");
  });
  it("only the chosen tab is in the tab order", () => {
    render(<TwoTabs />);
    expect(screen.getAllByRole("tab").map((x) => x.tabIndex)).toEqual([0, -1, -1]);
  });
});

it("a choice is a group of radios with a name", () => {
  const pick = vi.fn();
  render(
    <Choice
      legend="Period"
      value="7"
      options={[
        { value: "7", label: "7 days" },
        { value: "30", label: "30 days" },
      ]}
      onChange={pick}
    />,
  );
  expect(screen.getByRole("group", { name: "Period" })).toBeTruthy();
  fireEvent.click(screen.getByRole("radio", { name: "30 days" }));
  expect(pick).toHaveBeenCalledWith("30");
});

it("a dialog is named by its title and gives the focus back", () => {
  render(<button type="button">opener</button>);
  const opener = screen.getByText("opener");
  opener.focus();
  const { unmount } = render(
    <Dialog title="Sure?" onClose={() => {}}>
      text
    </Dialog>,
  );
  const dialog = document.querySelector("dialog")!;
  expect(document.getElementById(dialog.getAttribute("aria-labelledby")!)?.textContent).toBe(
    "Sure?",
  );
  unmount();
  expect(document.activeElement).toBe(opener);
});

it("severity always says its word", () => {
  const { container } = render(<Mark of="critical" />);
  expect(container.textContent).toBe("Critical");
  expect(container.querySelector("svg path")).toBeTruthy();
});

it("an undo stays for its whole window, then goes", async () => {
  vi.useFakeTimers();
  const undo = vi.fn();
  render(<Toasts />);
  tell("Sent.", undo, 10_000);
  await vi.advanceTimersByTimeAsync(9000);
  const button = screen.getByRole("button", { name: /Undo/ });
  fireEvent.click(button);
  expect(undo).toHaveBeenCalledOnce();
  tell("Sent again.", undo, 10_000);
  await vi.advanceTimersByTimeAsync(10_100);
  expect(screen.queryByRole("button", { name: /Undo/ })).toBeNull();
  expect(undo).toHaveBeenCalledOnce();
});
