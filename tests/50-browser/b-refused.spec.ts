// A message that may not go says why, names its rules, and cannot be sent.
import { axe, expect, shot, signIn, signInByHand, test } from "./kit";
import { inDaytime, pulse, stable } from "./people";

test("a refused message shows why", async ({ page, request }) => {
  const { patient } = stable(2);
  const name = await inDaytime(request, patient);
  await pulse(request, patient, [138, 141]);
  await signIn(page, "console", "nurse");
  await page.getByRole("link", { name: new RegExp(name) }).click();
  await page.getByLabel("Message", { exact: true }).fill("Your HIV test came back positive. Call us.");
  const verdict = page.getByRole("status").filter({ hasText: "May not be sent" });
  await expect(verdict).toBeVisible();
  expect((await verdict.getByRole("listitem").first().innerText()).length).toBeGreaterThan(20);
  await expect(verdict.locator("code").first()).toHaveText(/^[A-Z0-9]+-[A-Z0-9-]+$/);
  await expect(page.getByRole("button", { name: /Cannot be sent/ })).toBeDisabled();
  await axe(page);
  await shot(page, "b1-refused");
  // The keyboard cannot get round the button.
  await page.keyboard.press("Control+Enter");
  await expect(page.getByText("Message is on its way.")).toHaveCount(0);
  // What was typed survives leaving and coming back.
  await page.getByRole("link", { name: "Outbox" }).click();
  await page.goBack();
  await expect(page.getByLabel("Message", { exact: true })).toHaveValue(/HIV test/);
});

test("an ended session keeps the work", async ({ page, forgive }) => {
  forgive(/401/);
  const { patient } = stable(2);
  await signIn(page, "console", "nurse");
  await page.goto(`/console/patient/${patient}`);
  await page.getByLabel("Message", { exact: true }).fill("Please rest a while.");
  await expect(page.getByRole("status").filter({ hasText: /sent|Held|missing/ })).toBeVisible();
  await page.context().clearCookies();
  await page.reload();
  await expect(page.getByText("your work is still here")).toBeVisible();
  await axe(page);
  await signInByHand(page, "nurse");
  await expect(page.getByLabel("Message", { exact: true })).toHaveValue("Please rest a while.");
});
