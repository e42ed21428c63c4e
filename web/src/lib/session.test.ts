import { expect, it } from "vitest";
import { call } from "./api";
import { begin, end, session } from "./session";
import { asking } from "./stepup";

const person = (user: string) => ({ user, name: user, role: "nurse", csrf: user });
const refused = () =>
  new Response(JSON.stringify({ issue: [{ expression: ["step-up"] }] }), { status: 403 });

it("does no act of one person in the name of the next (review R157)", async () => {
  const asked: string[] = [];
  globalThis.fetch = (async (_: unknown, o: RequestInit) => {
    asked.push((o.headers as Record<string, string>)["x-weft-csrf"] ?? "");
    return refused();
  }) as typeof fetch;
  begin(person("ada"));
  const act = call("POST", "/auth/accounts/state", {}).catch((e) => e.status);
  while (!asking.value) await new Promise((r) => setTimeout(r));
  end("expired");
  begin(person("ben"));
  expect(asking.value).toBe(null);
  expect(await act).toBe(403);
  expect(asked).toEqual(["ada"]);
  expect(session.value?.user).toBe("ben");
});
