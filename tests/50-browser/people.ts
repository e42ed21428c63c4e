// Brings one patient of the demonstration into a known state through the ordinary API: English, text
// messages first, and living where it is early afternoon now, so that quiet hours do not decide. Their number gets an
// area code that is nowhere (611 is a service code), since an area code's zones count, too; they consent for it anew.
import type { APIRequestContext } from "@playwright/test";
import { api, type Planted, planted } from "./kit";

const ZONE = "http://hl7.org/fhir/StructureDefinition/timezone";
const WANTED_HOUR = 13;

interface Extension {
  url: string;
  valueCode?: string;
}
interface Person {
  id: string;
  name: { text?: string; given: string[]; family: string }[];
  address: { extension?: Extension[] }[];
  communication: unknown[];
  telecom: { system: string; value: string }[];
}
const SIGNED = {
  how: "written",
  type: "prior_express_written_consent",
  channel: "sms",
  purposes: ["care", "appointment"],
  evidence: "Form 7, signed on paper",
  affirmative: true,
  elements: [
    "signature",
    "seller_name",
    "phone_number",
    "automated_tech_authorisation",
    "not_condition_of_purchase",
  ],
};

/** Etc/GMT names have the sign turned round: Etc/GMT+6 is six hours behind. */
export function zoneOfDaytime(now: Date): string {
  let ahead = WANTED_HOUR - now.getUTCHours();
  if (ahead > 12) ahead -= 24;
  if (ahead < -12) ahead += 24;
  return ahead === 0 ? "Etc/GMT" : `Etc/GMT${ahead > 0 ? "-" : "+"}${Math.abs(ahead)}`;
}

/** A monitored patient with nothing planted who gets texts, the n-th of them. */
export function stable(n: number): Planted {
  return planted().filter((p) => p.monitored && p.sms && p.planted === "" && p.language === "en")[n]!;
}

export async function inDaytime(request: APIRequestContext, id: string): Promise<string> {
  const call = await api(request, "nurse2");
  const p = (await call("GET", `/fhir/Patient/${id}`)) as Person;
  for (const a of p.address) {
    a.extension = (a.extension ?? []).filter((x) => x.url !== ZONE);
    a.extension.push({ url: ZONE, valueCode: zoneOfDaytime(new Date()) });
  }
  for (const t of p.telecom)
    if (t.system === "phone") t.value = `+1611${t.value.replace(/\D/g, "").slice(-7)}`;
  await call("PUT", `/fhir/Patient/${id}`, p);
  await call("POST", `/fhir/Patient/${id}/$consent`, SIGNED);
  return p.name[0]!.text ?? `${p.name[0]!.given.join(" ")} ${p.name[0]!.family}`;
}

/** What a pulse meter at home would send. */
export async function pulse(request: APIRequestContext, id: string, values: number[]): Promise<void> {
  const call = await api(request, "nurse2");
  for (const [i, value] of values.entries())
    await call("POST", "/fhir/Observation", {
      resourceType: "Observation",
      status: "final",
      category: [
        {
          coding: [
            { system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "vital-signs" },
          ],
        },
      ],
      code: { coding: [{ system: "http://loinc.org", code: "8867-4", display: "Heart rate" }] },
      subject: { reference: `Patient/${id}` },
      effectiveDateTime: new Date(Date.now() - (values.length - i) * 60_000).toISOString(),
      valueQuantity: { value, unit: "/min", system: "http://unitsofmeasure.org", code: "/min" },
    });
}
