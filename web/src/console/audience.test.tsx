import { cleanup, render, screen } from "@testing-library/preact";
import { afterEach, beforeAll, expect, it } from "vitest";
import { startWords } from "../lib/i18n";
import words from "../words/console.en";
import { type Audience, Expert, refusedType } from "./audience";

beforeAll(() =>
  startWords({ en: async () => words, es: async () => words, ar: async () => words }),
);
afterEach(cleanup);

it("says to every role what it may search, also to one that may search Condition", () => {
  const a: Audience = { purpose: "care", lately: 7, holdOut: 10, groups: [] };
  const nothing = () => undefined;
  render(
    <Expert
      a={a}
      may={["Appointment", "Condition"]}
      veiled={false}
      search=""
      onSearch={nothing}
      add={nothing}
      set={nothing}
    />,
  );
  expect(screen.getByText(/^Your role may search/).textContent).toMatch(/Appointment.*Condition/);
});

it("says before it is tried which type a search of one's own may not ask for", () => {
  const may = ["Appointment", "Patient"];
  expect(refusedType("Condition?code=1", may)).toBe("Condition");
  expect(refusedType("  Patient?gender=female", may)).toBe("");
  for (const unfinished of ["", " ", "Cond", "Condition"])
    expect(refusedType(unfinished, may)).toBe("");
});
