import { expect, it } from "vitest";
import { budgetText } from "./budget";

const sources = import.meta.glob<string>("./*.tsx", {
  query: "?raw",
  import: "default",
  eager: true,
});
/** What sends or prints something for a patient, or says that it was: a door of the server's. */
const CONTACTS =
  /(?:post|call)(?:<[^(]*>)?\(\s*(?:"P\w+",\s*)?[`"][^`"]*(?:\$(?:send|told|ask|call)|\/letters|\/send|\/step)\b/;
/** What a screen shows without anything being opened, as far as its text says so. */
const openly = (text: string): string => text.replace(/<details\b[\s\S]*?<\/details>/g, "");
/** Of nobody yet: the page of the campaign shows the budget of those whom it would reach. */
const OF_NOBODY = ["./life.tsx"];

it("takes what is folded away for not shown", () => {
  expect(openly("a<details class>b<ContactBudget /></details>c<details>d</details>")).toBe("ac");
});

it("shows the contact budget wherever somebody can be contacted", () => {
  const able = Object.entries(sources).filter(([, text]) => CONTACTS.test(text));
  const without = able.filter(([, text]) => !openly(text).includes("<ContactBudget "));
  expect(able.map(([name]) => name)).toEqual(
    expect.arrayContaining([
      "./call.tsx",
      "./composer.tsx",
      "./daily.tsx",
      "./letters.tsx",
      "./post.tsx",
      "./results.tsx",
    ]),
  );
  expect(without.map(([name]) => name)).toEqual(OF_NOBODY);
});

it("says why more than the limit is no breach", () => {
  const says = (day: number, week: number): string[] =>
    budgetText({ day: { limit: 1, used: day, left: 0 }, week: { limit: 2, used: week, left: 0 } });
  expect(says(4, 2)).toContain("budget_over"); // without a screen a word is its key
  expect(says(0, 3)).toContain("budget_over");
  expect(says(1, 2)).not.toContain("budget_over");
});
