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

test("what the team wrote is marked as read once the patient looks, and not before", async ({ page, browser, request }) => {
  const { account } = await import("./kit");
  const me = account("patient").patient;
  const nurse = await api(request, "nurse");
  const said = `Please weigh yourself each morning. ${Date.now()}`;
  const { id } = (await nurse("POST", "/fhir/Communication", {
    resourceType: "Communication",
    status: "completed",
    subject: { reference: `Patient/${me}` },
    recipient: [{ reference: `Patient/${me}` }],
    sender: { reference: account("nurse").reference, display: "Nadia" },
    sent: new Date().toISOString(),
    payload: [{ contentString: said }],
  })) as { id: string };
  const marked = async () => JSON.stringify(await nurse("GET", `/fhir/Communication/${id}`)).includes("message-read");

  const desk = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  await signIn(desk, "console", "nurse");
  await desk.goto(`/console/patient/${me}`);
  const line = desk.getByRole("region", { name: "Messages" }).getByRole("listitem").filter({ hasText: said });
  await expect(line).toBeVisible(); // staff who look mark nothing

  await signIn(page, "portal", "patient");
  const places = page.getByRole("navigation");
  await expect(places.getByRole("img", { name: /new message/ })).toBeVisible(); // the list was fetched, and read by nobody
  await expect(page.getByRole("heading", { name: /new message/ })).toBeVisible();
  await axe(page);
  await shot(page, "c5-unread-390");
  expect(await marked()).toBe(false);
  await expect(line).not.toContainText("read");

  await places.getByRole("link", { name: "Messages" }).click();
  await expect(page.getByText("New", { exact: true })).toBeVisible();
  await expect(page.getByText(said)).toBeInViewport();
  await axe(page);
  await shot(page, "c6-new-390");
  await expect.poll(marked).toBe(true);
  await expect(places.getByRole("img", { name: /new message/ })).toHaveCount(0);
  await expect(line).toContainText(/read .?\d{1,2}:\d{2}/);
  await shot(desk, "c7-read-1280");
  await desk.context().close();
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
