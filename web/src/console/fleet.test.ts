// A device is found by what its row shows, words in any order.
import { expect, test } from "vitest";
import { isAbout } from "./fleet";

test("every word stands somewhere in the row", () => {
  const d = {
    id: "kit-1",
    name: "Home monitoring kit",
    state: "stock",
    serial: "WK-90001",
    model: "H2",
    patientName: "Albert Osborne",
    next: [],
    code: false,
  };
  for (const typed of [
    "",
    " ",
    "wk-9",
    "90001 kit",
    "osborne, albert",
    "osborne، albert؛",
    "H2 home",
    "kit-1",
  ])
    expect(isAbout(d, typed)).toBe(true);
  for (const typed of ["wk-8", "osborne maria", "shipped"]) expect(isAbout(d, typed)).toBe(false);
});
