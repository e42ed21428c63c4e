// A record in which every text is an attack: markup, scripts, addresses that run code, direction marks.
// On every page it stays text. Last of the walks, since it leaves the patient so.
import type { Page } from "@playwright/test";
import { account, api, expect, signIn, test } from "./kit";

const ATTACK = `"'><img src=x onerror="window.weftHit=1"><svg/onload=window.weftHit=1></svg><script>window.weftHit=1</script>{{7*7}}`;
const RUNS = "javascript:window.weftHit=1";
const TEXTS = new Set(
  "text display family given prefix suffix line city district title description comment name unit valueString contentString patientInstruction label summary".split(
    " ",
  ),
);

type Json = { [name: string]: unknown };

/** Every text in it becomes the attack; codes, ids, dates, references and narrative stay. */
function hostile(x: unknown, name = ""): unknown {
  if (Array.isArray(x)) return x.map((y) => hostile(y, name));
  if (typeof x === "string") return TEXTS.has(name) ? ATTACK : x;
  if (x === null || typeof x !== "object") return x;
  const made: Json = {};
  for (const [k, v] of Object.entries(x as Json))
    if (k !== "text" || typeof v === "string") made[k] = hostile(v, k);
  return made;
}

/** Nothing ran, nothing became an element, no link runs code; and the attack was really on the page. */
async function harmless(page: Page, shown: boolean): Promise<void> {
  await expect(page.locator("[aria-busy]")).toHaveCount(0);
  const found = await page.evaluate(() => ({
    hit: (window as { weftHit?: number }).weftHit,
    made: document.querySelectorAll('img[src="x"], svg[onload], [onerror], body script:not([src])').length,
    links: [...document.querySelectorAll("a[href], form[action]")].filter((a) =>
      /^\s*javascript:/i.test(a.getAttribute("href") ?? a.getAttribute("action") ?? ""),
    ).length,
    text: document.body.innerText.includes("onerror="),
  }));
  expect(found, page.url()).toEqual({ hit: undefined, made: 0, links: 0, text: shown || found.text });
}

async function poison(call: Awaited<ReturnType<typeof api>>, patient: string): Promise<void> {
  const subject = { reference: `Patient/${patient}` };
  await call("POST", "/fhir/Condition", { resourceType: "Condition", subject, code: { text: "Cough" } });
  await call("POST", "/fhir/MedicationRequest", {
    resourceType: "MedicationRequest",
    status: "active",
    intent: "order",
    subject,
    medicationCodeableConcept: { text: "Syrup" },
    dosageInstruction: [{ text: "Daily", patientInstruction: "Daily" }],
  });
  const types = ["Condition", "MedicationRequest", "Observation", "Encounter", "CarePlan", "AllergyIntolerance"];
  for (const type of types) {
    const found = (await call("GET", `/fhir/${type}?patient=${patient}&_sort=-_lastUpdated&_count=20`)) as {
      entry?: { resource: Json }[];
    };
    for (const { resource } of found.entry ?? [])
      await call("PUT", `/fhir/${type}/${resource.id as string}`, hostile(resource));
  }
  const person = hostile(await call("GET", `/fhir/Patient/${patient}`)) as Json;
  person.telecom = [...((person.telecom as Json[]) ?? []), { system: "url", value: RUNS }];
  person.photo = [{ url: RUNS, title: ATTACK }];
  await call("PUT", `/fhir/Patient/${patient}`, person);
}

test("attacks in every text of a record stay text on every page", async ({ page, request }) => {
  const patient = account("patient").patient;
  const call = await api(request, "nurse2");
  await poison(call, patient);
  let asked = 0;
  page.on("dialog", (d) => {
    asked++;
    void d.dismiss();
  });

  await signIn(page, "console", "nurse");
  await page.goto(`/console/patient/${patient}`);
  await expect(page.getByRole("region", { name: "Medicines" }).getByText("onerror=").first()).toBeVisible();
  await harmless(page, true);
  await page.getByRole("tab", { name: "Timeline" }).click();
  await expect(page.getByRole("tabpanel").getByRole("listitem").first()).toBeVisible();
  await harmless(page, true);
  for (const place of ["/console/", "/console/patients", "/console/outbox"]) {
    await page.goto(place);
    await expect(page.locator("h1").first()).toBeVisible();
    await harmless(page, false);
  }

  await signIn(page, "portal", "patient");
  for (const place of ["", "readings", "messages", "looked", "helpers", "settings", "security"]) {
    await page.goto(`/portal/${place}`);
    await expect(page.locator("h1").first()).toBeVisible();
    await harmless(page, place === "");
  }
  expect(asked).toBe(0);
});

test("who prints is told to the patient", async ({ page, request }) => {
  const patient = account("patient").patient;
  await signIn(page, "console", "nurse");
  await page.goto(`/console/patient/${patient}`);
  await expect(page.getByRole("region", { name: "Medicines" })).toBeVisible();
  const told = page.waitForResponse((r) => r.url().endsWith(`/Patient/${patient}/$print`));
  await page.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
  expect((await told).status()).toBe(204);
  const mine = await api(request, "patient");
  const looks = (await mine("GET", `/fhir/AuditEvent?patient=${patient}&_count=100`)) as {
    entry: { resource: { subtype?: { code: string }[] } }[];
  };
  expect(looks.entry.some((e) => e.resource.subtype?.[0]?.code === "print")).toBe(true);
});
