// How somebody may be reached: nobody asked yet, a consent written down whole or not at all, and the preference
// centre by a link, without sign-in and without script, whose answers stand on the nurse's screen at once.
import { api, axe, expect, planted, shot, signIn, test } from "./kit";
import { zoneOfDaytime } from "./people";
import { WEB } from "./playwright.config";

interface Proof {
  url: string;
  valueString?: string;
  extension?: Proof[];
}

test("consent with its proof, then the patient's own choices by a link", async ({
  page,
  request,
  browser,
  forgive,
}) => {
  forgive(/422/);
  const nurse = await api(request, "nurse");
  const { id } = (await nurse("POST", "/fhir/Patient", {
    resourceType: "Patient",
    name: [{ given: ["Noor"], family: "Asked" }],
    birthDate: "1961-02-03",
    telecom: [
      { system: "phone", value: "+16115550187" },
      { system: "email", value: "noor@example.org" },
    ],
    address: [{ state: "IL", country: "US" }],
  })) as { id: string };
  await signIn(page, "console", "nurse");
  await page.goto(`/console/patient/${id}`);
  const card = page.getByRole("region", { name: "How they may be reached" });
  await expect(card.getByText("Never asked")).toHaveCount(2);
  await axe(page);
  await card.getByRole("button", { name: "Write down a consent" }).click();
  const dialog = page.getByRole("dialog", { name: "Write down a consent" });
  const keep = dialog.getByRole("button", { name: "Keep the consent" });
  await expect(dialog.getByRole("checkbox", { checked: true })).toHaveCount(0);
  await expect(keep).toBeDisabled(); // about nothing
  await dialog.getByRole("radio", { name: "In writing" }).check({ force: true });
  await dialog.getByLabel("Their care").check();
  await dialog.getByLabel(/A signed form/).check();
  for (const part of ["Their signature", "Our name", "The number we may use", "That a machine may write or call"])
    await dialog.getByLabel(part).check();
  await dialog.getByLabel(/^The proof/).fill("Form 7, signed 3 November, folder 12");
  await dialog.getByLabel("They said it or did it themselves").check();
  await axe(page);
  await keep.click();
  await expect(dialog.getByRole("alert")).toContainText("part of the form is missing");
  await shot(page, "r1-consent-not-whole");
  await dialog.getByLabel("That saying no costs nothing").check();
  await keep.click();
  await expect(dialog).toBeHidden();
  await expect(card.getByText("Never asked")).toHaveCount(1);
  await expect(card.getByText("Yes", { exact: true })).toBeVisible();
  const kept = (await nurse("GET", `/fhir/Consent?patient=${id}`)) as {
    entry: { resource: { extension: Proof[] } }[];
  };
  expect(kept.entry).toHaveLength(1);
  const proof = kept.entry[0]!.resource.extension.flatMap((e) => e.extension ?? []);
  const of = (url: string): string => proof.find((e) => e.url === url)?.valueString ?? "";
  expect(of("words")).toBe("Form 7, signed 3 November, folder 12");
  expect(of("sha256")).toMatch(/^[0-9a-f]{64}$/);

  await card.getByRole("button", { name: "Make a link for the patient" }).click();
  const link = await card.getByLabel(/They set it here without signing in/).inputValue();
  await axe(page);
  await card.scrollIntoViewIfNeeded();
  await shot(page, "r2-reach");
  const own = await page.context().newPage();
  await own.goto(new URL(link).pathname);
  await axe(own);
  await expect(own.getByText("With this link quiet hours and a pause can only get longer.")).toBeVisible();
  await own.close();
  const arabic = await browser.newContext({
    locale: "ar",
    colorScheme: "dark",
    viewport: { width: 390, height: 844 },
  });
  const theirs = await arabic.newPage();
  await theirs.goto(new URL(link).pathname);
  await expect(theirs.locator("html")).toHaveAttribute("dir", "rtl");
  await axe(theirs);
  await theirs.screenshot({ path: `${WEB}/test-results/screens/r3-preference-centre-ar.png`, fullPage: true });
  await arabic.close();
  const plain = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 390, height: 844 } });
  const phone = await plain.newPage();
  await phone.goto(new URL(link).pathname);
  await expect(phone.getByRole("heading", { level: 1, name: "How we may reach you" })).toBeVisible();
  expect(await phone.content()).not.toMatch(/Noor|Asked|611555|noor@/);
  await expect(phone.getByLabel("E-mail", { exact: true })).toBeDisabled(); // this link never says yes
  await phone.getByLabel("Test results, by").selectOption({ label: "E-mail" });
  await expect(phone.getByLabel("Phone calls", { exact: true })).toBeChecked(); // unless they say no
  await phone.getByLabel("Check-ups", { exact: true }).uncheck();
  await phone.getByLabel("Phone calls: Medicines").uncheck();
  await phone.getByLabel("From", { exact: true }).fill("20:00");
  await phone.getByLabel("Until", { exact: true }).fill("09:30");
  await shot(phone, "r3-preference-centre");
  expect(await phone.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);
  await phone.getByRole("button", { name: "Save" }).click();
  await expect(phone.getByRole("status")).toHaveText("Saved.");
  await expect(phone.getByLabel("Test results, by")).toHaveValue("email");
  await page.reload();
  await expect(card.getByText(/Quiet hours: .*20:00.* to .*09:30/)).toBeVisible();
  await expect(card.getByText(/Not wanted: .*Check-ups/)).toBeVisible();
  await expect(card.getByText(/Test results.*: .*E-mail/)).toBeVisible();
  await expect(card.getByText(/No calls about: .*Medicines/)).toBeVisible();
  await expect(phone.getByLabel("Phone calls: Medicines")).toBeDisabled(); // only they themselves say yes again
  await phone.getByLabel("Text messages", { exact: true }).uncheck();
  await phone.getByRole("button", { name: "Save" }).click();
  await expect(phone.getByRole("status")).toHaveText("Saved.");
  await page.reload();
  await expect(card.getByText("No", { exact: true })).toBeVisible();
  await phone.goto(new URL(link).pathname, { waitUntil: "load" });
  await expect(phone.getByLabel("Text messages", { exact: true })).not.toBeChecked();
  await plain.close();

  // Somebody of another language is called: help with it is offered first, and that it was is kept.
  // It is day where they are now, and no quiet hours are left: else the call itself would wait.
  const who = (await nurse("GET", `/fhir/Patient/${id}`)) as object;
  await nurse("PUT", `/fhir/Patient/${id}`, {
    ...who,
    extension: undefined,
    address: [
      {
        extension: [
          {
            url: "http://hl7.org/fhir/StructureDefinition/timezone",
            valueCode: zoneOfDaytime(new Date()),
          },
        ],
      },
    ],
    communication: [{ language: { coding: [{ system: "urn:ietf:bcp:47", code: "es" }] } }],
  });
  const { id: task } = (await nurse("POST", "/fhir/Task", {
    resourceType: "Task",
    status: "requested",
    intent: "order",
    code: { coding: [{ system: "https://weft.health/fhir/task-code", code: "case" }] },
    for: { reference: `Patient/${id}` },
    authoredOn: new Date().toISOString(),
  })) as { id: string };
  await page.goto(`/console/case/${task}`);
  await page.getByRole("button", { name: /^Claim/ }).click();
  await expect(page.getByText("You have this case", { exact: true })).toBeVisible();
  await page.keyboard.press("p");
  const call = page.getByRole("dialog", { name: "Call" });
  await expect(call.getByText(/Spanish.*Offer a free interpreter/)).toBeVisible();
  // They want no calls about medicines: told, and for those there is no number.
  await expect(call.getByText(/No calls about: .*Medicines/)).toBeVisible();
  const offered = call.getByLabel("I offered a free interpreter or relay help");
  await offered.check();
  await call.getByLabel("What is this call about?").selectOption("Medicines");
  await expect(call.getByRole("heading", { name: "Do not call now" })).toBeVisible();
  await expect(call.getByRole("status", { name: "Do not call now" })).toBeVisible();
  await call.getByRole("radio", { name: "We called all the same" }).check({ force: true });
  await call.getByLabel("Why it was made").fill("They had asked for it");
  await expect(call.getByText(/CAP-05/)).toBeVisible();
  await expect(call.getByText("611", { exact: false })).toHaveCount(0);
  await axe(page);
  await shot(page, "r5-call-about");
  await call.getByLabel("What is this call about?").selectOption("Test results");
  await expect(call.getByRole("heading", { name: "Do not call now" })).toHaveCount(0);
  await expect(call.getByRole("link", { name: /611/ })).toBeVisible(); // no call was made of this topic
  await expect(call.getByLabel("They called us")).not.toBeChecked();
  await expect(offered).toBeChecked(); // as it will be kept
  await call.getByText("No answer").click();
  await axe(page);
  await shot(page, "r5-call-language");
  await call.getByRole("button", { name: "Keep" }).click();
  await expect(call).toBeHidden();

  // On that call they say that they want no more of them: written down, shown back, and the next one is barred.
  await page.goto(`/console/patient/${id}`);
  const calls = card.getByRole("listitem").filter({ hasText: "Phone call" });
  await expect(calls).toContainText("Yes, unless they say no");
  await card.getByRole("button", { name: "Write down a no" }).click();
  const no = page.getByRole("dialog", { name: "Write down a no" });
  await expect(no.getByRole("button", { name: "Keep the no" })).toBeDisabled();
  await no.getByRole("radio", { name: "Phone call" }).check({ force: true });
  await expect(no.getByText("Nobody calls them then.")).toBeVisible();
  // First of one topic, with their words; what they say of another topic, they said before, stays.
  await no.getByLabel("Visits", { exact: true }).check();
  await expect(no.getByText("Nobody calls them then.")).toHaveCount(0);
  await no.getByLabel("Their words, or where they stand").fill("Text me my visits");
  await axe(page);
  await shot(page, "r5-no-calls-topic");
  await no.getByRole("button", { name: "Keep the no" }).click();
  await expect(no).toBeHidden();
  for (const topic of ["Visits", "Medicines"]) await expect(card.getByText(/No calls about: /)).toContainText(topic);
  await expect(calls).toContainText("Yes, unless they say no");
  // And taken back to a nurse, with the words of it.
  await card.getByRole("button", { name: "Write down a consent" }).click();
  await dialog.getByRole("radio", { name: "Phone call" }).check({ force: true });
  await expect(dialog.getByLabel(/^It ends on/)).toBeVisible();
  await dialog.getByLabel("Medicines", { exact: true }).check();
  await expect(dialog.getByLabel(/^It ends on/)).toHaveCount(0); // a topic taken back has no end
  await dialog.getByLabel(/^The proof/).fill("Ring me about my pills after all");
  for (const part of [/^They said it/, /^Each purpose was asked/, /^It was not part of/]) await dialog.getByLabel(part).check();
  await keep.click();
  await expect(dialog).toBeHidden();
  await expect(card.getByText(/No calls about: .*Medicines/)).toHaveCount(0);
  await expect(card.getByText(/No calls about: .*Visits/)).toBeVisible();
  await card.getByRole("button", { name: "Write down a no" }).click();
  await no.getByRole("radio", { name: "Phone call" }).check({ force: true });
  await no.getByLabel("Their words, or where they stand").fill("Write to me, do not ring me again");
  await axe(page);
  await shot(page, "r5-no-calls");
  await no.getByRole("button", { name: "Keep the no" }).click();
  await expect(no).toBeHidden();
  await expect(calls).toContainText("No");
  await expect(calls).not.toContainText("unless");
  await card.scrollIntoViewIfNeeded();
  await shot(page, "r5-no-calls-card");
  await page.goto(`/console/case/${task}`);
  await expect(page.getByText("You have this case", { exact: true })).toBeVisible(); // the key is heard then
  await page.keyboard.press("p");
  await expect(call.getByRole("heading", { name: "Do not call now" })).toBeVisible();
  await expect(call.getByText(/TCPA-DNC-02/)).toBeVisible();
  await expect(call.getByText("611", { exact: false })).toHaveCount(0);
  await call.getByRole("button", { name: "Cancel" }).click();

  const privacy = await api(request, "privacy");
  const trail = (await privacy("GET", `/fhir/AuditEvent?patient=Patient/${id}&_count=200`)) as {
    entry: { resource: { extension?: { url: string; valueString: string }[] } }[];
  };
  const offers = trail.entry
    .filter(({ resource }) => JSON.stringify(resource).includes("call-asked"))
    .flatMap(({ resource }) => resource.extension?.filter((x) => x.url === "urn:weft:detail") ?? [])
    .map((x) => (JSON.parse(x.valueString) as { facts: Record<string, unknown> }).facts.interpreter_or_aid_offered);
  expect(offers).toContain(false); // asked when it began
  expect(offers).toContain(true); // and when help was offered

  await page.evaluate(() => localStorage.setItem("weft.language", "ar"));
  await page.setViewportSize({ width: 390, height: 844 });
  await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
  await page.goto(`/console/patient/${id}`);
  await expect(page.locator("html")).toHaveAttribute("dir", "rtl");
  const same = page.getByRole("region", { name: "كيف نتواصل مع المريض" });
  await same.getByRole("button", { name: "تدوين موافقة" }).click();
  await expect(page.getByRole("dialog", { name: "تدوين موافقة" })).toBeVisible();
  await axe(page);
  await shot(page, "r4-consent-ar");
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
});

test("a Part 2 form: each part asked, what lacks said beside it, kept, shown until when, taken back", async ({
  page,
  request,
  forgive,
}) => {
  forgive(/422/);
  const nurse = await api(request, "nurse");
  const { id } = (await nurse("POST", "/fhir/Patient", {
    resourceType: "Patient",
    name: [{ given: ["Ira"], family: "Formed" }],
    telecom: [{ system: "phone", value: "+16115550188" }],
  })) as { id: string };
  await signIn(page, "console", "nurse");
  await page.goto(`/console/patient/${id}`);
  const part = page.getByRole("region", { name: "Substance use records (Part 2)" });
  await expect(part.getByText(/It permits no contact/)).toBeVisible();
  await part.getByRole("button", { name: "Write down a Part 2 form" }).click();
  const dialog = page.getByRole("dialog", { name: "Write down a Part 2 form" });
  const keep = dialog.getByRole("button", { name: "Keep the form" });
  const lacks = dialog.getByText("The form has to hold this.");
  await expect(dialog.getByRole("checkbox", { checked: true })).toHaveCount(0);
  await expect(dialog.getByText(/kept as proof/)).toBeVisible();
  await dialog.getByLabel("Where the form is kept").fill("Folder 12");
  await keep.click();
  await expect(dialog.getByRole("alert")).toContainText("lacks a part");
  await expect(lacks).toHaveCount(10);
  await axe(page);
  await shot(page, "r9-part2-lacks");
  for (const box of [
    "The patient's name",
    "What for: treatment, payment, health care operations",
    "That they may take it back, and how",
    "Their signature",
  ])
    await dialog.getByLabel(box).check();
  await dialog.getByLabel("Who may share the records").fill("Lakeside Recovery");
  await dialog.getByLabel("Which records, and how much").fill("All of the programme");
  await dialog.getByLabel("Who gets them").fill("Those who treat, pay or run");
  await dialog.getByLabel("The day it was signed").fill("2026-11-03");
  await dialog.getByRole("radio", { name: "On a day" }).check({ force: true });
  await dialog.getByLabel("Its last day").fill("2031-06-30");
  await expect(lacks).toHaveCount(1);
  await keep.click();
  await expect(dialog.getByRole("alert")).toContainText("lacks a part"); // the rulebook's own word
  await dialog.getByLabel("What others may do with the records then").check();
  await expect(lacks).toHaveCount(0);
  await keep.click();
  await expect(dialog.getByRole("alert")).toContainText("was bundled"); // nobody knows where they live: GDPR-07 may hold
  await dialog.getByLabel("Each purpose was asked by itself").check();
  await dialog.getByLabel("It was not part of another agreement").check();
  await keep.click();
  await expect(dialog).toBeHidden();
  const row = part.getByRole("listitem");
  await expect(row).toContainText(/It holds until .*Jun 30, 2031/);
  await row.getByText("What it says").click();
  await expect(row).toContainText("Who may share the records: Lakeside Recovery");
  await expect(row).toContainText("Where the form is kept: Folder 12");
  await axe(page);
  await part.scrollIntoViewIfNeeded();
  await shot(page, "r10-part2");
  // It is no permission to write or call: nobody was asked.
  const card = page.getByRole("region", { name: "How they may be reached" });
  await expect(card.getByRole("listitem").filter({ hasText: "Text message" })).toContainText("Never asked");
  const kept = (await nurse("GET", `/fhir/Consent?patient=${id}`)) as {
    entry: { resource: { extension: Proof[]; provision: object } }[];
  };
  expect(Object.keys(kept.entry[0]!.resource.provision)).toEqual(["period"]);
  const proof = kept.entry[0]!.resource.extension.flatMap((e) => e.extension ?? []);
  expect(proof.filter((e) => e.url === "element")).toHaveLength(10);
  expect(proof.find((e) => e.url === "sha256")?.valueString).toMatch(/^[0-9a-f]{64}$/);

  await page.evaluate(() => localStorage.setItem("weft.language", "ar"));
  await page.setViewportSize({ width: 390, height: 844 });
  await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("dir", "rtl");
  const same = page.getByRole("region", { name: "سجلات تعاطي المواد (الجزء 2)" });
  await same.getByRole("button", { name: "تدوين نموذج الجزء 2" }).click();
  const form = page.getByRole("dialog", { name: "تدوين نموذج الجزء 2" });
  await form.getByLabel("أين يُحفظ النموذج").fill("12");
  await form.getByRole("button", { name: "حفظ النموذج" }).click();
  await expect(form.getByText("يجب أن يحتوي النموذج على هذا.")).toHaveCount(10);
  await axe(page);
  await shot(page, "r11-part2-ar");
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await page.keyboard.press("Escape");
  await same.getByRole("button", { name: "سحب النموذج" }).click();
  const ask = page.getByRole("dialog", { name: "سحب النموذج" });
  await expect(ask.getByText(/يبقى/)).toBeVisible();
  await axe(page);
  await ask.getByRole("button", { name: "سحب النموذج" }).click();
  await expect(same.getByRole("listitem")).toContainText("سُحب في");
  await expect(same.getByRole("button", { name: "سحب النموذج" })).toHaveCount(0);
  await shot(page, "r12-part2-over-ar");
  const ended = (await nurse("GET", `/fhir/Consent?patient=${id}`)) as {
    entry: { resource: { status: string } }[];
  };
  expect(ended.entry.map((e) => e.resource.status)).toEqual(["inactive"]);
});

test("bills of care elsewhere: shown while the patient shares them, and no amount of them", async ({ page }) => {
  const of = (what: string): string => planted().find((p) => p.planted === what)!.patient;
  await signIn(page, "console", "nurse");
  await page.goto(`/console/patient/${of("live-oxygen")}`);
  const open = async (): Promise<void> => page.getByRole("tab").nth(1).click();
  await open();
  const picture = page.getByRole("region", { name: "Whole picture" }).first(); // a table in it is one, too
  const lane = picture.getByRole("listitem").filter({ hasText: "Claims" });
  await expect(lane).toContainText("3 entries");
  await picture.getByRole("radio", { name: "Table" }).check({ force: true });
  await expect(picture.getByRole("row", { name: /Chest X-ray · Lakeside Hospital/ })).toBeVisible();
  await expect(picture).not.toContainText(/\$|USD|148/);
  await axe(page);
  await picture.getByRole("radio", { name: "Chart" }).check({ force: true });
  await shot(page, "r6-claims");

  await picture.getByRole("button", { name: "They no longer share their claims" }).click();
  await expect(lane).toContainText("does not share this");
  await expect(picture).not.toContainText("Chest X-ray");
  await picture.getByRole("button", { name: "They share their claims" }).click();
  const ask = page.getByRole("dialog", { name: "Claims of the patient" });
  await axe(page);
  await shot(page, "r7-claims-ask");
  await ask.getByLabel(/^The proof/).fill("Asked on the phone at noon; said yes, and repeated what it means");
  await ask.getByRole("button", { name: "Keep the consent" }).click();
  await expect(ask).toBeHidden();
  await expect(lane).toContainText("3 entries");

  // There are bills of this one, too; nothing says so.
  await page.evaluate(() => localStorage.setItem("weft.language", "ar"));
  await page.setViewportSize({ width: 390, height: 844 });
  await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
  await page.goto(`/console/patient/${of("oxygen")}`);
  await expect(page.locator("html")).toHaveAttribute("dir", "rtl");
  await open();
  await expect(page.getByText("لا يشارك المريض هذا")).toBeVisible();
  await axe(page);
  await page.getByRole("button", { name: "المريض يشارك مطالباته" }).scrollIntoViewIfNeeded();
  await shot(page, "r8-claims-ar");
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
});

test("a form that ends with an event says which; family name first finds; where no question fits it is said what to do", async ({
  page,
  request,
}) => {
  const nurse = await api(request, "nurse");
  const { id } = (await nurse("POST", "/fhir/Patient", {
    resourceType: "Patient",
    name: [{ given: ["Otto"], family: "van der Wende" }],
  })) as { id: string };
  await nurse("POST", `/fhir/Patient/${id}/$consent`, {
    how: "written",
    type: "part2_tpo",
    elements: [
      "patient_name",
      "discloser",
      "description",
      "recipient",
      "purpose",
      "revocation_right",
      "expiry",
      "signature",
      "date",
      "redisclosure_statement",
    ],
    evidence: "Form 31, signed on paper",
    event: "When my care at Lakeside ends",
    affirmative: true,
    granular: true,
    separate: true,
  });
  await signIn(page, "console", "nurse");
  for (const typed of ["van der Wende", "Otto van der Wende", "Wende, Otto", "wende otto"]) {
    await page.goto("/console/patients");
    await page.getByLabel("Name or part of it").fill(typed);
    await expect(page.getByRole("link", { name: /Otto van der Wende/ })).toBeVisible();
  }
  await page.getByRole("link", { name: /Otto van der Wende/ }).click();
  const part = page.getByRole("region", { name: "Substance use records (Part 2)" });
  await expect(part.getByRole("listitem")).toContainText(/It ends with an event: .?When my care at Lakeside ends/);
  await expect(part.getByRole("listitem")).toContainText("Then take it back here.");
  await part.scrollIntoViewIfNeeded();
  await shot(page, "r11-part2-event");

  const task = (await nurse("POST", "/fhir/Task", {
    resourceType: "Task",
    status: "requested",
    intent: "order",
    code: { coding: [{ system: "https://weft.health/fhir/task-code", code: "case" }] },
    for: { reference: `Patient/${id}` },
    authoredOn: new Date().toISOString(),
  })) as { id: string };
  await page.goto(`/console/case/${task.id}`);
  await page.getByRole("button", { name: /^Claim/ }).click();
  await expect(page.getByText("You have this case", { exact: true })).toBeVisible();
  await page.keyboard.press("q");
  const dialog = page.getByRole("dialog", { name: "How they are today" });
  await expect(dialog).toContainText("COPD");
  await expect(dialog).toContainText("with a code that the questions know");
  await expect(dialog).toContainText("Once it stands there, the questions are here.");
  await axe(page);
  await shot(page, "r11-no-questions");
  await dialog.getByRole("button", { name: "Programme" }).click();
  await expect(page.getByRole("tab", { name: "Programme" })).toHaveAttribute("aria-selected", "true");
});
