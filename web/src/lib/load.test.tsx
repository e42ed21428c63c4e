import { render, screen, waitFor } from "@testing-library/preact";
import { expect, it } from "vitest";
import { useLoad } from "./load";
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
