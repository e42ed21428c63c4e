// Names are found in any order, with the comma of lists, and with the small words of long names.
import { expect, test } from "vitest";
import { asksOf } from "./find";

test("one word is asked for as it is", () => {
  expect(asksOf("  ")).toEqual([]);
  expect(asksOf(" Che ")).toEqual([[["name", "Che"]]]);
  expect(asksOf("Chen,")).toEqual([[["name", "Chen"]]]);
});

test("family name first finds whom given name first finds", () => {
  const words = (typed: string): string[] =>
    (asksOf(typed)[1] ?? []).map((a) => a.join("=")).sort();
  expect(words("Osborne Albert")).toEqual(words("Albert Osborne"));
  expect(words("Osborne, Albert")).toEqual(["name:contains=Albert", "name:contains=Osborne"]);
  for (const typed of ["Osborne، Albert", "Osborne؛ Albert"])
    expect(words(typed)).toEqual(words("Osborne, Albert"));
  expect(asksOf("Osborne, Albert")[0]).toEqual([["name", "Osborne Albert"]]);
});

test("small words of a long name are no name of their own, those of a short one are", () => {
  expect(asksOf("de la Cruz")[0]).toEqual([["name", "de la Cruz"]]);
  expect(asksOf("de la Cruz Maria")[1]).toEqual([
    ["name:contains", "Cruz"],
    ["name:contains", "Maria"],
  ]);
  expect(asksOf("Li Bo")[1]).toEqual([
    ["name", "Li"],
    ["name", "Bo"],
  ]);
  expect(asksOf("Zhao Bo")[1]).toEqual([
    ["name:contains", "Zhao"],
    ["name", "Bo"],
  ]);
});
