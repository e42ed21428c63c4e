// A programme of monitoring at home: somebody leaves it, comes back with criteria answered and steps done, starts, and
// the month's list names what it counts.
import { account, api, axe, expect, planted, shot, signIn, test } from "./kit";

interface Row {
  patient: string;
  status: string;
  withData: number;
}

test("enrolled, taught, started, counted", async ({ page, request, forgive }) => {
  forgive(/status of 422/); // too early to graduate
  const nurse = await api(request, "nurse");
  const rows = (await nurse("GET", "/programmes/enrolled?programme=heart-failure")) as Row[];
  const known = new Set(planted().filter((p) => p.planted === "").map((p) => p.patient));
  const { patient } = rows.find((r) => r.status === "active" && r.withData > 20 && known.has(r.patient))!;
  await signIn(page, "console", "nurse");
  await page.getByRole("link", { name: "Programmes" }).click();
  const table = page.getByRole("table");
  await expect(table.locator(`a[href$="/patient/${patient}"]`)).toBeVisible();
  await expect(table.getByText("Under way").first()).toBeVisible();
  await axe(page);
  await shot(page, "o1-programmes");

  // The first 30 days ended some two weeks ago, in this month or in the one before.
  const month = async (ago: number): Promise<string> => {
    const m = new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 7);
    const { rows } = (await nurse("GET", `/programmes/bill?month=${m}`)) as { rows: { code: string }[] };
    return rows.some((r) => /99454|99445/.test(r.code)) ? m : "";
  };
  await page.getByRole("radio", { name: "Billing (US)" }).check({ force: true });
  await page.getByLabel("Month").fill((await month(20)) || (await month(0)));
  const line = page.getByRole("row").filter({ hasText: /99454|99445/ }).first();
  await expect(line).toBeVisible();
  await line.getByText("What it rests on").click();
  await expect(line.getByText(/Observation\/.*_history/).first()).toBeVisible();
  await axe(page);
  await shot(page, "o2-billing");

  await page.getByRole("radio", { name: "Outcomes" }).check({ force: true });
  await expect(page.getByText(/regression to the mean/)).toBeVisible();
  await expect(page.getByRole("row", { name: /Emergency visits/ })).toBeVisible();
  await expect(page.getByRole("row", { name: /KCCQ-12/ })).toBeVisible();
  await expect(page.getByRole("row", { name: /^VR-12, body/ })).toBeVisible();
  await expect(page.getByRole("row", { name: /^VR-12, mind/ })).toBeVisible();
  await expect(page.getByText(/^.VR-12.: no scoring table is loaded.* Answers kept: 0\./)).toBeVisible();
  await axe(page);
  await shot(page, "o5-outcomes");

  // How each rule does; and what other limits would have told of somebody's last weeks.
  await page.getByRole("radio", { name: "Rules" }).check({ force: true });
  await expect(page.getByText(/patient-years/)).toBeVisible();
  await expect(page.getByRole("columnheader", { name: "Acted on" })).toBeVisible();
  const trials = page.getByRole("region", { name: "Rules on trial" });
  const trial = trials.getByRole("row", { name: /^HF-WT-EWMA On trial/ });
  await expect(trial).toContainText(/20\d\d/); // counted since
  await expect(trial).toContainText(/\d+.? \(people: /);
  await axe(page);
  await trials.scrollIntoViewIfNeeded();
  await shot(page, "o6-rules");

  // Another limit on everybody, by keyboard alone.
  const many = page.getByRole("region", { name: "Try a limit on everybody of a programme" });
  await many.getByLabel("Metric").focus();
  await page.keyboard.type("Systolic");
  await expect(many.getByLabel("Metric")).toHaveValue("systolic");
  for (let i = 0; i < 3; i++) await page.keyboard.press("Tab");
  await expect(many.getByLabel(/^Upper limit/)).toBeFocused();
  await page.keyboard.type("120");
  await page.keyboard.press("Enter");
  await expect(many.getByRole("status")).toContainText(/(.\d+.) of \1 people replayed/);
  await expect(many.getByRole("row", { name: /^Cases a patient-year/ })).toBeVisible();
  await expect(many.getByText(/People without a known event/)).toBeVisible();
  await expect(many.getByRole("heading", { name: "Who changes most" })).toBeVisible();
  await axe(page);
  await many.scrollIntoViewIfNeeded();
  await shot(page, "o8-everybody");
  // A method on trial, beside the rules that are live.
  await many.getByLabel("A rule on trial").selectOption("HF-WT-CHART");
  await expect(many.getByLabel("Metric")).toHaveCount(0);
  await expect(many.getByText(/Moazeni 2023/)).toBeVisible();
  await many.getByRole("button", { name: "Replay" }).click();
  await expect(many.getByRole("row", { name: /^HF-WT-CHART On trial/ })).toBeVisible();
  await expect(many.getByRole("row", { name: /^HF-WT-3D/ })).toBeVisible();
  await axe(page);
  await many.getByRole("heading", { name: "Each rule of this sign by itself" }).scrollIntoViewIfNeeded();
  await shot(page, "o9-on-trial");
  const ill = planted().find((p) => p.planted === "pressure")!.patient;
  await page.goto(`/console/patient/${ill}`);
  await page.getByText("Try other limits").click();
  await page.getByLabel("Metric").selectOption("systolic");
  await page.getByLabel(/^Upper limit/).fill("120");
  await page.getByLabel(/^Upper limit/).press("Enter");
  await expect(page.getByText(/^Alerts in .28. days: .\d+. → .[1-9]/)).toBeVisible();
  await axe(page);
  await shot(page, "o7-what-if");

  await page.goto(`/console/patient/${patient}`);
  await page.getByRole("tab", { name: "Programme" }).click();
  const mine = page.getByRole("region", { name: "Heart failure" }).first();
  await mine.getByRole("button", { name: "Graduate" }).click();
  await expect(mine.getByRole("alert")).toContainText("too early to graduate");
  await mine.getByLabel(/^Why/).fill("Moves to another town");
  await mine.getByRole("button", { name: "Leave early" }).click();
  await expect(mine).toContainText("Left early");

  await page.getByText(/who fits/).click();
  const criteria = page.locator("form").filter({ hasText: "19 years or older" });
  for (const [what, answer] of [
    ["typical symptom and sign", "Yes"],
    ["Ejection fraction", "Yes"],
    ["Cannot stand", "No"],
    ["MMSE", "No"],
    ["No telephone", "No"],
    ["Heart pump", "No"],
  ] as const)
    await criteria.getByRole("listitem").filter({ hasText: what }).getByRole("radio", { name: answer }).check({ force: true });
  await axe(page);
  await shot(page, "o3-criteria");
  await criteria.getByRole("button", { name: "Enrol" }).click();
  const again = page.getByRole("region", { name: "Heart failure" }).filter({ hasText: "Being prepared" });
  await again.getByRole("button", { name: "Said yes" }).click();
  for (const step of ["oximeter are at home", "how to weigh", "how to measure", "in own words"])
    await again.getByRole("listitem").filter({ hasText: step }).getByRole("button", { name: "Done" }).click();
  await again.getByRole("button", { name: "Start" }).click();
  await expect(page.getByRole("region", { name: "Heart failure" }).filter({ hasText: "Under way" })).toBeVisible();
  await axe(page);
});

test("the patient is thanked, told what comes next and taught", async ({ page, request }) => {
  const nurse = await api(request, "nurse");
  const me = account("patient").patient;
  const start = new Date(Date.now() - 10 * 86_400_000).toISOString();
  const of = { reference: `Patient/${me}` };
  const { id } = (await nurse("POST", "/fhir/EpisodeOfCare", {
    resourceType: "EpisodeOfCare",
    status: "active",
    statusHistory: [{ status: "active", period: { start } }],
    type: [{ coding: [{ system: "https://weft.health/fhir/programme", code: "heart-failure" }] }],
    patient: of,
    period: { start },
  })) as { id: string };
  await nurse("POST", "/fhir/CarePlan", {
    resourceType: "CarePlan",
    identifier: [{ system: "https://weft.health/fhir/episode", value: id }],
    status: "active",
    intent: "plan",
    subject: of,
    period: { start, end: new Date(Date.now() + 50 * 86_400_000).toISOString() },
  });
  await nurse("POST", "/fhir/Goal", {
    resourceType: "Goal",
    lifecycleStatus: "active",
    description: { text: "Walk to the park and back" },
    subject: of,
  });
  await page.setViewportSize({ width: 390, height: 844 });
  await signIn(page, "portal", "patient");
  const card = page.getByRole("region", { name: "Heart failure at home" });
  await expect(card.getByText("Walk to the park and back")).toBeVisible();
  await expect(card.getByText(/What comes next/)).toBeVisible();
  const tip = card.locator("[aria-live]");
  const first = await tip.innerText();
  await card.getByRole("button", { name: "Another tip" }).click();
  await expect(tip).not.toHaveText(first);
  await axe(page);
  await shot(page, "o4-portal");
});
