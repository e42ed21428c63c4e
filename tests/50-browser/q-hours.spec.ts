// Who watches when: an admin makes a team that is at work two days from now, seeing first what changes; the nurse sees
// that nobody watches and whom a case went to; the patient reads when somebody looks again.
import { account, api, axe, expect, shot, signIn, test } from "./kit";

const NAME = "Walk team";
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const PHONE = { width: 390, height: 844 };
const soon = (): string => DAYS[new Date(Date.now() + 2 * 86_400_000).getUTCDay()]!;

interface Team {
  service: string;
  name: string;
}

test("hours are made by keyboard, seen by nurse and patient", async ({ page, request }) => {
  const admin = await api(request, "admin");
  await signIn(page, "console", "admin");
  await page.getByRole("navigation").getByRole("link").filter({ hasText: "Team hours" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Team hours" })).toBeVisible();
  const house = page.getByRole("region", { name: "The house" });
  await expect(house.getByText("08:00-18:00").first()).toBeVisible();
  await axe(page);
  await shot(page, "q1-team-hours");

  await house.getByRole("button", { name: "Make a team with its own hours" }).press("Enter");
  const form = page.getByRole("form", { name: "Change these hours" });
  await form.getByLabel("Name of the team").fill(NAME);
  await form.getByLabel("Time zone").fill("Etc/UTC");
  await form.getByLabel("Number out of hours").fill("+1 503 555 0199");
  for (const day of DAYS) await form.getByLabel(day, { exact: true }).fill("");
  await form.getByLabel(soon(), { exact: true }).fill("8 to 9");
  await form.getByLabel(/^Closed/).fill("2027-01-01 New Year");
  const show = form.getByRole("button", { name: "Show what changes" });
  await show.press("Enter");
  await expect(form.getByRole("alert")).toContainText(soon());
  await form.getByLabel(soon(), { exact: true }).fill("08:00-09:00");
  await show.press("Enter");
  const diff = page.getByRole("dialog", { name: "What changes" });
  await expect(diff.getByRole("row").filter({ hasText: NAME })).toBeVisible();
  await axe(page);
  await shot(page, "q2-diff");
  await diff.getByRole("button", { name: "Keep it" }).press("Enter");
  const team = page.getByRole("region", { name: NAME });
  await expect(team.getByText("Nobody is at work.")).toBeVisible();

  try {
    const patient = account("patient").patient;
    const nurse = await api(request, "nurse");
    const { id } = (await nurse("POST", "/fhir/Task", {
      resourceType: "Task",
      status: "requested",
      intent: "order",
      priority: "asap",
      code: { coding: [{ system: "https://weft.health/fhir/task-code", code: "case" }] },
      groupIdentifier: { system: "https://weft.health/fhir/programme", value: "walk-hours" },
      for: { reference: `Patient/${patient}`, display: "Walk Patient" },
      authoredOn: new Date(Date.now() - 20 * 60_000).toISOString(),
      description: "Weight up by 2 kg in a day.",
    })) as { id: string };

    await signIn(page, "console", "nurse");
    await expect(page.getByText(/Walk team.*: nobody is watching now/)).toBeVisible();
    const row = page.locator("[data-row]").filter({ hasText: "Weight up by 2 kg in a day." });
    await expect(row.getByText(/Went to: .*on-call clinician/)).toBeVisible({ timeout: 30_000 });
    await expect(row.getByText(/Unwatched for/)).toBeVisible();
    await axe(page);
    await shot(page, "q3-worklist");
    await row.press("Enter");
    await expect(page).toHaveURL(new RegExp(id));
    const chain = page.getByRole("list", { name: "How it went up" });
    await expect(chain.getByText("nobody is at work").first()).toBeVisible();
    await expect(page.getByText(/Goes to the .*lead nurse.* in/)).toBeVisible();
    await expect(page.getByText(/It came out of hours/)).toBeVisible();
    await axe(page);
    await shot(page, "q4-case");
    await page.locator("summary", { hasText: "Account" }).click();
    await page.locator("#menu-language").selectOption("ar");
    await expect(page.locator("html")).toHaveAttribute("dir", "rtl");
    await expect(page.getByText(/وصلت خارج أوقات العمل/)).toBeVisible();
    await axe(page);
    await page.locator("summary", { hasText: "الحساب" }).click();
    await page.setViewportSize(PHONE);
    await axe(page);
    await shot(page, "q5-case-ar-390");
    await page.evaluate(() => localStorage.clear()); // the language, too

    await signIn(page, "portal", "patient");
    await expect(page.getByText("Nobody is watching now.")).toBeVisible();
    await expect(page.getByText("+1 503 555 0199")).toBeVisible();
    await expect(page.getByText("Your numbers wait for your care team")).toBeVisible();
    await axe(page);
    await shot(page, "q6-portal-390");
    await page.evaluate(() => localStorage.setItem("weft.language", "ar"));
    await page.reload();
    await expect(page.getByText("لا أحد يراقب الآن.")).toBeVisible();
    await axe(page);
    await shot(page, "q7-portal-ar-390");
    await nurse("POST", `/fhir/Task/${id}/$claim`, {});
    await nurse("POST", `/fhir/Task/${id}/$resolve`, { outcome: "contacted-ok", note: "" });
  } finally {
    const all = (await admin("GET", "/monitoring/hours")) as Team[];
    for (const x of all.filter((o) => o.name === NAME)) {
      const had = (await admin("GET", `/fhir/HealthcareService/${x.service}`)) as object;
      await admin("PUT", `/fhir/HealthcareService/${x.service}`, { ...had, active: false });
    }
  }
});
