// Surveys: a visit ends, the patient finds the questions in the portal and answers them on a page that runs no
// script; the low mark is on the worklist; the console tells what all answered, and nothing of a few.
import type { APIRequestContext } from "@playwright/test";
import { account, api, axe, expect, planted, shot, signIn, test } from "./kit";

type Call = (method: string, path: string, body?: unknown) => Promise<unknown>;

/** Ends a visit of the patient; the Task that asks about it. */
async function visitEnds(nurse: Call, patient: string): Promise<string> {
  const made = (await nurse("POST", "/fhir/Encounter", {
    resourceType: "Encounter",
    status: "finished",
    class: { system: "http://terminology.hl7.org/CodeSystem/v3-ActCode", code: "AMB" },
    subject: { reference: `Patient/${patient}` },
    period: { end: new Date(Date.now() - 60_000).toISOString() },
  })) as { id: string };
  const visit = `Encounter/${made.id}`;
  const asked = `/fhir/Task?patient=${patient}&code=complete-questionnaire&_sort=-_lastUpdated&_count=20`;
  let id = "";
  await expect(async () => {
    const bundle = (await nurse("GET", asked)) as {
      entry?: { resource: { id: string; encounter?: { reference: string } } }[];
    };
    id = bundle.entry?.find((e) => e.resource.encounter?.reference === visit)?.resource.id ?? "";
    expect(id).not.toBe("");
  }).toPass();
  return id;
}

async function answer(nurse: Call, request: APIRequestContext, task: string, form: Record<string, string>): Promise<void> {
  const { path } = (await nurse("POST", `/task-links/${task}`, {})) as { path: string };
  const done = await request.post(path, { form: { send: "1", ...form } });
  expect(await done.text()).toContain('role="status"');
}

test("a visit is answered on a page without script, and somebody hears of it", async ({ page, request, browser }) => {
  const nurse = await api(request, "nurse");
  const me = account("patient").patient;
  await visitEnds(nurse, me);
  await page.setViewportSize({ width: 390, height: 844 });
  await signIn(page, "portal", "patient");
  const row = page.getByRole("listitem").filter({ hasText: "Tell us how your visit was" });
  await axe(page);
  await row.getByRole("button", { name: "Answer" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "How was your visit?" })).toBeVisible();
  await axe(page);
  await shot(page, "m1-survey-390");
  const plain = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 390, height: 844 } });
  const phone = await plain.newPage();
  await phone.goto(page.url());
  await phone.getByRole("button", { name: "Send" }).click();
  await expect(phone.getByRole("alert")).toHaveText("Please answer at least one question.");
  await phone.getByRole("group", { name: "How long you had to wait" }).getByLabel("Very poor").check();
  await phone.getByRole("group", { name: /tell a friend/ }).getByLabel("3", { exact: true }).check();
  await phone.getByLabel("What is the main reason?").fill("Two hours in a cold room");
  await phone.getByRole("group", { name: "May we contact you about this?" }).getByLabel("Yes").check();
  await phone.getByRole("button", { name: "Send" }).click();
  await expect(phone.getByRole("status")).toHaveText("Thank you. We read every answer.");
  await phone.goto(page.url());
  await expect(phone.getByRole("heading", { name: "This link has ended. Please call us." })).toBeVisible();
  await plain.close();
  const desk = await browser.newPage();
  await signIn(desk, "console", "nurse");
  await expect(desk.getByText(/Two hours in a cold room/).first()).toBeVisible();
  await desk.close();
});

test("the console tells what all answered, and nothing of a few", async ({ page, request }) => {
  const nurse = await api(request, "nurse");
  await signIn(page, "console", "outreach");
  await page.goto("/console/experience");
  await expect(page.getByText("Fewer than 30 people answered: too few to tell.")).toBeVisible();
  await axe(page);
  await Promise.all(
    planted()
      .slice(0, 34)
      .map(async (p, i) => {
        const form = { nps: i % 3 ? "10" : "7", wait: i % 2 ? "4" : "5" };
        await answer(nurse, request, await visitEnds(nurse, p.patient), form);
      }),
  );
  await page.reload();
  await expect(page.getByRole("heading", { name: "Questions, 1 to 5" })).toBeVisible();
  const wait = page.getByRole("row").filter({ hasText: "Wait" });
  await expect(wait).toContainText(/4\.\d\d\D+4\.\d\d\D+4\.\d\d/);
  await expect(page.getByRole("row").filter({ hasText: "Language" }).first()).toContainText("Too few people to tell");
  await expect(page.getByRole("img", { name: /Means of the questions/ })).toBeVisible();
  await axe(page);
  await shot(page, "m2-experience");
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Save as a file" }).click(),
  ]);
  expect(file.suggestedFilename()).toBe("experience.csv");
});

test("how somebody is today: they say it in the portal, or a nurse writes it down on a call", async ({
  page,
  request,
  browser,
}) => {
  const nurse = await api(request, "nurse");
  const me = account("patient").patient;
  await nurse("POST", "/fhir/Condition", {
    resourceType: "Condition",
    clinicalStatus: {
      coding: [{ system: "http://terminology.hl7.org/CodeSystem/condition-clinical", code: "active" }],
    },
    code: { coding: [{ system: "http://snomed.info/sct", code: "84114007" }] },
    subject: { reference: `Patient/${me}` },
  });
  await page.setViewportSize({ width: 390, height: 844 });
  await signIn(page, "portal", "patient");
  const row = page.getByRole("listitem").filter({ hasText: "Your heart and breath today" });
  await axe(page);
  await row.getByRole("button", { name: "Answer" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Your heart and breath today" })).toBeVisible();
  await axe(page);
  await page.getByRole("group", { name: "Do you feel dizzy or faint?" }).getByLabel("Yes").check();
  await page.getByRole("group", { name: "Did you take your medicines today?" }).getByLabel("All of them").check();
  await page.getByRole("button", { name: "Send" }).click();
  await expect(page.getByRole("status")).toHaveText("Thank you. We read every answer.");
  const dizzy = `/fhir/Observation?patient=${me}&code=https://weft.health/fhir/symptom|dizzy`;
  const said = async (): Promise<boolean[]> =>
    ((await nurse("GET", dizzy)) as { entry?: { resource: { valueBoolean: boolean } }[] }).entry?.map(
      (e) => e.resource.valueBoolean,
    ) ?? [];
  await expect.poll(said).toEqual([true]);

  const staff = await browser.newContext();
  const desk = await staff.newPage();
  await signIn(desk, "console", "nurse");
  const { id } = (await nurse("POST", "/fhir/Task", {
    resourceType: "Task",
    status: "requested",
    intent: "order",
    code: { coding: [{ system: "https://weft.health/fhir/task-code", code: "case" }] },
    for: { reference: `Patient/${me}` },
    authoredOn: new Date().toISOString(),
  })) as { id: string };
  await desk.goto(`/console/case/${id}`);
  await desk.getByRole("button", { name: /^Claim/ }).click();
  await expect(desk.getByText("You have this case", { exact: true })).toBeVisible();
  await desk.keyboard.press("q");
  const dialog = desk.getByRole("dialog", { name: "How they are today" });
  await expect(dialog).toContainText("Last answered");
  await expect(dialog.locator("[data-budget]").first()).toContainText("this week"); // it can be sent by text
  await axe(desk);
  await shot(desk, "m3-daily");
  const each = dialog.getByRole("region", { name: "Ask each day" });
  await each.getByLabel("Each day at").fill("08:30");
  await each.getByRole("button", { name: "Ask each day" }).click();
  await expect(each).toContainText("8:30 AM");
  await axe(desk);
  await shot(desk, "m3-each-day");
  await each.getByRole("button", { name: "Stop" }).click();
  await expect(each.getByRole("button", { name: "Ask each day" })).toBeVisible();
  await dialog.getByRole("group", { name: "Do you feel dizzy or faint?" }).getByLabel("No", { exact: true }).check({ force: true });
  await dialog.getByRole("button", { name: "Keep the answers" }).click();
  await expect(desk.getByText("The answers are kept.").last()).toBeVisible();
  await expect.poll(said).toHaveLength(2);

  // Everything on one time axis, the same as a table, and what is not shown is said.
  await desk.getByRole("tab", { name: "Whole picture" }).click();
  const picture = desk.getByRole("region", { name: "Whole picture" });
  const symptoms = picture.getByRole("listitem").filter({ hasText: "Symptoms" });
  await expect(symptoms).toContainText("2 entries");
  await expect(picture.getByRole("listitem").filter({ hasText: "Claims" })).toContainText("3 entries"); // shared, without amounts
  await picture.getByRole("slider", { name: "Day" }).focus();
  await expect(picture.getByRole("slider", { name: "Day" })).toHaveAttribute("aria-valuetext", /dizzy: Yes/);
  await axe(desk);
  await shot(desk, "m4-picture");
  await picture.getByRole("radio", { name: "Table" }).check({ force: true });
  await expect(picture.getByRole("row", { name: /dizzy: No/ })).toBeVisible();
  await axe(desk);
  await staff.close();
});
