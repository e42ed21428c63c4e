// A patient asks for a copy of their record; the privacy office sees the clock, asks for more time with a
// reason, says yes; the patient fetches the file. Budget: ask in 4 acts, grant in 3.
import { Acts, account, api, axe, expect, shot, signIn, test } from "./kit";

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
  await page.getByRole("button", { name: "Show the list" }).click();
  await expect(page.getByText(/entr(y|ies) since/)).toBeVisible();
  await axe(page);
  await shot(page, "i3-granted");
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Get it to read" }).first().click(),
  ]);
  expect(file.suggestedFilename()).toContain("record");
});

test("results by phone first: asked, waits, told, seen; and how I am reached", async ({ page, browser, request }) => {
  const me = account("patient").patient;
  const nurse = await api(request, "nurse");
  const lab = (text: string): Promise<unknown> =>
    nurse("POST", "/fhir/Observation", {
      resourceType: "Observation",
      status: "final",
      category: [
        {
          coding: [
            { system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "laboratory" },
          ],
        },
      ],
      code: { text },
      subject: { reference: `Patient/${me}` },
      valueQuantity: { value: 4.1, unit: "mmol/L" },
    });
  await signIn(page, "portal", "patient");
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByLabel("Lab tests").selectOption({ label: "After my team calls me" });
  await expect(page.getByText("This holds from now on").first()).toBeVisible();
  await page.setViewportSize({ width: 390, height: 800 });
  await axe(page);
  await shot(page, "i4-settings");
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await lab("Potassium of the walk");
  await page.getByRole("link", { name: "Home" }).click();
  await page.reload();
  await expect(page.getByText(/1 result waits/)).toBeVisible();

  const desk = await (await browser.newContext()).newPage();
  await signIn(desk, "console", "nurse");
  await desk.goto(`/console/patient/${me}`);
  await expect(desk.getByText("Patient asked: by phone")).toBeVisible();
  const waiting = desk.getByRole("region", { name: "New results the patient waits to hear of" });
  await expect(waiting.getByText(/^Contact budget: \d+ of \d+ today/)).toBeVisible();
  await axe(desk);
  await shot(desk, "i5-results");
  await desk.getByRole("button", { name: "Told by phone" }).click();
  await expect(desk.getByText("Patient asked: by phone")).toHaveCount(0);
  const told = "Told by phone. Nothing was written here."; // a call leaves no empty bubble
  const last = desk.getByRole("region", { name: "Messages" }).getByRole("listitem").last();
  await expect(last).toContainText(told);
  await expect(last).toContainText("By phone");
  await shot(desk, "i5-told");
  await page.reload();
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expect(page.getByText(/1 result waits/)).toHaveCount(0);

  await desk.getByText("Hold a result back").click();
  await desk.getByRole("button", { name: /Hold back: .*Potassium of the walk/ }).click();
  const hold = desk.getByRole("dialog");
  await hold.getByLabel("Why, for this patient").fill("They asked not to read it alone.");
  await hold.getByLabel("Until when").fill(new Date(Date.now() + 7 * 86400000).toISOString().slice(0, 10));
  await hold.getByLabel("Words to the patient").fill("We talk about it on Monday.");
  await hold.getByLabel("I checked the conditions").check();
  await axe(desk);
  await shot(desk, "i6-withhold");
  await hold.getByRole("button", { name: "Hold back", exact: true }).click();
  await expect(desk.getByText(/Potassium of the walk.*held back until/)).toBeVisible();
  await page.reload();
  await expect(page.getByText("We talk about it on Monday.")).toBeVisible();
  await desk.getByRole("button", { name: "Show it to the patient" }).click();
  await expect(desk.getByText(/Potassium of the walk.*held back until/)).toHaveCount(0);
  await page.reload();
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expect(page.getByText("We talk about it on Monday.")).toHaveCount(0);

  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByLabel("Lab tests").selectOption({ label: "Right away" });
  await page.getByLabel("Language you speak").selectOption("es");
  await expect(page.getByText("Saved.").first()).toBeVisible();
  await page.getByLabel("Language you speak").selectOption("en");
  await expect(page.getByLabel("Language you speak")).toHaveValue("en");
  // No calls about one topic: kept, shown among the choices, heeded by $call for what it is about; and back.
  const about = page.getByLabel(/^Phone calls about: .*Medicines/);
  for (const wanted of [false, true]) {
    await about.click();
    await expect(about).toBeChecked({ checked: wanted });
    await expect
      .poll(async () => {
        const of = { about: "prescription_notification" };
        const asked = (await nurse("POST", `/fhir/Patient/${me}/$call`, of)) as {
          notAbout: string[];
          outbound: { fired: string[] };
        };
        return [asked.notAbout.length, asked.outbound.fired.includes("CAP-05")];
      })
      .toEqual(wanted ? [0, false] : [1, true]);
    if (wanted) continue;
    await expect(page.getByRole("term").filter({ hasText: /Phone calls about: .*Medicines/ })).toBeVisible();
    await axe(page);
    await about.scrollIntoViewIfNeeded();
    await shot(page, "i7-no-calls-about");
  }
  // No calls by a person: $call heeds it at once; and back.
  const calls = page.getByRole("group", { name: "How may we reach you?" }).getByLabel("Phone calls");
  await expect(calls).toBeChecked();
  for (const wanted of [false, true]) {
    await calls.click();
    await expect(calls).toBeChecked({ checked: wanted });
    await expect(about).toBeChecked({ checked: wanted }); // what is barred anyway is not shown as a yes
    await expect(about).toBeEnabled({ enabled: wanted });
    await expect
      .poll(async () => {
        const asked = (await nurse("POST", `/fhir/Patient/${me}/$call`, {})) as {
          outbound: { fired: string[] };
        };
        return !asked.outbound.fired.includes("TCPA-DNC-02");
      })
      .toBe(wanted);
    if (!wanted) await shot(page, "i7-no-calls");
  }
  // A topic that is not wanted bars calls about it, too; and back.
  const medicines = page.getByLabel("Medicines", { exact: true });
  for (const wanted of [false, true]) {
    await medicines.click();
    await expect(medicines).toBeChecked({ checked: wanted });
    await expect(about).toBeChecked({ checked: wanted });
    await expect(about).toBeEnabled({ enabled: wanted });
  }
  // A channel of its own for a topic, only of those there is an address for; and back.
  const results = page.getByLabel(/How to write to you: .*Test results/);
  await results.selectOption({ label: "Text messages" });
  await page.reload();
  await expect(results).toHaveValue("sms");
  await axe(page);
  await results.scrollIntoViewIfNeeded();
  await shot(page, "i7-ways");
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await results.selectOption({ label: "As usual" });
  await page.reload();
  await expect(results).toHaveValue("none");
  await page.getByRole("navigation").getByRole("link", { name: /^Messages/ }).click();
  await expect(page.getByRole("listitem").filter({ hasText: told })).not.toHaveCount(0);
});

test("my bills: shared with my team, and taken back", async ({ page, request }) => {
  const nurse = await api(request, "nurse");
  const me = account("patient").patient;
  const shown = async (): Promise<boolean> => {
    const { lanes } = (await nurse("GET", `/fhir/Patient/${me}/$picture`)) as {
      lanes: { lane: string; unshared: boolean }[];
    };
    return lanes.some((l) => l.lane === "claims" && !l.unshared);
  };
  await signIn(page, "portal", "patient");
  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByRole("link", { name: "Settings" }).click();
  const card = page.getByRole("region", { name: "My bills" });
  const box = card.getByLabel("My care team may see my bills");
  const was = await box.isChecked();
  expect(await shown()).toBe(was);
  for (const now of [!was, was]) {
    await box.click();
    await expect(box).toBeChecked({ checked: now });
    await expect.poll(shown).toBe(now);
  }
  await axe(page);
  await card.scrollIntoViewIfNeeded();
  await shot(page, "i8-bills");
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
});
