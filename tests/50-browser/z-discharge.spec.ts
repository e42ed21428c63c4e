// Walk W4: a patient comes home, is asked with numbered paths, and the answer is a case with owner and clock that a
// nurse sees with the words and closes; its outcome is told, and STOP ends it. And what W6 asks of a campaign that
// runs: stopped in two acts, after which nothing of it leaves.
import type { Browser, Page } from "@playwright/test";
import { Acts, api, axe, expect, shot, signIn, test } from "./kit";
import { inDaytime, stable, zoneOfDaytime } from "./people";

interface Found<T> {
  total?: number;
  entry?: { resource: T }[];
}
interface Task {
  id: string;
  authoredOn: string;
  executionPeriod?: { end?: string };
}
interface Shipped {
  outlines: { code: string; plan: { extension: object[] } }[];
}
interface CarePlan {
  title: string;
  status: string;
}
interface Said {
  sent?: string;
  received?: string;
  status: string;
  sender?: { reference: string };
  payload: { contentString: string }[];
}

async function another(browser: Browser, user: string): Promise<Page> {
  const page = await (await browser.newContext({ baseURL: test.info().project.use.baseURL })).newPage();
  await signIn(page, "console", user);
  return page;
}

/** From what is on screen to "Running": asked for, approved by somebody else, scheduled; between the two something
 * may happen. */
async function run(page: Page, browser: Browser, between?: () => Promise<void>): Promise<void> {
  await page.getByRole("button", { name: "Ask for approval" }).click();
  await expect(page.getByText("Waits for approval").first()).toBeVisible();
  const other = await another(browser, "privacy");
  await other.goto(page.url());
  await other.getByRole("button", { name: "Approve" }).click();
  await expect(other.getByText("Approved").first()).toBeVisible();
  await other.context().close();
  await between?.();
  await page.reload();
  await page.getByRole("button", { name: "Schedule" }).click();
  await expect(page.getByText("Running").first()).toBeVisible();
}

async function outline(page: Page, name: string): Promise<void> {
  await page.goto("/console/campaigns");
  await page.getByText("New from an outline").click();
  await page.getByRole("button", { name }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(name);
}

/** Yesterday at three in the afternoon where the patient lives. */
function yesterday(): string {
  const behind = Number(/GMT([+-]\d+)?/.exec(zoneOfDaytime(new Date()))?.[1] ?? 0);
  const there = new Date(Date.now() - behind * 3_600_000);
  return new Date(
    Date.UTC(there.getUTCFullYear(), there.getUTCMonth(), there.getUTCDate() - 1, 15 + behind),
  ).toISOString();
}

test("after the hospital, started at once: an answer is a case, the case an answer", async ({
  page,
  browser,
  request,
}) => {
  const { patient } = stable(0);
  const name = await inDaytime(request, patient);
  await signIn(page, "console", "outreach");
  await outline(page, "After the hospital: 30 days");
  await run(page, browser);
  const journey = page.url();

  const call = await api(request, "nurse2");
  await call("POST", "/fhir/Encounter", {
    resourceType: "Encounter",
    status: "finished",
    class: { system: "http://terminology.hl7.org/CodeSystem/v3-ActCode", code: "IMP" },
    subject: { reference: `Patient/${patient}` },
    period: { end: yesterday() },
  });
  await page.getByRole("link", { name: "Outbox" }).click();
  const phone = page.getByRole("region", { name: "Phones" });
  const asked = phone.getByText("1 I feel worse 2 A question 3 Need a visit 4 I'm OK");
  await expect(asked).toBeVisible();
  const text = await asked.innerText();
  expect(text).toMatch(/^Bright River Clinic: /);
  expect(text).toContain("call +1 503 555 0100");
  expect(text).toContain("STOP");
  expect(text.length).toBeLessThanOrEqual(160);
  await axe(page);
  await shot(page, "z1-asked");

  // Whose version they keep is told to whoever approves, of so few people without a figure; nothing is theirs to write.
  const officer = await another(browser, "privacy");
  await officer.goto(journey);
  await expect(officer.getByText(/Version \W*1\W*: fewer than 11 people/)).toBeVisible();
  await expect(officer.getByLabel("Name", { exact: true })).toBeDisabled();
  await officer.context().close();

  const patientActs = new Acts();
  const reply = async (words: string): Promise<void> => {
    await phone.getByLabel("Reply as the patient").fill(words);
    await patientActs.click(phone.getByRole("button", { name: "Send reply" }));
  };
  await reply("2");
  await expect(phone.getByText("1 Side effect 2 Can't get it 3 How to take it")).toBeVisible();
  await reply("can't afford it");
  await expect(phone.getByText(/Got it\. Your nurse or a colleague will call by /)).toBeVisible();
  expect(patientActs.n).toBeLessThanOrEqual(2);

  // The case: the words, whose it is and until when; there within five seconds of the reply.
  const cases = (await call("GET", `/fhir/Task?patient=Patient/${patient}&status=requested`)) as Found<Task>;
  const task = cases.entry!.map((e) => e.resource).find((t) => t.executionPeriod?.end)!;
  const said = (await call("GET", `/fhir/Communication?patient=Patient/${patient}&_count=50`)) as Found<Said>;
  const words = said.entry!.find((e) => e.resource.payload[0]!.contentString === "can't afford it")!.resource;
  const heard = Date.parse(words.received ?? words.sent ?? "");
  expect(Date.parse(task.authoredOn) - heard).toBeLessThanOrEqual(5000);
  expect(Date.parse(task.executionPeriod!.end!)).toBeGreaterThan(heard);

  const nurse = await another(browser, "nurse");
  const acts = new Acts();
  const row = nurse.getByRole("link", { name: new RegExp(name) }).filter({ hasText: "can't afford it" });
  await acts.click(row);
  await expect(nurse.getByRole("heading", { level: 1, name })).toBeVisible();
  const why = nurse.getByRole("region", { name: "Case", exact: true });
  await expect(why.getByText(/^After the hospital.*can't afford it/)).toBeVisible(); // and what they said last
  const thread = nurse.getByRole("region", { name: "Messages" });
  await expect(thread.getByText("can't afford it")).toBeVisible();
  await expect(nurse.locator("[data-budget]")).toBeVisible();
  await axe(nurse);
  await shot(nurse, "z2-case");
  await acts.press(nurse, "c");
  await expect(nurse.getByText("You have this case", { exact: true })).toBeVisible();
  await acts.press(nurse, "e");
  const dialog = nurse.getByRole("dialog", { name: "How did it end?" });
  await acts.click(dialog.getByText("Medicine changed"));
  await acts.fill(dialog.getByLabel("Note"), "Switched to a covered option, sent to the doctor for approval.");
  await acts.press(nurse, "Control+Enter");
  await expect(nurse.getByText("This case is resolved.")).toBeVisible();
  expect(acts.n, "acts of the nurse").toBeLessThanOrEqual(6);

  // The loop is closed with the patient; STOP is kept and confirmed.
  await expect(phone.getByText(/We sent your question to your doctor/)).toBeVisible();
  await shot(page, "z3-outcome");
  await reply("STOP");
  await expect(phone.getByText(/will not|no more|stopped/i).last()).toBeVisible();
  await expect(async () => {
    const all = (await call("GET", `/fhir/CarePlan?patient=Patient/${patient}`)) as Found<CarePlan>;
    const own = all.entry!.map((e) => e.resource).filter((p) => p.title === "After the hospital: 30 days");
    expect(own.map((p) => p.status)).toEqual(["revoked"]);
  }).toPass();

  // The same in Arabic, dark and on a phone.
  await nurse.evaluate(() => localStorage.setItem("weft.language", "ar"));
  await nurse.reload();
  await expect(nurse.locator("html")).toHaveAttribute("dir", "rtl");
  await nurse.setViewportSize({ width: 390, height: 844 });
  await nurse.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
  await expect(nurse.getByText("can't afford it").first()).toBeVisible();
  await axe(nurse);
  await shot(nurse, "z4-case-ar");
  await nurse.context().close();
});

test("a campaign that started at once is stopped, and nothing more of it leaves", async ({
  page,
  browser,
  request,
}) => {
  const call = await api(request, "outreach");
  const older = { name: "Walked to be stopped", purpose: "care", groups: [[{ chip: "age-65" }]] };
  const who = (await call("POST", "/audiences", older)) as { id: string };
  const shipped = (await call("GET", "/campaign-outlines")) as Shipped;
  const plan = shipped.outlines.find((o) => o.code === "immunisation")!.plan;
  plan.extension.push({
    url: "https://weft.health/fhir/StructureDefinition/plan-audience",
    valueReference: { reference: `Group/${who.id}` },
  });
  const { id } = (await call("POST", "/campaigns", plan)) as { id: string };
  await signIn(page, "console", "outreach");
  await page.goto(`/console/campaigns/${id}`);
  // One of those approved dies before it starts: told as fewer than were approved.
  const dies = async (): Promise<void> => {
    const asked = await call("POST", "/audience-people", { audience: older, language: "en" });
    const [one] = (asked as { people: { id: string }[] }).people;
    const nurse = await api(request, "nurse2");
    const person = (await nurse("GET", `/fhir/Patient/${one!.id}`)) as object;
    await nurse("PUT", `/fhir/Patient/${one!.id}`, { ...person, deceasedBoolean: true });
    const dead = async (): Promise<number> =>
      ((await call("POST", "/audience-count", older)) as { left: { deceased?: number } }).left.deceased ?? 0;
    await expect.poll(dead).toBeGreaterThan(0);
  };
  await run(page, browser, dies);
  await expect(page.getByText(/1\W* fewer than approved/)).toBeVisible();
  await expect(page.getByText("Too few people to tell").first()).toBeVisible();
  await axe(page);
  await shot(page, "z5-running");
  // A new draft of it is written meanwhile: what runs can still be stopped.
  await page.getByLabel("Not after").fill("17:00");
  await page.getByRole("button", { name: "Save outline" }).click();
  await expect(page.getByRole("button", { name: "Ask for approval" })).toBeVisible();
  const acts = new Acts();
  await acts.click(page.getByRole("button", { name: "Stop now" }));
  await expect(page.getByText("Stopped").first()).toBeVisible();
  await expect(page.getByRole("button", { name: "Stop now" })).toHaveCount(0);
  expect(acts.n, "acts to stop").toBeLessThanOrEqual(2);
  const { stopped } = (await call("GET", `/campaigns/${id}`)) as { stopped: string };
  await expect(async () => {
    const of = `/fhir/Communication?instantiates-canonical=PlanDefinition/${id}&_count=100`;
    const all = ((await call("GET", of)) as Found<Said>).entry ?? [];
    for (const { resource: said } of all) {
      expect(["completed", "stopped", "not-done", "in-progress"]).toContain(said.status);
      if (said.sent) expect(Date.parse(said.sent)).toBeLessThanOrEqual(Date.parse(stopped) + 5000);
    }
  }).toPass();
});
