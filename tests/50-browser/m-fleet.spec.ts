// Devices: a kit goes on the shelf, to a patient and into use by a code shown once; another is revoked with a reason.
import { account, api, axe, expect, shot, signIn, test } from "./kit";

test("a complaint about a device is written down and judged, by keyboard", async ({ page }) => {
  await signIn(page, "console", "nurse");
  const told = page.getByRole("region", { name: "Notices" });
  await page.getByRole("navigation").getByRole("link").filter({ hasText: "Complaints" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Device complaints" })).toBeVisible();
  await page.getByText("Write a complaint down").first().press("Enter");
  const open = page.getByRole("form", { name: "Write a complaint down" });
  await open.getByLabel("Patient id").fill(account("patient").patient);
  await open.getByLabel("What is said to be wrong").fill("The scale shows an error.");
  await axe(page);
  await open.getByRole("button").press("Enter");
  await expect(told.getByText("Complaint written down.")).toBeVisible();
  await expect(page.getByRole("heading", { name: "Clocks" })).toBeVisible();
  await expect(page.getByText(/Hand the complaint to the quality team/)).toBeVisible();
  await axe(page);
  await shot(page, "m2-complaint");
  const judge = page.getByRole("form", { name: "Is it reported?" });
  await judge.getByLabel("On what it is founded").fill("A flat battery; nobody was hurt.");
  await judge.getByLabel("Why it is not investigated").fill("Known: the batteries of this lot.");
  await judge.getByRole("button").press("Enter");
  await expect(told.getByText("Judgement kept.")).toBeVisible();
  await expect(page.getByText("Not to be reported").first()).toBeVisible();
  await expect(page.getByText(/closes it\./)).toBeVisible(); // somebody else
  await expect(page.getByText(/judged it/).first()).toBeVisible();
  await page.locator("summary", { hasText: "Account" }).click();
  await page.locator("#menu-language").selectOption("ar");
  await expect(page.locator("html")).toHaveAttribute("dir", "rtl");
  await expect(page.getByText("من علم ومتى")).toBeVisible();
  await axe(page);
});

test("a kit goes from the shelf to the patient, by keyboard", async ({ page, request }) => {
  await signIn(page, "console", "nurse");
  const told = page.getByRole("region", { name: "Notices" });
  const links = page.getByRole("navigation").getByRole("link");
  await links.filter({ hasText: "Devices" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Devices" })).toBeVisible();
  await expect(page.getByRole("region", { name: "Stock by model" }).getByRole("row")).toHaveCount(3);
  await axe(page);
  await shot(page, "m1-devices");

  await page.getByText("New device").press("Enter");
  await page.getByLabel("Model", { exact: true }).selectOption("hub-h2");
  await page.getByLabel("Serial number").fill("WALK-1");
  await page.getByLabel("Serial number").press("Enter");
  await expect(told.getByText("The device is on the shelf.")).toBeVisible();
  await page.getByLabel("State", { exact: true }).selectOption("stock");
  const kit = page.getByRole("listitem").filter({ hasText: "WALK-1" });
  await kit.locator("summary").press("Enter");
  await kit.getByRole("button", { name: "New code to open it" }).press("Enter");
  await expect(kit.getByText("Type this code into the device:")).toBeVisible();
  const ship = kit.getByRole("form", { name: "Ship to a patient" });
  await ship.getByLabel("Patient id").fill(account("patient").patient);
  await page.getByRole("heading", { level: 1 }).scrollIntoViewIfNeeded(); // nothing half under the bar
  await axe(page);
  await ship.getByRole("button").press("Enter");
  await expect(told.getByText(/On its way/)).toBeVisible();
  await page.getByLabel("State", { exact: true }).selectOption("shipped");
  await expect(kit).toHaveCount(1);
  await expect(kit.getByText("Shipments")).toHaveCount(0);
  await kit.locator("summary").press("Enter");
  await expect(kit.getByRole("heading", { name: "Shipments" })).toBeVisible();
  const revoke = kit.getByRole("form", { name: "Revoke" });
  await revoke.getByLabel("Reason").fill("stolen on the way");
  await revoke.getByRole("button").press("Enter");
  await expect(told.getByText(/Revoked/)).toBeVisible();
  const ask = await api(request, "nurse");
  const all = (await ask("GET", "/fleet?state=revoked")) as { devices: { serial: string; reason: string }[] };
  expect(all.devices.find((d) => d.serial === "WALK-1")?.reason).toBe("stolen on the way");

  // A command: one by one person, one by two; what became of each stands with the device.
  await page.getByLabel("State", { exact: true }).selectOption("active");
  await expect(kit).toHaveCount(0); // of the list before
  const used = page.locator("li.card").first();
  await used.locator("summary").press("Enter");
  await used.getByRole("button", { name: "Restart", exact: true }).press("Enter");
  await expect(told.getByText(/asked for/)).toBeVisible();
  const listed = used.getByRole("listitem");
  await expect(listed.filter({ hasText: /Restart · (goes out when|with the device when)/ })).toHaveCount(1);
  const times = used.getByRole("form", { name: "Set measuring times" });
  await times.getByLabel("Times of the day").fill("08:00 20:00");
  await times.getByRole("button").press("Enter");
  await expect(listed.filter({ hasText: "waits for a second person" })).toHaveCount(1);
  const waiting = page.getByRole("region", { name: "Commands that wait for a second person" });
  await expect(waiting.getByRole("button", { name: /Approve/ })).toHaveCount(0);
  await axe(page);
  await shot(page, "m1-commands");
  const second = await api(request, "nurse2");
  const { waiting: asked } = (await second("GET", "/fleet")) as { waiting: { id: string }[] };
  await second("POST", `/fleet/commands/${asked[0].id}/approve`, {});
  await used.getByRole("button", { name: "Withdraw Restart" }).press("Enter");
  await expect(told.getByText(/withdrawn/)).toBeVisible();
  await expect(listed.filter({ hasText: /Second person: .?nurse2/ })).toHaveCount(1);
  await expect(waiting).toHaveCount(0);

  await page.locator("summary", { hasText: "Account" }).click();
  await page.locator("#menu-language").selectOption("ar");
  await expect(page.locator("html")).toHaveAttribute("dir", "rtl");
  await expect(page.getByRole("heading", { level: 1, name: "الأجهزة" })).toBeVisible();
  await axe(page);
});
