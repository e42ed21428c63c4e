// What came of a programme where the site has loaded the weights of a licensed instrument: scored, beside people like
// them, with intervals; in three languages, on a phone and on a desk. And a house with more devices than one answer has.
// No weight here is the instrument's: the table is made for this walk.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { APIRequestContext, Page } from "@playwright/test";
import { enter, House, OWN } from "./house";
import { axe, expect, shot, test } from "./kit";

test.use({ baseURL: OWN });
const house = new House();
let token = "";
const ITEMS = ["1", "2a", "2b", "3a", "3b", "4a", "4b", "5", "6a", "6b", "6c", "7"];
const none = Object.fromEntries(ITEMS.map((i) => [i, 0]));
const energy = Object.fromEntries([1, 2, 3, 4, 5, 6].map((k) => [k, 24 - 4 * k]));
const TABLE = {
  "vr-12": {
    version: "made-up.1",
    source: "made for a walk",
    scores: {
      physical: { intercept: 10, items: { ...none, "2a": 0.1 } },
      mental: { intercept: 20, items: { ...none, "6b": energy } },
    },
  },
};
const ago = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString();

test.beforeAll(async () => {
  house.init();
  house.user("ada", "--trained");
  token = house.token("system");
  const table = join(house.dir, "weights.json");
  writeFileSync(table, JSON.stringify(TABLE));
  await house.serve(`survey.weights_file = ${table}\n`);
});
test.afterAll(() => house.end());

async function bundle(request: APIRequestContext, entries: [string, object][]): Promise<void> {
  const entry = entries.map(([url, resource]) => ({
    resource,
    request: { method: url.includes("/") ? "PUT" : "POST", url },
  }));
  const res = await request.post("/fhir", {
    data: { resourceType: "Bundle", type: "transaction", entry },
    headers: { authorization: `Bearer ${token}`, "content-type": "application/fhir+json" },
  });
  expect(res.ok(), await res.text()).toBe(true);
}

/** Somebody with a weak heart, in the programme for a hundred days or not; their VR-12 before and after. */
function person(n: number, into: boolean, walk: [number, number]): [string, object][] {
  const of = { reference: `Patient/p${n}` };
  const coded = (system: string, code: string): object => ({ coding: [{ system, code }] });
  const answer = (name: string, days: number, how: number): [string, object] => [
    `QuestionnaireResponse/r${n}${name}`,
    {
      resourceType: "QuestionnaireResponse",
      id: `r${n}${name}`,
      status: "completed",
      questionnaire: "https://weft.health/fhir/Questionnaire/vr-12|1",
      subject: of,
      authored: ago(days),
      item: ITEMS.map((linkId) => ({
        linkId,
        answer: [{ valueCoding: { code: linkId === "2a" ? `${how}` : linkId === "6b" ? `${4 - how}` : "1" } }],
      })),
    },
  ];
  const began = { start: ago(100) };
  const episode: [string, object] = [
    `EpisodeOfCare/e${n}`,
    {
      resourceType: "EpisodeOfCare",
      id: `e${n}`,
      status: "active",
      statusHistory: [{ status: "active", period: began }],
      type: [coded("https://weft.health/fhir/programme", "heart-failure")],
      patient: of,
      period: began,
    },
  ];
  return [
    [`Patient/p${n}`, { resourceType: "Patient", id: `p${n}`, birthDate: "1950-03-02" }],
    [
      `Condition/c${n}`,
      {
        resourceType: "Condition",
        id: `c${n}`,
        clinicalStatus: coded("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"),
        code: coded("http://snomed.info/sct", "84114007"),
        subject: of,
      },
    ],
    ...(into ? [episode] : []),
    answer("b", 120, walk[0]),
    answer("a", 20, walk[1]),
  ];
}

async function speak(page: Page, code: string): Promise<void> {
  await page.locator("summary", { hasText: /Account|الحساب|Cuenta/ }).click();
  await page.locator("#menu-language").selectOption(code);
  await expect(page.locator("html")).toHaveAttribute("lang", code);
  await page.keyboard.press("Escape");
}

/** The page itself never scrolls sideways; a wide table does, in a frame of its own. */
async function looks(page: Page, name: string): Promise<void> {
  for (const [width, scheme] of [
    [1280, "light"],
    [390, "dark"],
  ] as const) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    await axe(page);
    await shot(page, `${name}-${width}-${scheme}`);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
  }
}

test("outcomes with a scoring table loaded, by language, on a desk and on a phone", async ({ page, request }) => {
  await bundle(
    request,
    [1, 2, 3, 4].flatMap((n) => person(n, n < 3, n < 3 ? [3 - n, 3] : [2, 2])),
  );
  await page.goto("/console/");
  await enter(page, "ada");
  await page.getByRole("link", { name: "Programmes" }).click();
  await page.getByRole("radio", { name: "Outcomes" }).check({ force: true });
  await expect(page.getByText(/VR-12.*is scored by table .?made-up\.1/)).toBeVisible();
  const body = page.getByRole("row", { name: /^VR-12, body/ });
  await expect(async () => {
    await page.reload(); // the scores of answers that were here before follow
    await page.getByRole("radio", { name: "Outcomes" }).check({ force: true });
    await expect(body).toContainText(/12\.50.*20\.00/, { timeout: 2000 });
  }).toPass({ timeout: 60_000 });
  await expect(body).toContainText(/7\.5/); // the difference of the changes
  await expect(page.getByRole("img", { name: /difference|changes/i })).toBeVisible();
  await looks(page, "o10-outcomes-en");
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: /file|CSV/i }).click(),
  ]);
  expect(file.suggestedFilename()).toBe("outcomes.csv");
  await page.setViewportSize({ width: 1280, height: 900 });
  await speak(page, "ar");
  await expect(page.locator("html")).toHaveAttribute("dir", "rtl");
  await expect(page.getByText(/made-up\.1/)).toBeVisible();
  // "VR-12" stands before its part also in a chart, which runs from left to right.
  expect(await page.locator(".xp-chart text").first().evaluate((e) => e.textContent)).toMatch(/^\u2067VR-12/);
  await looks(page, "o10-outcomes-ar");
});

test("a device that is not among those loaded is found by asking further", async ({ page, request }) => {
  for (let i = 0; i < 6; i++)
    await bundle(
      request,
      Array.from({ length: 90 }, (_, k) => [
        "Device",
        { resourceType: "Device", serialNumber: `PAGE-${i}-${k}`, modelNumber: "H2" },
      ]),
    );
  await page.goto("/console/");
  await enter(page, "ada");
  await page.getByRole("link", { name: "Devices" }).click();
  await expect(page.getByText(/500\W* of \W*540\W* devices were looked at/).first()).toBeVisible();
  await looks(page, "m10-many-devices");
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.getByLabel("Find a device").fill("PAGE-0-0");
  await expect(page.getByText("No device here")).toBeVisible();
  await page.getByRole("button", { name: "Look further" }).press("Enter");
  await expect(page.locator("summary").getByText("PAGE-0-0").first()).toBeVisible();
  await expect(page.getByText(/devices were looked at/)).toHaveCount(0);
  await axe(page);
});
