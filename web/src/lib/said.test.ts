import { beforeAll, expect, it } from "vitest";
import kit from "../words/kit.en";
import type { Communication } from "./fhir";
import { startWords } from "./i18n";
import { saidIn } from "./said";

beforeAll(() => startWords({ en: async () => kit, es: async () => kit, ar: async () => kit }));

it("says of a message without words that it has none, and of a call that it was one", () => {
  const told: Communication = {
    resourceType: "Communication",
    status: "completed",
    medium: [{ coding: [{ code: "PHONE" }] }],
  };
  expect(saidIn({ ...told, payload: [{ contentString: "All is well." }] })).toBe("All is well.");
  expect(saidIn(told)).toBe("Told by phone. Nothing was written here.");
  expect(saidIn({ ...told, medium: undefined })).toBe("There are no words in this message.");
});
