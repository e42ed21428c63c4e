// Campaigns from an outline of the house: a journey is begun, its outline changed by the keyboard, sent for approval;
// the author does not approve it. Passes axe.
import { axe, expect, shot, signIn, test } from "./kit";

test("a journey from an outline to the question of approval", async ({ page, forgive }) => {
  forgive(/403/);
  await signIn(page, "console", "outreach");
  await page.getByRole("link", { name: "Campaigns" }).click();
  await page.getByText("New from an outline").click();
  await page.getByRole("button", { name: "After the hospital: 30 days" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("After the hospital: 30 days");
  await axe(page);
  const words = page.locator("#step-0-en");
  await expect(words).toHaveValue(/1 I feel worse/);
  await words.focus();
  await page.keyboard.press("Control+End");
  await page.keyboard.type(" Thank you.");
  await page.getByRole("button", { name: "Save outline" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Save outline" })).toBeDisabled();
  await expect(words).toHaveValue(/Thank you\.$/);
  await page.getByRole("button", { name: "Simulate 30 days" }).click();
  await expect(page.getByText("Nothing was sent.")).toBeVisible();
  await axe(page);
  await shot(page, "campaign");
  await page.getByRole("button", { name: "Ask for approval" }).click();
  await expect(page.getByText("Waits for approval").first()).toBeVisible();
  await page.getByRole("button", { name: "Approve" }).click();
  await expect(page.getByRole("alert")).toContainText("another account");
});
