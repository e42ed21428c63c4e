// The same screens in every look: light and dark, phone and desk, three languages, forced colours,
// reduced motion, and at 320 px. Each must pass axe and never scroll sideways.
import { type Browser, type Page } from "@playwright/test";
import { axe, expect, shot, signIn, test } from "./kit";
import { PICTURE } from "./playwright.config";

interface Look {
  name: string;
  width: number;
  scheme: "light" | "dark";
  lang: "en" | "es" | "ar";
  forced?: "active";
}
const LOOKS: Look[] = [
  { name: "light-1280-en", width: 1280, scheme: "light", lang: "en" },
  { name: "dark-1280-es", width: 1280, scheme: "dark", lang: "es" },
  { name: "light-1280-ar", width: 1280, scheme: "light", lang: "ar" },
  { name: "dark-390-en", width: 390, scheme: "dark", lang: "en" },
  { name: "light-390-ar", width: 390, scheme: "light", lang: "ar" },
  { name: "light-390-es", width: 390, scheme: "light", lang: "es" },
  { name: "light-320-es", width: 320, scheme: "light", lang: "es" },
  { name: "forced-1280-en", width: 1280, scheme: "dark", lang: "en", forced: "active" },
];

async function open(browser: Browser, look: Look): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: look.width, height: look.width < 600 ? 844 : 800 },
    colorScheme: look.scheme,
    forcedColors: look.forced ?? "none",
    reducedMotion: "reduce",
    locale: look.lang,
    timezoneId: "America/Chicago",
  });
  await context.addInitScript((l) => localStorage.setItem("weft.language", l), look.lang);
  return context.newPage();
}

async function noSideways(page: Page): Promise<void> {
  const over = await page.evaluate(() => {
    const root = document.documentElement;
    return root.scrollWidth - root.clientWidth;
  });
  expect(over, "the page scrolls sideways").toBeLessThanOrEqual(0);
}

async function settle(page: Page, name: string): Promise<void> {
  await page.waitForLoadState("domcontentloaded");
  await expect(page.locator("[aria-busy]")).toHaveCount(0);
  await page.evaluate(() => document.fonts.ready);
  await noSideways(page);
  await axe(page);
  await shot(page, name);
}

for (const look of LOOKS) {
  test(`console in ${look.name}`, async ({ browser }) => {
    const page = await open(browser, look);
    await signIn(page, "console", "nurse");
    await expect(page.locator("html")).toHaveAttribute("lang", look.lang);
    await expect(page.locator("[data-row]").first()).toBeVisible();
    await settle(page, `console-list-${look.name}`);
    await page.locator("[data-row]").first().click();
    await expect(page.locator("h1")).toBeVisible();
    await expect(page.locator("figure.hero svg").first()).toBeVisible();
    // Why the case is open is said in the language of the screen.
    const why = { en: /limit|Answered|wrote/, es: /límite|Respondió|escribió/, ar: /الحد|حد هذا|أجاب|كتب/ };
    await expect(page.locator("p.case-why")).toHaveText(why[look.lang]);
    await settle(page, `console-case-${look.name}`);
    await page.context().close();
  });
  test(`portal in ${look.name}`, async ({ browser }) => {
    const page = await open(browser, look);
    await signIn(page, "portal", "patient");
    await expect(page.locator(".number").first()).toBeVisible();
    await settle(page, `portal-home-${look.name}`);
    await page.locator('.places a[href$="/readings"]').click();
    await expect(page.locator(".chart svg").first()).toBeVisible();
    await settle(page, `portal-readings-${look.name}`);
    await page.context().close();
  });
}

test("the picture of the README", async ({ page }) => {
  await signIn(page, "console", "nurse");
  await page.getByRole("link", { name: /Weight up .* in 3 days/ }).first().click();
  await expect(page.locator("figure.hero svg")).toBeVisible();
  await expect(page.locator("section.case")).toBeVisible();
  await page.getByLabel("Template").selectOption({ label: "Please measure again" });
  await expect(page.locator(".verdict")).toBeVisible();
  await page.locator("#main").focus();
  await page.evaluate(() => document.fonts.ready);
  await shot(page, "readme");
  if (process.env.WEFT_README_PICTURE) await page.screenshot({ path: PICTURE });
});

test("every command of the screen is in the palette, without a mouse", async ({ page }) => {
  await signIn(page, "console", "nurse");
  await page.keyboard.press("?");
  const sheet = page.getByRole("dialog", { name: "Keys on this screen" });
  await expect(sheet.getByText("Next row")).toBeVisible();
  await axe(page);
  await page.keyboard.press("Escape");
  await expect(sheet).toHaveCount(0);
  await page.keyboard.press("Control+k");
  await page.keyboard.type("patients");
  await expect(page.getByRole("option", { name: /Go to patients/ })).toBeVisible();
  await axe(page);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Patients" })).toBeVisible();
  await page.keyboard.press("g");
  await page.keyboard.press("w");
  await expect(page.getByRole("heading", { level: 1, name: "Worklist" })).toBeVisible();
});

test("data is on screen in time on a slow phone", async ({ browser }) => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  const page = await context.newPage();
  await signIn(page, "portal", "patient");
  const cdp = await context.newCDPSession(page);
  await cdp.send("Network.enable");
  await cdp.send("Network.setCacheDisabled", { cacheDisabled: true });
  await cdp.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: 150,
    downloadThroughput: (1.6 * 1024 * 1024) / 8,
    uploadThroughput: (0.75 * 1024 * 1024) / 8,
  });
  await cdp.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  const start = Date.now();
  await page.reload({ waitUntil: "commit" });
  await page.locator(".number").first().waitFor();
  // The target is 1.5 s; the figure is reported, never judged, since the machine may be busy.
  console.log(`portal, slow phone: data on screen after ${Date.now() - start} ms (target 1500)`);
  await context.close();
});
