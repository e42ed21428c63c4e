import { describe, expect, it } from "vitest";
import type { Patient } from "../lib/fhir";
import { mailEnded } from "./patient";

const ended = (reason: string) => ({
  system: "email",
  extension: [
    {
      url: "https://weft.health/fhir/StructureDefinition/contact-suppressed",
      extension: [{ url: "reason", valueCode: reason }],
    },
  ],
});
const of = (...telecom: NonNullable<Patient["telecom"]>): Patient => ({
  resourceType: "Patient",
  id: "p",
  telecom,
});

describe("whether mail reaches a patient", () => {
  it("tells why when no address is left", () => {
    expect(mailEnded(of(ended("bounce")))).toBe("mail_bounced");
    expect(mailEnded(of(ended("bounce"), ended("complaint")))).toBe("mail_complained");
    expect(mailEnded(of(ended("bounce"), { system: "email", use: "old" }))).toBe("mail_bounced");
  });
  it("is silent where one is left, or none ever was", () => {
    expect(mailEnded(of(ended("bounce"), { system: "email" }))).toBe("");
    expect(mailEnded(of({ system: "phone" }))).toBe("");
  });
});
