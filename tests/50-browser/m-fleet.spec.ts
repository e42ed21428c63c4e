// Devices: a kit goes on the shelf, to a patient and into use by a code shown once; another is revoked with a reason.
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import type { Locator, Page } from "@playwright/test";
import { account, api, axe, expect, shot, signIn, test } from "./kit";

/** The page of devices, as a nurse: what is told there, and one of its parts. */
async function openDevices(page: Page, name: string): Promise<{ told: Locator; part: Locator }> {
  await signIn(page, "console", "nurse");
  await page.getByRole("navigation").getByRole("link").filter({ hasText: "Devices" }).first().click();
  return {
    told: page.getByRole("region", { name: "Notices" }),
    part: page.getByRole("region", { name }),
  };
}

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
  const made = page.getByRole("form", { name: "New device" });
  await made.getByLabel("Model").selectOption("hub-h2");
  await made.getByLabel("Serial number").fill("WALK-1");
  await made.getByLabel("Serial number").press("Enter");
  await expect(told.getByText("The device is on the shelf.")).toBeVisible();
  await page.getByLabel("State", { exact: true }).selectOption("stock");
  const kit = page.getByRole("listitem").filter({ hasText: "WALK-1" });
  const find = page.getByLabel("Find a device");
  await find.fill("such a device there is not");
  await expect(page.getByText("No device here")).toBeVisible();
  await find.fill("walk-1");
  await expect(kit).toHaveCount(1);
  await expect(page.locator("li.card")).toHaveCount(1);
  await page.getByRole("heading", { level: 1 }).scrollIntoViewIfNeeded(); // nothing half under the bar
  await axe(page);
  await find.scrollIntoViewIfNeeded();
  await shot(page, "m1-found");
  await find.fill("");
  await kit.locator("summary").press("Enter");
  await kit.getByRole("button", { name: "New code to open it" }).press("Enter");
  await expect(kit.getByText("Type this code into the device:")).toBeVisible();
  const ship = kit.getByRole("form", { name: "Ship to a patient" });
  // Found by the name; who was chosen is said.
  const id = account("patient").patient;
  const person = (await (await api(request, "nurse"))("GET", `/fhir/Patient/${id}`)) as {
    name: { given: string[]; family: string }[];
  };
  const [{ given, family }] = person.name as [{ given: string[]; family: string }];
  await ship.getByLabel("Patient id").fill(`${family}, ${given[0]}`); // as lists have it
  await expect(ship.locator(`datalist option[value="${id}"]`)).toHaveCount(1);
  await ship.getByLabel("Patient id").fill(id);
  await expect(ship.getByRole("status")).toContainText(family);
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
  await page.getByRole("heading", { level: 1 }).scrollIntoViewIfNeeded();
  await axe(page);
});

test("a firmware release: proposed, approved by a second person, halted, by keyboard", async ({ page, request }) => {
  const { told, part } = await openDevices(page, "Firmware");
  await part.getByText("New release").press("Enter");
  const form = part.getByRole("form", { name: "New release" });
  await form.getByLabel("Model").selectOption("hub-h2");
  await form.getByLabel("Version").fill("9.0.0");
  await form.getByLabel("Digest of the file").fill("ab".repeat(32));
  await form.getByLabel("Address of the file").fill("https://elm-devices.example/9.0.0.bin");
  await form.getByLabel("Size in bytes").fill("1048576");
  await form.getByLabel("What it changes").fill("Mends the radio.");
  await axe(page);
  await shot(page, "m3-propose");
  await form.getByRole("button").press("Enter");
  await expect(told.getByText("The release waits for a second person.")).toBeVisible();
  const one = part.getByRole("listitem").filter({ hasText: "9.0.0" }).first();
  await one.locator("summary").press("Enter");
  await expect(one.getByRole("form", { name: "Approve" })).toHaveCount(0);
  const second = await api(request, "nurse2");
  const { releases } = (await second("GET", "/fleet/firmware")) as { releases: { id: string }[] };
  await second("POST", `/fleet/firmware/${releases[0].id}/approve`, {});
  await page.reload();
  await one.locator("summary").press("Enter");
  await expect(one.getByRole("row").filter({ hasText: "First" })).toContainText("open");
  const halt = one.getByRole("form", { name: "Halt now" });
  await halt.getByLabel("Reason").fill("a kit shows nothing");
  await halt.getByRole("button").press("Enter");
  await expect(told.getByText(/Release .*halted/)).toBeVisible();
  await expect(one.getByText("a kit shows nothing")).toBeVisible();
  await one.scrollIntoViewIfNeeded();
  await shot(page, "m3-firmware");
  await page.getByRole("heading", { level: 1 }).scrollIntoViewIfNeeded(); // nothing half under the bar
  await axe(page);
  await page.setViewportSize({ width: 390, height: 844 });
  await page.emulateMedia({ colorScheme: "dark" });
  await page.getByLabel("State", { exact: true }).selectOption("active");
  const used = page.locator("li.card").first();
  await used.locator("summary").press("Enter");
  await expect(used.getByRole("heading", { name: "Next steps" })).toBeVisible();
  await used.scrollIntoViewIfNeeded();
  await shot(page, "m3-narrow-dark");
  await page.getByRole("heading", { level: 1 }).scrollIntoViewIfNeeded();
  await axe(page);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
});

test("the file of a firmware release: brought, checked, approved by a second person, by keyboard", async ({
  page,
  request,
  forgive,
}) => {
  forgive(/422|upload/); // the file that is another one, the line that breaks
  const file = randomBytes(2_500_000);
  const digest = createHash("sha256").update(file).digest("hex");
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const own = "https://weft.health/fhir/StructureDefinition/";
  const admin = await api(request, "admin");
  const model = (await admin("POST", "/fhir/DeviceDefinition", {
    resourceType: "DeviceDefinition",
    modelNumber: "H9 signed",
    extension: [
      { url: `${own}sbom`, valueUri: "https://elm-devices.example/x.cdx.json" },
      { url: `${own}support-end`, valueDate: "2031-12-31" },
      { url: `${own}patch-process`, valueString: "In rings" },
      { url: `${own}implantable`, valueCode: "no" },
      {
        url: `${own}firmware-key`,
        valueString: publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("hex"),
      },
    ],
  })) as { id: string };
  const { told, part } = await openDevices(page, "Firmware");
  await part.getByText("New release").press("Enter");
  const form = part.getByRole("form", { name: "New release" });
  await form.getByLabel("Model").selectOption(model.id);
  await form.getByLabel("Version").fill("9.2.0");
  await form.getByLabel("Digest of the file").fill(digest);
  await form.getByLabel("Size in bytes").fill(String(file.length));
  await form.getByLabel("Signature of the maker").fill(
    sign(null, Buffer.from(`${model.id}\n9.2.0\n${digest}`), privateKey).toString("hex"),
  );
  await form.getByRole("button").press("Enter");
  await expect(told.getByText("The release waits for a second person.")).toBeVisible();
  const one = part.getByRole("listitem").filter({ hasText: "9.2.0" }).first();
  await one.locator("summary").press("Enter");
  await expect(one.getByText("not here yet; nobody can approve the release before")).toBeVisible();
  await expect(one.getByText("verified with the maker’s key")).toBeVisible();
  const bring = one.getByRole("form", { name: /Bring the file/ });
  await bring.getByLabel(/Bring the file/).setInputFiles({ name: "x.bin", mimeType: "application/octet-stream", buffer: randomBytes(file.length - 1) });
  await bring.getByRole("button", { name: /Send the file/ }).press("Enter");
  await expect(bring.getByText(/it is another one/)).toBeVisible();
  await bring.getByLabel(/Bring the file/).setInputFiles({ name: "x.bin", mimeType: "application/octet-stream", buffer: randomBytes(file.length) });
  await bring.getByRole("button", { name: /Send the file/ }).press("Enter");
  await expect(bring.getByText(/Nothing was kept/)).toBeVisible();
  await axe(page);
  await bring.scrollIntoViewIfNeeded();
  await shot(page, "m3-file-wrong");
  // Its line breaks in the middle, and stays broken: the person comes back later, and it goes on from there.
  let pieces = 0;
  await page.route(/\/upload$/, (way) =>
    way.request().method() === "PATCH" && ++pieces > 1 ? way.abort() : way.continue(),
  );
  await bring.getByLabel(/Bring the file/).setInputFiles({ name: "x.bin", mimeType: "application/octet-stream", buffer: file });
  await bring.getByRole("button", { name: /Send the file/ }).press("Enter");
  await expect(bring.getByText(/41.? % of the file is here/)).toBeVisible({ timeout: 60_000 });
  await axe(page);
  await shot(page, "m3-file-part");
  await page.unroute(/\/upload$/);
  await page.reload();
  await one.locator("summary").press("Enter");
  await expect(bring.getByText(/41.? % of the file is here/)).toBeVisible();
  await bring.getByLabel(/Bring the file/).setInputFiles({ name: "x.bin", mimeType: "application/octet-stream", buffer: file });
  await bring.getByRole("button", { name: /Send the file/ }).press("Enter");
  await expect(told.getByText(/The file of .*9\.2\.0.* is here, and it is the one\./)).toBeVisible();
  await expect(one.getByText(/kept here, its digest is right/)).toBeVisible();
  await expect(bring).toHaveCount(0);
  await one.scrollIntoViewIfNeeded();
  await shot(page, "m3-file-kept");
  await axe(page);
  const second = await api(request, "nurse2");
  const { releases } = (await second("GET", "/fleet/firmware")) as { releases: { id: string; version: string; may: string[] }[] };
  const mine = releases.find((r) => r.version === "9.2.0");
  expect(mine?.may).toContain("approve");
  await second("POST", `/fleet/firmware/${mine?.id}/approve`, {});
  await page.reload();
  await one.locator("summary").press("Enter");
  await expect(one.getByText("nurse2")).toBeVisible(); // in its history
  await expect(one.locator("summary")).not.toContainText("waits for a second person");
});

test("parts of a model and their known weaknesses, by keyboard", async ({ page, request }) => {
  const parts = {
    bomFormat: "CycloneDX",
    metadata: { component: { name: "hub", version: "3.2.1" } },
    components: [{ name: "radio", version: "1.4.0", purl: "pkg:npm/radio@1.4.0" }],
  };
  const known = {
    id: "OSV-2026-1",
    modified: "2026-11-01T00:00:00Z",
    summary: "The radio believes everybody.",
    severity: [{ type: "CVSS_V3", score: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" }],
    affected: [
      {
        package: { ecosystem: "npm", name: "radio" },
        ranges: [{ type: "SEMVER", events: [{ introduced: "0" }, { fixed: "1.4.1" }] }],
      },
    ],
  };
  const file = (name: string, body: unknown) => ({
    name,
    mimeType: "application/json",
    buffer: Buffer.from(JSON.stringify(body)),
  });
  const { told, part } = await openDevices(page, "Parts and known weaknesses");
  await part.getByText("Bring a document").press("Enter");
  const list = part.getByRole("form", { name: /Parts list of a model/ });
  await list.getByLabel("Model", { exact: true }).selectOption("hub-h2");
  await list.getByLabel(/Parts list/).setInputFiles(file("parts.json", parts));
  await list.getByRole("button", { name: "Take it in" }).press("Enter");
  await expect(part.getByText("3.2.1", { exact: true }).first()).toBeVisible();
  const docs = part.getByRole("form", { name: /Known weaknesses/ });
  await docs.getByLabel(/Known weaknesses/).setInputFiles(file("osv.json", known));
  await docs.getByRole("button", { name: "Take it in" }).press("Enter");
  await expect(part.getByText(/1\W* known/)).toBeVisible();
  const model = part.getByRole("listitem").filter({ hasText: "3.2.1" }).first();
  await model.locator("summary").first().press("Enter");
  await expect(model.getByText(/1\W* parts/)).toBeVisible();
  await expect(model.getByText(/CVSS 9.8/)).toBeVisible();
  await expect(model.getByText(/\d+\W* devices in use have it/)).toBeVisible(); // they run 3.2.1
  await expect(part.getByRole("link", { name: "Take away as a table" })).toHaveAttribute("href", "/fleet/vulnerabilities.csv");
  await model.getByText(/What .*OSV-2026-1.* means here/).press("Enter");
  const say = model.getByRole("form");
  await say.getByLabel("Because").fill("The radio is off in this model.");
  await part.scrollIntoViewIfNeeded();
  await axe(page);
  await shot(page, "m4-weak");
  await say.getByRole("button").press("Enter");
  await expect(told.getByText(/OSV-2026-1.*kept/)).toBeVisible();
  await expect(part.getByText(/1\W* known/)).toHaveCount(0);
  const ask = await api(request, "agent");
  const { models } = (await ask("GET", "/fleet/vulnerabilities")) as { models: { found: { vex: { who: string } }[] }[] };
  expect(models[0].found[0].vex.who).toBe("nurse");
  await page.locator("summary", { hasText: "Account" }).click();
  await page.locator("#menu-language").selectOption("ar");
  await expect(page.locator("html")).toHaveAttribute("dir", "rtl");
  await page.setViewportSize({ width: 390, height: 844 });
  const weak = page.locator("section[aria-labelledby=fl-weak]");
  await weak.scrollIntoViewIfNeeded();
  await shot(page, "m4-weak-ar");
  await axe(page);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
});

test("a recall: a kit on the shelf is held, words approved, closed when all is done, by keyboard", async ({ page, request }) => {
  const ask = await api(request, "nurse");
  const second = await api(request, "nurse2");
  const kit = (await ask("POST", "/fleet", {
    model: "hub-h2",
    serial: "RECALL-7",
    udi: "(01)00850000000010(10)LX7(21)RECALL-7",
  })) as { id: string };
  const { told, part } = await openDevices(page, "Recalls");
  await part.getByText("Bring a recall").press("Enter");
  const published = {
    results: [
      {
        recall_number: "Z-0900-2026",
        product_type: "Devices",
        recalling_firm: "Elm Devices, Inc.",
        product_description: "Home monitoring kit, Model H2",
        code_info: "Lot numbers: LX7, LX8",
        reason_for_recall: "The battery may overheat.",
        classification: "Class II",
        status: "Ongoing",
        recall_initiation_date: "20261102",
      },
    ],
  };
  const bring = part.getByRole("form", { name: /A file of recalls/ });
  await bring.getByLabel(/A file of recalls/).setInputFiles({
    name: "recalls.json",
    mimeType: "application/json",
    buffer: Buffer.from(JSON.stringify(published)),
  });
  await bring.getByRole("button", { name: "Take it in" }).press("Enter");
  await expect(told.getByText("The document was taken in.")).toBeVisible();
  const one = part.getByRole("listitem").filter({ hasText: "Z-0900-2026" }).first();
  await expect(async () => {
    await page.reload();
    await expect(one).toBeVisible({ timeout: 2000 });
  }).toPass();
  await one.locator("summary").first().press("Enter");
  await expect(one.getByText("RECALL-7").first()).toBeVisible();
  await expect(one.getByText(/by lot/)).toBeVisible();
  await one.getByText("Write down what it says").press("Enter");
  const words = one.getByRole("form", { name: "Keep these words" });
  await words.getByLabel("Words to be read out").fill("Unplug the kit. We send you another one.");
  await words.getByRole("button").press("Enter");
  await expect(one.getByText(/a second person has to approve it/)).toBeVisible();
  await second("POST", "/fleet/recalls/Z-0900-2026/approve", {});
  await part.scrollIntoViewIfNeeded();
  await axe(page);
  await shot(page, "m5-recall");
  const held = one.getByRole("listitem").filter({ hasText: "RECALL-7" });
  await held.getByText("What was done with").press("Enter");
  const done = held.getByRole("form");
  await done.getByLabel("Done").selectOption("returned");
  await done.getByRole("button").press("Enter");
  await expect(told.getByText(/Z-0900-2026.*kept/).last()).toBeVisible(); // the step before said so, too
  await expect(held.getByText(/Sent back/).first()).toBeVisible();
  await page.locator("summary", { hasText: "Account" }).click();
  await page.locator("#menu-language").selectOption("ar");
  await expect(page.locator("html")).toHaveAttribute("dir", "rtl");
  await page.setViewportSize({ width: 390, height: 844 });
  await page.locator("section[aria-labelledby=fl-recalls]").scrollIntoViewIfNeeded();
  await shot(page, "m5-recall-ar");
  await page.getByRole("heading", { level: 1 }).scrollIntoViewIfNeeded(); // nothing half under the bar
  await axe(page);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  const { concerned } = (await ask("GET", "/fleet/recalls/Z-0900-2026")) as {
    concerned: { id: string; done?: string; how: string }[];
  };
  expect(concerned.find((d) => d.id === kit.id)).toMatchObject({ how: "lot", done: "returned" });
  // The demonstration's own kits tell no lot: they are to be checked, and hold the closing.
  expect(concerned.some((d) => d.how === "check" && !d.done)).toBe(true);
});
