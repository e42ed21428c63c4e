// A patient asks for a copy of their record; the privacy office sees the clock, asks for more time with a
// reason, says yes; the patient fetches the file. Budget: ask in 4 acts, grant in 3.
import { Acts, axe, expect, shot, signIn, test } from "./kit";

test("my rights: ask, clock, more time, granted, fetched", async ({ page, browser }) => {
  const acts = new Acts();
  await signIn(page, "portal", "patient");
  await page.getByRole("link", { name: "Settings" }).click();
  await acts.click(page.getByRole("link", { name: "My rights" }));
  await acts.click(page.getByRole("button", { name: "Ask for something" }));
  await expect(page.getByLabel(/A copy of my record/)).toBeChecked();
  await page.setViewportSize({ width: 390, height: 800 });
  await axe(page);
  await shot(page, "i1-ask");
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await acts.fill(page.getByLabel(/Anything to add/), "All of it, please");
  await acts.click(page.getByRole("button", { name: "Send the request" }));
  await expect(page.getByText(/We answer by/)).toBeVisible();
  expect(acts.n).toBeLessThanOrEqual(4);
  await axe(page);

  const office = await (await browser.newContext()).newPage();
  await signIn(office, "console", "privacy");
  const row = office.getByRole("link", { name: /A copy of the record/ }).first();
  await expect(row).toContainText("days left");
  const steps = new Acts();
  await row.click();
  await expect(office.getByText("All of it, please")).toBeVisible();
  await office.getByRole("button", { name: /^Claim/ }).click();
  await office.getByRole("button", { name: "Take more time" }).click();
  await axe(office);
  await office.getByLabel(/Reason/).fill("The archive moves this week.");
  await office.getByRole("dialog").getByRole("button", { name: "Take more time" }).click();
  await expect(office.getByRole("button", { name: "Take more time" })).toHaveCount(0);
  await shot(office, "i2-office");
  await steps.click(office.getByRole("button", { name: "Grant" }));
  await steps.click(office.getByRole("dialog").getByRole("button", { name: "Grant" }));
  await expect(office.getByText("Granted")).toBeVisible();
  await axe(office);
  expect(steps.n).toBeLessThanOrEqual(3);

  await page.reload();
  await expect(page.getByText("We said yes").first()).toBeVisible();
  await axe(page);
  await shot(page, "i3-granted");
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Get it to read" }).first().click(),
  ]);
  expect(file.suggestedFilename()).toContain("record");
});
