// The administrator's apps: one registers itself, waits, is approved; a launch that is refused is explained.
import { axe, expect, planted, shot, signIn, test } from "./kit";

const BACK = "http://127.0.0.1:9/back";

test("an app waits, is approved, and its refused launch is explained", async ({ page, request }) => {
  const made = await request.post("/oauth/register", {
    data: {
      client_name: 'Heart <script>alert("x")</script>',
      redirect_uris: [BACK],
      scope: "openid launch/patient patient/Observation.rs",
      token_endpoint_auth_method: "none",
    },
  });
  expect(made.status()).toBe(201);
  const id = ((await made.json()) as { client_id: string }).client_id;
  await signIn(page, "console", "admin");
  await page.getByRole("link", { name: "Apps" }).click();
  const card = page.getByRole("listitem").filter({ hasText: id }).first();
  await expect(card).toContainText("Waits for you");
  await expect(card.getByRole("heading")).toHaveText('Heart <script>alert("x")</script>');
  await axe(page);
  await card.getByLabel("Requests a minute").fill("120");
  await card.getByRole("button", { name: "Approve" }).press("Enter");
  await expect(card).toContainText("Approved");
  await request.get("/oauth/authorize", {
    maxRedirects: 0,
    params: { client_id: id, redirect_uri: BACK, response_type: "code", state: "s", scope: "openid" },
  });
  await page.getByRole("button", { name: "Look again" }).press("Enter");
  await expect(page.getByText("PKCE is needed").first()).toBeVisible();
  await axe(page);
  await shot(page, "apps");
  await page.setViewportSize({ width: 390, height: 800 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
});

test("an app opens from a patient's page, with the patient", async ({ page, request, browser, context }) => {
  const made = await request.post("/oauth/register", {
    data: {
      client_name: "Growth chart",
      redirect_uris: [BACK],
      initiate_login_uri: "http://127.0.0.1:9/launch",
      scope: "launch patient/Observation.rs",
      token_endpoint_auth_method: "none",
    },
  });
  const id = ((await made.json()) as { client_id: string }).client_id;
  const admin = await (await browser.newContext({ baseURL: test.info().project.use.baseURL })).newPage();
  await signIn(admin, "console", "admin");
  await admin.goto("/console/apps");
  await admin.getByRole("listitem").filter({ hasText: id }).first().getByRole("button", { name: "Approve" }).click();
  await expect(admin.getByRole("listitem").filter({ hasText: id }).first()).toContainText("Approved");
  await admin.context().close();
  await signIn(page, "console", "nurse");
  await page.goto(`/console/patient/${planted()[0]!.patient}`);
  const asked = context.waitForEvent("request", (r) => r.url().startsWith("http://127.0.0.1:9/launch?iss="));
  await page.getByRole("button", { name: /Open in.*Growth chart/ }).press("Enter");
  expect((await asked).url()).toMatch(/&launch=/);
  await expect(page.getByText("Opened in a new tab").first()).toBeVisible();
  await axe(page);
});
