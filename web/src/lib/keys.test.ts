import { h, render } from "preact";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { commands, keyCaps, onKey, useCommands } from "./keys";
import { singleKeys } from "./prefs";

const run = vi.fn();
const press = (
  key: string,
  more: KeyboardEventInit = {},
  target: Element = document.body,
): KeyboardEvent => {
  const e = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
  target.dispatchEvent(e);
  return e;
};
beforeEach(() => {
  document.addEventListener("keydown", onKey);
  commands.value = ["j", "g w", "mod+k", "mod+enter", "?"].map((keys) => ({
    id: keys,
    keys,
    label: keys,
    run: () => run(keys),
    always: keys.startsWith("mod"),
  }));
});
afterEach(() => {
  document.removeEventListener("keydown", onKey);
  document.body.innerHTML = "";
  singleKeys.value = true;
  run.mockClear();
});

describe("keys", () => {
  it("runs single keys, sequences and modified keys", () => {
    press("j");
    press("g");
    press("w");
    press("K", { ctrlKey: true });
    press("?", { shiftKey: true });
    expect(run.mock.calls.flat()).toEqual(["j", "g w", "mod+k", "?"]);
  });
  it("never fires single keys while someone types, nor with Alt", () => {
    document.body.innerHTML = "<textarea></textarea>";
    press("j", {}, document.querySelector("textarea")!);
    press("j", { altKey: true });
    expect(run).not.toHaveBeenCalled();
    press("Enter", { ctrlKey: true }, document.querySelector("textarea")!);
    expect(run).toHaveBeenCalledWith("mod+enter");
  });
  it("single keys can be switched off; modified keys stay", () => {
    singleKeys.value = false;
    press("j");
    press("k", { metaKey: true });
    expect(run.mock.calls.flat()).toEqual(["mod+k"]);
  });
  it("single keys rest while a dialog is open", () => {
    document.body.innerHTML = "<dialog open></dialog>";
    press("j");
    expect(run).not.toHaveBeenCalled();
  });
  it("leaves a key alone that nobody asked for", () => {
    expect(press("x").defaultPrevented).toBe(false);
    expect(press("j").defaultPrevented).toBe(true);
  });
  it("a command is there from the frame in which its button is", () => {
    commands.value = [];
    function Part() {
      useCommands([{ id: "q", keys: "q", label: "q", run: () => run("q") }]);
      return null;
    }
    const root = document.createElement("div");
    render(h(Part, null), root);
    press("q"); // before any effect that waits for paint
    render(null, root);
    press("q");
    expect(run.mock.calls.flat()).toEqual(["q"]);
    expect(commands.value).toEqual([]);
  });
  it("names keys for people", () => {
    expect(keyCaps("g w")).toEqual(["G", "W"]);
  });
});
