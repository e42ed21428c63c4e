// Administrators' accounts and lent roles: what one makes another vets; a role is lent, worked in, taken back.
import { account, axe, expect, shot, signIn, test } from "./kit";

const WORDS = "four plain words here";

test("an account is made, waits for a second administrator, and is ended", async ({ page }) => {
  const name = `zoe.${Date.now() % 100000}`;
  await signIn(page, "console", "admin");
  // No record, no worklist: the first screen is the one that the work is on.
  await expect(page.getByRole("navigation").getByRole("link").first()).toHaveText("Devices");
  await expect(page.getByRole("link", { name: "Accounts" })).toHaveAttribute("aria-current", "page");
  await expect(page.getByRole("link", { name: /Worklist|Patients|Outbox/ })).toHaveCount(0);
  await expect(page.getByText("Another administrator decides about your account.")).toBeVisible();
  await page.getByText("New account").click();
  await page.locator("#ac-user").fill(name);
  await page.locator("#ac-name").fill("Zoe <b>New</b>");
  await page.locator("#ac-role").selectOption("privacy");
  await page.locator("#ac-password").fill(WORDS);
  await axe(page);
  await page.getByRole("button", { name: "Make the account" }).press("Enter");
  await page.getByLabel("Find by name or user").fill(name);
  const card = page.getByRole("listitem").filter({ hasText: name });
  await expect(card).toContainText("Waits to be vetted");
  await expect(card).toContainText("Another administrator has to vet it.");
  // What is changed begins with what is there: a saved name must not make everybody a nurse.
  await expect(page.locator(`[id="ac-${name}-role"]`)).toHaveValue("privacy");
  await expect(card.getByRole("heading")).toHaveText("Zoe <b>New</b>");
  await expect(card.getByRole("button", { name: "Vet and open" })).toHaveCount(0);
  await card.getByRole("button", { name: "Disable" }).click();
  await expect(card).toContainText("Disabled");
  await shot(page, "accounts");
  await page.setViewportSize({ width: 390, height: 800 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
});

test("a role is lent and taken back", async ({ page, browser }) => {
  await signIn(page, "console", "nurse");
  await page.goto("/console/lending");
  await page.getByLabel("Colleague's user name").fill(account("agent").user);
  await page.getByLabel("Why").fill("lunch");
  await axe(page);
  await page.getByRole("button", { name: "Lend", exact: true }).press("Enter");
  await expect(page.getByRole("button", { name: "Take back" })).toBeVisible();
  const other = await (await browser.newContext({ baseURL: test.info().project.use.baseURL })).newPage();
  await signIn(other, "console", "agent");
  await other.goto("/console/lending");
  await other.getByRole("button", { name: "Work in this role" }).click();
  await expect(other.getByText(/You work for .nurse. now/).first()).toBeVisible();
  await page.getByRole("button", { name: "Take back" }).click();
  await expect(page.getByText("Nothing is lent")).toBeVisible();
  await other.context().close();
});
