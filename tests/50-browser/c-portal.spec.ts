// The patient's side: numbers in words, a message to the team, and who looked.
import { api, axe, expect, shot, signIn, test } from "./kit";

test.use({ viewport: { width: 390, height: 844 } });

test("the patient sees readings, writes to the team, and sees who looked", async ({ page, request }) => {
  const nurse = await api(request, "nurse");
  const me = (await import("./kit")).account("patient").patient;
  await nurse("GET", `/fhir/Condition?patient=${me}`);

  await signIn(page, "portal", "patient");
  await expect(page.getByRole("heading", { level: 1, name: /Good (morning|afternoon|evening), / })).toBeVisible();
  await expect(page.getByRole("heading", { name: "Your numbers" })).toBeVisible();
  await expect(page.getByRole("link", { name: /Weight/ })).toContainText("kg");
  await axe(page);
  await shot(page, "c1-home-390");

  await page.getByRole("navigation").getByRole("link", { name: "Readings" }).click();
  const weight = page.getByRole("region", { name: "Weight" });
  await expect(weight).toContainText(/usual/);
  await weight.getByRole("button", { name: "Table" }).click();
  await expect(weight.getByRole("table")).toBeVisible();
  await axe(page);
  await shot(page, "c2-readings-390");

  await page.getByRole("navigation").getByRole("link", { name: "Messages" }).click();
  await page.getByLabel("Your message").fill("Can I take my water pill later in the day?");
  await page.getByRole("button", { name: "Send" }).click();
  await expect(page.getByRole("list", { name: "Messages" }).getByText("water pill")).toBeVisible();
  await axe(page);
  await shot(page, "c3-messages-390");

  await page.getByRole("navigation").getByRole("link", { name: "Who looked" }).click();
  await expect(page.getByText(/Nadia.*looked at.*your conditions/)).toBeVisible();
  await expect(page.getByText(/Why: to care for you/).first()).toBeVisible();
  await page.getByRole("button", { name: "Why was this allowed?" }).first().click();
  await expect(page.getByText(/Their work allows this/)).toBeVisible();
  await axe(page);
  await shot(page, "c4-who-looked-390");
  await page.getByRole("button", { name: "This looks wrong" }).first().click();
  await expect(page.getByText(/Your case number/)).toBeVisible();

  await page.getByRole("navigation").getByRole("link", { name: "Settings" }).click();
  await page.getByLabel("Language", { exact: true }).selectOption("ar");
  await expect(page.locator("html")).toHaveAttribute("dir", "rtl");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("الإعدادات");
  await axe(page);
});

test("the patient's message reaches the nurse", async ({ page }) => {
  const me = (await import("./kit")).account("patient").patient;
  await signIn(page, "console", "nurse");
  await page.goto(`/console/patient/${me}`);
  await expect(page.getByRole("region", { name: "Messages" }).getByText("water pill")).toBeVisible();
});

test("a patient gets no further than the portal", async ({ page }) => {
  await signIn(page, "portal", "patient");
  await page.goto("/console/");
  await expect(page.getByText("This page is for the care team")).toBeVisible();
  const token = (await page.context().cookies()).find((c) => c.name === "weft")!.value;
  const other = await page.request.get("/fhir/Patient/p0001", {
    headers: { authorization: `Bearer ${token}` },
  });
  expect([403, 404]).toContain(other.status());
});
