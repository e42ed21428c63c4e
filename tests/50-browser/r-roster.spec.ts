// Who is on call: an admin sees where nobody is, changes hours by keyboard and lets two change places, seeing first what
// changes; a nurse to whom a case climbed finds it by its filter, in the address, and the case says who was paged.
import { api, axe, account, expect, shot, signIn, test } from "./kit";

const NAME = "Roster walk";
const PHONE = { width: 390, height: 844 };
const ROLE = "https://weft.health/fhir/team-role";

const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const LONG = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

interface Made {
  id: string;
}

test("the roster shows gaps, changes by diff, and leads to what climbed", async ({
  page,
  request,
}) => {
  const admin = await api(request, "admin");
  const nurse = await api(request, "nurse");
  const me = ((await nurse("GET", "/auth/me")) as { reference: string }).reference;
  const service = (await admin("POST", "/fhir/HealthcareService", {
    resourceType: "HealthcareService",
    active: true,
    name: NAME,
    type: [{ coding: [{ system: "https://weft.health/fhir/service-type", code: "remote-monitoring" }] }],
    program: [{ coding: [{ system: "https://weft.health/fhir/programme", code: "walk-roster" }] }],
    extension: [
      { url: "http://hl7.org/fhir/StructureDefinition/timezone", valueCode: "Etc/UTC" },
    ],
    availableTime: [{ daysOfWeek: [DAYS[new Date(Date.now() + 2 * 86_400_000).getUTCDay()]], allDay: true }],
  })) as Made;
  const other = (await admin("POST", "/fhir/Practitioner", {
    resourceType: "Practitioner",
    name: [{ given: ["Olu"], family: "Night" }],
  })) as Made;
  const joins = (await admin("POST", "/fhir/Practitioner", {
    resourceType: "Practitioner",
    name: [{ given: ["Ida"], family: "Joins" }],
  })) as Made;
  const role = async (reference: string, display: string, availableTime: object[]): Promise<Made> =>
    (await admin("POST", "/fhir/PractitionerRole", {
      resourceType: "PractitionerRole",
      active: true,
      practitioner: { reference, display },
      healthcareService: [{ reference: `HealthcareService/${service.id}` }],
      code: [{ coding: [{ system: ROLE, code: "on-call" }] }],
      availableTime,
    })) as Made;
  const roles = [
    await role(me, "Walk Nurse", [
      { daysOfWeek: DAYS, availableStartTime: "00:00:00", availableEndTime: "23:00:00" },
    ]),
    await role(`Practitioner/${other.id}`, "Olu Night", [
      { daysOfWeek: ["mon"], availableStartTime: "08:00:00", availableEndTime: "18:00:00" },
    ]),
  ];
  try {
    await signIn(page, "console", "admin");
    await page.getByRole("navigation").getByRole("link").filter({ hasText: "On call" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "On call" })).toBeVisible();
    const team = page.getByRole("region", { name: NAME });
    await expect(team.getByText(/Nobody is on call from/).first()).toBeVisible();
    await expect(team.getByText(/It changes hands/)).toBeVisible();
    await expect(team.getByRole("row", { name: /^Walk Nurse/ })).toContainText("00:00–23:00");
    await axe(page);
    await shot(page, "r1-roster");

    const olu = team.getByRole("row", { name: /^Olu Night/ });
    await olu.getByRole("button", { name: "Change Olu Night" }).press("Enter");
    const form = page.getByRole("form", { name: "Hours and pages" });
    for (const day of LONG) await form.getByLabel(day, { exact: true }).fill("23:00-24:00");
    await form.getByLabel("Number for pages").fill("555");
    const look = form.getByRole("button", { name: "Show what changes" });
    await look.press("Enter");
    await expect(form.getByRole("alert")).toContainText("Number for pages");
    await form.getByLabel("Number for pages").fill("+1 312 555 0188");
    await look.press("Enter");
    const diff = page.getByRole("dialog", { name: "What changes" });
    await expect(diff.getByRole("row").filter({ hasText: "+1 312 555 0188" })).toBeVisible();
    await axe(page);
    await shot(page, "r2-diff");
    await diff.getByRole("button", { name: "Keep it" }).press("Enter");
    await expect(olu).toContainText("23:00–24:00");
    await expect(team.getByText(/Nobody is on call from/)).toHaveCount(0);

    // Somebody of the directory joins, by keyboard; the step and each day are shown before they are kept.
    await team.getByRole("button", { name: /Add somebody/ }).press("Enter");
    const add = page.getByRole("form", { name: "Add somebody" });
    await add.getByLabel("Who").selectOption({ label: "Ida Joins" });
    await add.getByLabel("Called as").selectOption("lead");
    await add.getByLabel("Monday", { exact: true }).fill("8 to 9");
    await add.getByRole("button", { name: "Show what changes" }).press("Enter");
    await expect(add.getByRole("alert")).toContainText("Monday");
    for (const day of LONG) await add.getByLabel(day, { exact: true }).fill("07:00-09:00");
    await axe(page);
    await shot(page, "r2-add");
    await add.getByRole("button", { name: "Show what changes" }).press("Enter");
    await expect(diff.getByRole("row").filter({ hasText: "Ida Joins" })).toContainText("lead nurse");
    await diff.getByRole("button", { name: "Keep it" }).press("Enter");
    await expect(add).toHaveCount(0);
    const ida = team.getByRole("row", { name: /^Ida Joins/ });
    await expect(ida).toContainText("07:00–09:00");
    await expect(ida).toContainText("lead nurse");
    const found = (await admin("GET", `/fhir/PractitionerRole?practitioner=Practitioner/${joins.id}`)) as { entry: { resource: Made }[] };
    roles.push(found.entry[0]!.resource);

    await team.getByLabel(/Swap .*Walk Nurse.* with/).selectOption({ label: "Olu Night" });
    await expect(diff.getByRole("row").filter({ hasText: "Walk Nurse" })).toHaveCount(2);
    await diff.getByRole("button", { name: "Keep it" }).press("Enter");
    await expect(team.getByRole("row", { name: /^Olu Night/ })).toContainText("00:00–23:00");
    await team.getByLabel(/Swap .*Walk Nurse.* with/).selectOption({ label: "Olu Night" });
    await diff.getByRole("button", { name: "Keep it" }).press("Enter");
    await expect(team.getByRole("row", { name: /^Walk Nurse/ })).toContainText("00:00–23:00");
    await page.setViewportSize(PHONE);
    await axe(page);
    await shot(page, "r3-roster-390");
    await page.emulateMedia({ colorScheme: "dark" });
    await page.evaluate(() => localStorage.setItem("weft.language", "ar"));
    await page.reload();
    await expect(page.getByRole("heading", { level: 1, name: "المناوبات" })).toBeVisible();
    await axe(page);
    await shot(page, "r4-roster-ar-dark-390");
    await team.getByRole("button", { name: /أضف شخصًا/ }).press("Enter");
    await expect(page.getByRole("form", { name: "أضف شخصًا" })).toBeVisible();
    await axe(page);
    await shot(page, "r4-add-ar-dark-390");
    await page.keyboard.press("Escape");
    await page.emulateMedia({ colorScheme: "light" });
    await page.evaluate(() => localStorage.clear());
    await page.setViewportSize({ width: 1280, height: 900 });

    // both, at any hour of day
    for (const [i, r] of roles.entries()) {
      const had = (await admin("GET", `/fhir/PractitionerRole/${r.id}`)) as object;
      const always = [{ daysOfWeek: DAYS, allDay: true }];
      if (i === 0) await admin("PUT", `/fhir/PractitionerRole/${r.id}`, { ...had, availableTime: always });
    }
    const { id } = (await nurse("POST", "/fhir/Task", {
      resourceType: "Task",
      status: "requested",
      intent: "order",
      priority: "stat",
      code: { coding: [{ system: "https://weft.health/fhir/task-code", code: "case" }] },
      groupIdentifier: { system: "https://weft.health/fhir/programme", value: "walk-roster" },
      for: { reference: `Patient/${account("patient").patient}`, display: "Walk Patient" },
      authoredOn: new Date(Date.now() - 60_000).toISOString(),
      description: "Weight up by 3 kg in a night.",
    })) as Made;
    await signIn(page, "console", "nurse");
    const row = page.locator("[data-row]").filter({ hasText: "Weight up by 3 kg in a night." });
    await expect(row.getByText(/Went to: .*on-call clinician/)).toBeVisible({ timeout: 30_000 });
    await page.keyboard.press("g");
    await page.keyboard.press("u");
    await expect(page).toHaveURL(/\?show=up$/);
    await expect(row).toBeVisible();
    await expect(page.getByText(/Went up to me \([1-9]/)).toBeVisible();
    await axe(page);
    await shot(page, "r5-went-up-to-me");
    await page.reload();
    await expect(page).toHaveURL(/\?show=up$/);
    await row.press("Enter");
    await expect(page).toHaveURL(new RegExp(id));
    const pages = page.getByRole("list", { name: "Pages" });
    await expect(pages.getByText("Walk Nurse").first()).toBeVisible();
    await expect(page.getByText(/Emergency number where the patient lives: .*911/)).toBeVisible();
    await axe(page);
    await shot(page, "r6-case-pages");
    await nurse("POST", `/fhir/Task/${id}/$claim`, {});
    await nurse("POST", `/fhir/Task/${id}/$resolve`, { outcome: "contacted-ok", note: "" });
  } finally {
    for (const [type, one] of [...roles.map((r) => ["PractitionerRole", r] as const), ["HealthcareService", service] as const]) {
      const had = (await admin("GET", `/fhir/${type}/${one.id}`)) as object;
      await admin("PUT", `/fhir/${type}/${one.id}`, { ...had, active: false });
    }
  }
});
