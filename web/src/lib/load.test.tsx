import { render, screen, waitFor } from "@testing-library/preact";
import { expect, it, vi } from "vitest";
import { changed, useLoad } from "./load";
import { begin, end } from "./session";

function Names({ run }: { run: () => Promise<string> }) {
  return <p>{useLoad("Patient|*|names", run).data ?? "nothing"}</p>;
}

it("shows nobody what was read for the one before (review R158)", async () => {
  const person = (user: string) => ({ user, name: user, role: "nurse" });
  begin(person("ada"));
  const { unmount } = render(<Names run={async () => "Rosa Diaz"} />);
  await waitFor(() => screen.getByText("Rosa Diaz"));
  end("expired");
  unmount();
  begin(person("ben"));
  render(<Names run={() => new Promise<string>(() => undefined)} />);
  expect(screen.queryByText("Rosa Diaz")).toBe(null);
  screen.getByText("nothing");
});

it("fetches again while changes never cease, at once and then at intervals", async () => {
  vi.useFakeTimers();
  const run = vi.fn(async () => "Rosa Diaz");
  function Tasks() {
    return <p>{useLoad("Task|*|stream", run).data ?? "nothing"}</p>;
  }
  render(<Tasks />);
  await vi.advanceTimersByTimeAsync(5000);
  expect(run).toHaveBeenCalledTimes(1);
  changed("Task");
  await vi.advanceTimersByTimeAsync(1);
  expect(run).toHaveBeenCalledTimes(2);
  for (let i = 0; i < 100; i++) {
    changed("Task");
    await vi.advanceTimersByTimeAsync(10);
  }
  expect(run.mock.calls.length).toBeGreaterThan(7);
  expect(run.mock.calls.length).toBeLessThan(13);
  vi.useRealTimers();
});
