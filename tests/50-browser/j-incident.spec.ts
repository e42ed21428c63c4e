// A look becomes a case, the case an incident: one officer opens it, counts again, assesses it, marks a letter as sent
// and meets its clocks; another one closes it. Each step passes axe; the screens are taken light and dark, on a desk
// and a phone, and in Arabic.
import { join } from "node:path";
import { type Page } from "@playwright/test";
import { api, axe, expect, shot, signIn, test } from "./kit";
import { WEB } from "./playwright.config";

const SCREENS = join(WEB, "test-results", "screens");

const FACTORS = {
  nature: "Names and home addresses",
  recipient: "A colleague of the ward",
  acquired: "Opened on a screen",
  mitigation: "Nothing was printed",
  reason: "Nobody attests that nothing was kept.",
};
const NOTICE = {
  happened: "A colleague opened your record without a reason.",
  steps: "Look at your bills.",
  doing: "We talk with the colleague and train everybody.",
  contact: "Call 1-800-555-0100.",
};

async function taken(page: Page, name: string): Promise<void> {
  // What was just told lies over the page for some seconds, and so does the bar where the page is scrolled.
  await page.evaluate(() => {
    document.querySelector<HTMLElement>(".toasts")?.style.setProperty("display", "none");
    scrollTo(0, 0);
  });
  for (const width of [1280, 390])
    for (const colorScheme of ["dark", "light"] as const) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      if (width === 390 && colorScheme === "dark") await axe(page);
      await shot(page, `${name}-${colorScheme}-${width}`);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    }
  await page.setViewportSize({ width: 1280, height: 800 });
}

/** The letter of the first row as it stands there: all of it, and nothing beside it. */
async function letterTaken(page: Page, name: string): Promise<void> {
  const letter = page.locator(".letter").first();
  for (const width of [1280, 390])
    for (const colorScheme of ["dark", "light"] as const) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await letter.scrollIntoViewIfNeeded();
      await letter.screenshot({ path: join(SCREENS, `${name}-${colorScheme}-${width}.png`) });
      expect(await letter.evaluate((e) => e.scrollWidth - e.clientWidth)).toBeLessThanOrEqual(0);
    }
  await page.setViewportSize({ width: 1280, height: 800 });
}

const IRENE = {
  resourceType: "Patient",
  name: [{ given: ["Irene"], family: "Lozano" }],
  address: [{ line: ["1 River Street"], city: "Salem", state: "OR", country: "US" }],
};

/** Somebody of the same surname whom nothing brings together with Tomás Lozano. */
async function aLook(request: Parameters<typeof api>[0]): Promise<[found: string, patient: string]> {
  const nurse = await api(request, "nurse");
  const made = (await nurse("POST", "/fhir/Patient", IRENE)) as { id: string };
  const other = await api(request, "nurse2");
  await other("GET", `/fhir/Patient/${made.id}`);
  const officer = await api(request, "privacy");
  let found = "";
  await expect(async () => {
    const all = (await officer("GET", `/fhir/Task?code=case&patient=${made.id}`)) as {
      entry?: { resource: { id: string } }[];
    };
    found = all.entry?.[0]?.resource.id ?? "";
    expect(found).not.toBe("");
  }).toPass();
  return [found, made.id];
}

/** Her letter once she reads Arabic, on an Arabic screen: what the officer wrote stays as it was written. */
async function inArabic(page: Page, request: Parameters<typeof api>[0], id: string): Promise<void> {
  const nurse = await api(request, "nurse");
  const language = { coding: [{ system: "urn:ietf:bcp:47", code: "ar" }] };
  await nurse("PUT", `/fhir/Patient/${id}`, { ...IRENE, id, communication: [{ language, preferred: true }] });
  await page.evaluate(() => localStorage.setItem("weft.language", "ar"));
  await page.reload();
  await page.getByRole("button", { name: "عرض الرسائل" }).click();
  await page.locator("details:has(.letter) > summary").first().click();
  await expect(page.locator(".letter").first()).toHaveAttribute("lang", "ar");
  await expect(page.locator(".letter").first()).toHaveCSS("direction", "rtl");
  // A sentence in English among them has its full stop at its own end.
  await expect(page.locator(".letter").first()).toHaveCSS("unicode-bidi", "plaintext");
  await letterTaken(page, "j3-letter-ar");
  await page.evaluate(() => localStorage.setItem("weft.language", "en"));
  await page.reload();
  await page.getByRole("button", { name: "Show the letters" }).click();
}

test("from a look to a closed incident, by two officers", async ({ page, browser, request, baseURL }) => {
  const [found, irene] = await aLook(request);
  await signIn(page, "console", "privacy");
  await page.goto(`/console/case/${found}`);
  await expect(page.getByText(/are not shown to your role/)).toBeVisible(); // the case, not the care; none of it is asked for
  await page.getByRole("link", { name: "Open an incident" }).click();
  await page.getByLabel("What happened").fill("A colleague looked at a namesake.");
  await taken(page, "j1-open");
  await page.getByRole("button", { name: "Open an incident" }).press("Enter");
  await expect(page.getByRole("heading", { name: "A colleague looked at a namesake." })).toBeVisible();
  await expect(page.getByText(/People: .?1.?; entries/)).toBeVisible();
  await page.getByRole("button", { name: "Count again" }).click();
  await expect(page.getByRole("button", { name: "Count again" })).toBeEnabled();
  await expect(page.getByText("Somebody else than who opened it closes it.")).toBeVisible();

  for (const [name, text] of Object.entries(FACTORS)) await page.locator(`#as-${name}`).fill(text);
  await page.getByRole("radio", { name: "Notice to the people" }).check();
  for (const [name, text] of Object.entries(NOTICE)) await page.locator(`#as-${name}`).fill(text);
  await taken(page, "j2-assess");
  await page.getByRole("button", { name: "Keep the assessment" }).press("Enter");
  await expect(page.getByRole("button", { name: "Assess again" })).toBeVisible();
  await page.getByRole("button", { name: "Show the letters" }).click();
  await expect(page.getByText("By mail")).toBeVisible();
  await page.getByText("By mail").scrollIntoViewIfNeeded();
  await expect(page.locator("[data-budget]").first()).toBeVisible(); // with no letter opened
  await expect(page.locator("[data-budget]").first()).toContainText("this week");
  await page.getByText("The letter", { exact: true }).click();
  await expect(page.locator(".letter")).toContainText("A colleague opened your record");
  await taken(page, "j3-letters");
  await letterTaken(page, "j3-letter");
  await inArabic(page, request, irene);
  await page.getByRole("button", { name: "Ask for all notices" }).click();
  await expect(page.getByRole("button", { name: /Mark as sent/ })).toBeVisible();
  await page.getByRole("button", { name: "The police ask us to wait" }).click();
  await page.getByLabel(/Who asks/).fill("Denver police, Sgt. Roe");
  await page.getByLabel("Until when").fill(new Date(Date.now() + 9 * 86400000).toISOString().slice(0, 10));
  await axe(page);
  await page.getByRole("button", { name: "Keep this" }).click();
  await expect(page.getByText(/asked that notices wait/)).toBeVisible();
  await page.getByRole("button", { name: "We no longer wait" }).click();
  await expect(page.getByText(/It is over/)).toBeVisible();
  await page.getByRole("button", { name: /Mark as sent/ }).click();
  await expect(page.getByRole("button", { name: /Mark as returned/ })).toBeVisible();

  const clocks = page.getByRole("region", { name: "Clocks" }).getByRole("listitem");
  for (let left = await clocks.count(); left > 0; left--) {
    await clocks.first().getByRole("textbox").fill("Written and kept.");
    await clocks.first().getByRole("button", { name: "Done" }).click();
    await expect(clocks).toHaveCount(left - 1);
  }

  const other = await (await browser.newContext({ baseURL })).newPage();
  await signIn(other, "console", "privacy2");
  await other.getByRole("link", { name: "Incidents" }).click();
  await taken(other, "j4-list");
  await other.getByRole("link", { name: /looked at a namesake/ }).click();
  await other.getByLabel("How it ended").fill("Everybody was told.");
  await axe(other);
  await other.getByRole("button", { name: "Close the incident" }).click();
  await expect(other.getByRole("heading", { name: "Closed" })).toBeVisible();
  await expect(other.getByText("Everybody was told.")).toBeVisible();
  await other.evaluate(() => localStorage.setItem("weft.language", "ar"));
  await other.reload();
  await expect(other.locator("html")).toHaveAttribute("dir", "rtl");
  await expect(other.getByRole("heading", { level: 1 })).toContainText("namesake");
  await taken(other, "j5-closed-ar");
  await other.context().close();
});
