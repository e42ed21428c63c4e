// A message that may not go says why, names its rules, and cannot be sent.
import { api, axe, expect, shot, signIn, signInByHand, test } from "./kit";
import { inDaytime, pulse, stable } from "./people";

test("a refused message shows why", async ({ page, request }) => {
  const { patient } = stable(2);
  const name = await inDaytime(request, patient);
  await pulse(request, patient, [138, 141]);
  await signIn(page, "console", "nurse");
  await page.getByRole("link", { name: new RegExp(name) }).click();
  await page.getByLabel("Message", { exact: true }).fill("Your HIV test came back positive. Call us.");
  const verdict = page.getByRole("status").filter({ hasText: "May not be sent" });
  await expect(verdict).toBeVisible();
  expect((await verdict.getByRole("listitem").first().innerText()).length).toBeGreaterThan(20);
  await expect(verdict.locator("code").first()).toHaveText(/^[A-Z0-9]+-[A-Z0-9-]+$/);
  await expect(page.getByRole("button", { name: /Cannot be sent/ })).toBeDisabled();
  await axe(page);
  await shot(page, "b1-refused");
  // The keyboard cannot get round the button.
  await page.keyboard.press("Control+Enter");
  await expect(page.getByText("Message is on its way.")).toHaveCount(0);
  // What was typed survives leaving and coming back.
  await page.getByRole("link", { name: "Outbox" }).click();
  await page.goBack();
  await expect(page.getByLabel("Message", { exact: true })).toHaveValue(/HIV test/);
});

test("an ended session keeps the work", async ({ page, forgive }) => {
  forgive(/401/);
  const { patient } = stable(2);
  await signIn(page, "console", "nurse");
  await page.goto(`/console/patient/${patient}`);
  await page.getByLabel("Message", { exact: true }).fill("Please rest a while.");
  await expect(page.getByRole("status").filter({ hasText: /sent|Held|missing/ })).toBeVisible();
  await page.context().clearCookies();
  await page.reload();
  await expect(page.getByText("your work is still here")).toBeVisible();
  await axe(page);
  await signInByHand(page, "nurse");
  await expect(page.getByLabel("Message", { exact: true })).toHaveValue("Please rest a while.");
});

test("a call that may not be made has no number; an exception with its reason opens it", async ({ page, request }) => {
  const { patient } = stable(2);
  const name = await inDaytime(request, patient);
  const call = await api(request, "nurse2");
  const p = (await call("GET", `/fhir/Patient/${patient}`)) as { extension?: object[] };
  const others = p.extension ?? [];
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
  const pause = {
    url: "https://weft.health/fhir/StructureDefinition/contact-wishes",
    extension: [{ url: "pausedUntil", valueDateTime: tomorrow }],
  };
  await call("PUT", `/fhir/Patient/${patient}`, { ...p, extension: [...others, pause] });
  await pulse(request, patient, [138, 141]);
  await signIn(page, "console", "nurse");
  await page.getByRole("link", { name: new RegExp(name) }).click();
  const panel = page.getByRole("region", { name: "Case", exact: true });
  await expect(panel).toBeVisible();
  await page.keyboard.press("c");
  await expect(panel.getByText("You have this case", { exact: true })).toBeVisible();

  // They asked for a pause: until when, by which rule; the call is planned for then.
  await page.keyboard.press("p");
  const dialog = page.getByRole("dialog", { name: "Call" });
  await expect(dialog.getByRole("heading", { name: "Do not call now" })).toBeVisible();
  await expect(dialog.getByText("(CAP-03)")).toBeVisible();
  await expect(dialog.getByText(/^A call may be made again/)).toBeVisible();
  await expect(dialog.getByRole("link")).toHaveCount(0);
  await expect(dialog.getByText(/Say who you are/)).toHaveCount(0);
  await expect(dialog.getByRole("button", { name: "Keep" })).toHaveCount(0);
  await axe(page);
  await shot(page, "b2-no-call");
  await dialog.getByRole("button", { name: "Plan the call for then" }).click();
  await expect(panel.getByText(/^a call from .*CAP-03/)).toBeVisible();

  // Help that cannot wait goes before, with its reason.
  await page.keyboard.press("p");
  await dialog.getByLabel("Help cannot wait").check({ force: true });
  await expect(dialog.getByRole("button", { name: "Call all the same" })).toBeDisabled();
  await dialog.getByLabel("Why").fill("Pulse 141, does not answer texts.");
  await dialog.getByLabel("Why").press("Enter"); // keeps no call: none was made
  await expect(dialog.getByRole("alert")).toHaveCount(0);
  await dialog.getByRole("button", { name: "Call all the same" }).click();
  await expect(dialog.getByRole("link")).toHaveAttribute("href", /^tel:\+1611/);
  await expect(dialog.getByText(/Say who you are/)).toBeVisible();
  await axe(page);
  await shot(page, "b3-exception");
  await dialog.getByText("Spoke with them").click();
  await dialog.getByRole("button", { name: "Keep" }).click();
  await expect(dialog).toBeHidden();
  const budget = (await call("GET", `/fhir/Patient/${patient}/$contact-budget`)) as { exceptions: number };
  expect(budget.exceptions).toBe(1);

  // Somebody rang before looking: written down with the reason, counted, and in the note. Then they ring us.
  await page.keyboard.press("p");
  await expect(dialog.getByText(/calls by exception in 30 days: 1/)).toBeVisible();
  await dialog.getByLabel("We called all the same").check({ force: true });
  const keep = dialog.getByRole("button", { name: "Keep" });
  await dialog.getByText("No answer").click();
  await expect(keep).toBeDisabled(); // without a reason
  await dialog.getByLabel("Why it was made").fill("I rang before I looked.");
  await expect(dialog.getByLabel("Help cannot wait")).toHaveCount(0);
  await axe(page);
  await shot(page, "b4-made");
  await keep.click();
  await expect(dialog).toBeHidden();
  await page.keyboard.press("p");
  await dialog.getByLabel("They called us").check({ force: true });
  await expect(dialog.getByText("Their call counts as no contact by us.")).toBeVisible();
  await dialog.getByLabel("What was said").fill("Feels well again.");
  await axe(page);
  await shot(page, "b5-they-called");
  await keep.click();
  await expect(dialog).toBeHidden();
  await page.keyboard.press("e");
  const note = page.getByRole("dialog").getByRole("textbox", { name: "Note" });
  await expect(note).toHaveValue(/Called by exception: Spoke with them\.[^]*Called by exception: No answer\./);
  await expect(note).toHaveValue(/The patient called\. Feels well again\./);
  await page.keyboard.press("Escape");
  const after = (await call("GET", `/fhir/Patient/${patient}/$contact-budget`)) as { exceptions: number };
  expect(after.exceptions).toBe(2);
  const now = (await call("GET", `/fhir/Patient/${patient}`)) as object;
  await call("PUT", `/fhir/Patient/${patient}`, { ...now, extension: others.length ? others : undefined });
});

test("an agent sees the case, not the care; nothing is asked for that would be refused", async ({ page }) => {
  await signIn(page, "console", "agent");
  await page.getByRole("list", { name: "Worklist" }).getByRole("link").first().click();
  await expect(page.getByRole("region", { name: "Case", exact: true })).toBeVisible();
  await expect(page.getByText("are not shown to your role")).toBeVisible();
  await page.getByRole("tab", { name: "Timeline" }).click();
  await expect(page.getByRole("region", { name: "Timeline" })).toBeVisible();
  await axe(page);
});
