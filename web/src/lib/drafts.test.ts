import { beforeEach, expect, it } from "vitest";
import { draft, keepDraft, wipeDrafts } from "./drafts";
import { session } from "./session";

const person = (user: string) => ({ user, name: user, role: "nurse" });

beforeEach(() => sessionStorage.clear());

it("keeps a draft through an expired session for the one who wrote it (review R23)", () => {
  session.value = person("ada");
  keepDraft("p1", "Please call");
  session.value = null;
  expect(draft("p1")).toBe("Please call");
  session.value = person("ben");
  expect(draft("p1")).toBe("");
  session.value = person("ada");
  expect(draft("p1")).toBe("Please call");
});

it("wipes everybody's drafts when somebody signs out", () => {
  session.value = person("ada");
  keepDraft("p1", "x");
  wipeDrafts();
  expect(draft("p1")).toBe("");
});
