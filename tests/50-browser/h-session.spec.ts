// A session that nobody uses: the warning comes in time, staying is one press, what was typed is still
// there after it ended. Staff who are not trained learn first. A server of its own, whose sessions rest
// for twelve seconds only where that is what is looked at.
import { enter, House, OWN } from "./house";
import { axe, expect, shot, test } from "./kit";

test.use({ baseURL: OWN });
const house = new House();
test.beforeAll(() => {
  house.init();
  house.user("ada", "--trained");
  house.user("new");
});
test.afterAll(() => house.end());

test("an unused session warns, stays by one press, and ends with the work kept", async ({ page, forgive }) => {
  forgive(/401/);
  await house.serve("session.rest_max_s = 12\n");
  await page.goto("/console/");
  await enter(page, "ada");
  await expect(page.locator("main#main")).toBeVisible();
  await page.evaluate(() => sessionStorage.setItem("weft.draft.ada/note", "half a sentence"));
  const warning = page.getByRole("dialog", { name: "Are you still there?" });
  await expect(warning).toBeVisible({ timeout: 12_000 });
  await expect(warning.getByRole("timer")).toContainText("0:0");
  await page.keyboard.press("Enter"); // the first control has the focus
  await expect(warning).toBeHidden();
  await expect(warning).toBeVisible({ timeout: 12_000 });
  await shot(page, "h1-warning");
  await axe(page); // of the second: a slow machine's look would let the first one's time run out
  await expect(page.getByText("your work is still here")).toBeVisible({ timeout: 12_000 });
  await page.waitForTimeout(3000); // the server counts from when it heard the last press
  const left = await page.evaluate(() => fetch("/auth/me").then((r) => r.status));
  expect(left).toBe(401);
  await enter(page, "ada");
  await expect(page.locator("main#main")).toBeVisible();
  expect(await page.evaluate(() => sessionStorage.getItem("weft.draft.ada/note"))).toBe("half a sentence");
});

test("who is not trained learns first", async ({ page }) => {
  await house.serve("");
  await page.goto("/console/");
  await enter(page, "new");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Before you start");
  for (const width of [390, 1280]) {
    await page.setViewportSize({ width, height: 800 });
    await axe(page);
    await shot(page, `h2-training-${width}`);
  }
  await page.getByRole("button", { name: "I agree" }).click();
  await expect(page.getByText(/Done\. It holds until/).first()).toBeVisible();
  for (const right of ["No", "Two identifiers", "The patient and the privacy office"])
    await page.getByRole("radio", { name: right, exact: true }).check();
  await page.getByRole("radio", { name: "sign in quickly" }).check();
  await page.getByRole("button", { name: "Check my answers" }).first().click();
  await expect(page.getByText(/Done\. It holds until/)).toHaveCount(2);
  await page.getByRole("radio", { name: "No, never" }).check();
  await page.getByRole("radio", { name: "At once" }).check();
  await page.getByRole("button", { name: "Check my answers" }).click();
  await expect(page.getByRole("alert")).toContainText("Read it again");
  await page.getByRole("radio", { name: "report it and do not click" }).check();
  await page.getByRole("button", { name: "Check my answers" }).click();
  await expect(page.getByRole("link", { name: "Patients" })).toBeVisible();
});
