// Passkeys with Chromium's own virtual authenticator, by keyboard; the account page; recovery; the
// question who is there. Under a name, not an address of numbers: passkeys belong to names.
import type { Page } from "@playwright/test";
import { axe, expect, shot, signInByHand, test } from "./kit";
import { PORT } from "./playwright.config";

test.use({ baseURL: `http://localhost:${PORT}` });

async function authenticator(page: Page): Promise<void> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("WebAuthn.enable");
  await cdp.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
}

/** Moves with Tab until the wanted thing has the focus. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const e = document.activeElement as HTMLElement | null;
      return e?.getAttribute("aria-label") ?? (e as HTMLInputElement)?.labels?.[0]?.innerText ?? e?.innerText ?? "";
    });
    if (name.test(at.trim())) return;
  }
  throw new Error(`no ${name} within reach of Tab`);
}

async function pages(page: Page, name: string): Promise<void> {
  for (const [width, scheme] of [
    [1280, "light"],
    [390, "dark"],
  ] as const) {
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia({ colorScheme: scheme });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(wide, `${name} at ${width}`).toBeLessThanOrEqual(width);
    await axe(page);
    await shot(page, `${name}-${width}-${scheme}`);
  }
}

test("a passkey is added, opens the door by keyboard alone, and is removed", async ({ page, forgive }) => {
  forgive(/401|403/);
  await authenticator(page);
  await page.goto("/portal/");
  await pages(page, "f1-door");
  await signInByHand(page, "patient");
  await page.goto("/portal/security");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Sign-in and safety");
  await page.getByLabel("Name of this device").fill("Test phone");
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await expect(page.getByText("The passkey is added.").first()).toBeVisible();
  await expect(page.getByText("Test phone", { exact: true }).first()).toBeVisible();
  await pages(page, "f2-security");
  await page.getByRole("button", { name: "Make new codes" }).click();
  const codes = page.locator(".codes li");
  await expect(codes).toHaveCount(10);
  const code = (await codes.first().innerText()).trim();
  await page.getByRole("banner").getByRole("button", { name: "Sign out" }).click();
  // By keyboard alone, with the passkey.
  await expect(page.getByRole("button", { name: "Sign in with a passkey" })).toBeVisible();
  await tabTo(page, /^Sign in with a passkey$/);
  await page.keyboard.press("Enter");
  await expect(page.locator("main#main")).toBeVisible();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Sign-in and safety");
  // In Arabic it reads from the right and nothing is lost.
  await page.goto("/portal/settings");
  await page.getByLabel("Language", { exact: true }).selectOption("ar");
  await page.goto("/portal/security");
  await expect(page.locator("html")).toHaveAttribute("dir", "rtl");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("الدخول والأمان");
  await pages(page, "f3-security-ar");
  await page.goto("/portal/settings");
  await page.getByLabel("اللغة", { exact: true }).selectOption("en");
  await page.goto("/portal/security");
  await page.getByRole("button", { name: /^Remove Test phone/ }).click();
  await expect(page.getByText("The passkey is removed.").first()).toBeVisible();
  await page.getByRole("banner").getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await expect(page.getByRole("alert")).toContainText("does not open an account");
  // A recovery code opens once.
  await page.getByRole("button", { name: "Use a recovery code" }).click();
  await page.locator("#user").fill("patient");
  await page.getByLabel("Recovery code").fill(code);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.locator("main#main")).toBeVisible();
});

test("signing out in one tab ends the other", async ({ page, forgive }) => {
  forgive(/401/);
  await page.goto("/portal/");
  await signInByHand(page, "patient");
  const second = await page.context().newPage();
  await second.goto("/portal/settings");
  await expect(second.getByRole("heading", { level: 1 })).toHaveText("Settings");
  expect(await second.evaluate(() => document.cookie)).toBe("");
  await second.getByRole("banner").getByRole("button", { name: "Sign out" }).click();
  await expect(page.locator("#user")).toBeVisible();
});
