// That a patient shares their claims with who treats them, as a Consent (ADR 67): what one says, and which one stands.
// The server decides what is shown; this writes the word down and finds it again.
import { call, post, search } from "./api";
import { CONSENT_CATEGORY, type Consent, isOfCategory } from "./fhir";
import { useLoad } from "./load";

const CODE = "claims";
const TYPES = ["Claim", "ExplanationOfBenefit"];

export interface Said {
  how: "oral" | "written" | "web";
  evidence?: string;
  until?: string;
}
export const isClaims = (c: Consent): boolean => isOfCategory(c, CODE);
const DAY = 86_400_000;
/** Its last day counts whole, as the server reckons (in UTC). */
function isOver(c: Consent, now: number): boolean {
  const end = c.provision?.period?.end ?? "";
  return Date.parse(end) + (end.includes("T") ? 0 : DAY) <= now;
}
/** Those that share something today. */
export const standing = (all: Consent[] | undefined, now = Date.now()): Consent[] =>
  (all ?? []).filter((c) => c.status === "active" && isClaims(c) && !isOver(c, now));
/** Until when, if a single one says. */
export const lastDay = (all: Consent[]): string | undefined =>
  all.length === 1 ? all[0]!.provision?.period?.end : undefined;

const base64 = (text: string): string =>
  btoa(String.fromCharCode(...new TextEncoder().encode(text)));

export function claimsConsent(patient: string, said: Said): object {
  return {
    resourceType: "Consent",
    status: "active",
    scope: {
      coding: [
        { system: "http://terminology.hl7.org/CodeSystem/consentscope", code: "patient-privacy" },
      ],
    },
    category: [{ coding: [{ system: CONSENT_CATEGORY, code: CODE }] }],
    patient: { reference: `Patient/${patient}` },
    dateTime: new Date().toISOString(),
    policyRule: { coding: [{ system: "https://weft.health/fhir/consent-form", code: said.how }] },
    ...(said.evidence && {
      sourceAttachment: { contentType: "text/plain", data: base64(said.evidence) },
    }),
    provision: {
      type: "permit",
      ...(said.until && { period: { end: said.until } }),
      class: TYPES.map((code) => ({ system: "http://hl7.org/fhir/resource-types", code })),
      purpose: [{ system: "http://terminology.hl7.org/CodeSystem/v3-ActReason", code: "TREAT" }],
    },
  };
}

export const claimsKey = (patient: string): string => `Consent|${patient}|claims`;
export const useClaimsConsents = (patient: string) =>
  useLoad<Consent[]>(claimsKey(patient), async () =>
    standing(await search<Consent>("Consent", { patient, status: "active", _count: "200" }, 200)),
  );
export const shareClaims = (patient: string, said: Said): Promise<unknown> =>
  post("/fhir/Consent", claimsConsent(patient, said));
/** All of them: one that stayed would share as before. */
export async function keepClaims(all: Consent[]): Promise<void> {
  for (const c of all) await call("PUT", `/fhir/Consent/${c.id}`, { ...c, status: "inactive" });
}
