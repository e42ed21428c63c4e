// A restriction reaches a screen that is open: what was there goes, the screen says that something is
// hidden, and a nurse in an emergency opens it again with a reason.
import { api, axe, expect, shot, signInByHand, test } from "./kit";
import { stable } from "./people";

test("a denial empties the open screen, a broken glass fills it", async ({ page, request, forgive }) => {
  forgive(/403/);
  const { patient } = stable(4);
  const call = await api(request, "nurse2");
  // By hand: the emergency way in asks for somebody who showed who they are within five minutes.
  await page.goto("/console/");
  await signInByHand(page, "nurse");
  await page.goto(`/console/patient/${patient}`);
  const medicines = page.getByRole("region", { name: "Medicines" });
  await expect(medicines.getByRole("listitem").first()).toBeVisible();
  await call("POST", "/fhir/Consent", {
    resourceType: "Consent",
    status: "active",
    scope: {
      coding: [{ system: "http://terminology.hl7.org/CodeSystem/consentscope", code: "patient-privacy" }],
    },
    category: [{ text: "restriction" }],
    policyRule: { text: "as asked for" },
    patient: { reference: `Patient/${patient}` },
    provision: { type: "deny", class: [{ code: "MedicationRequest" }] },
  });
  await expect(medicines.getByRole("listitem")).toHaveCount(0, { timeout: 5000 });
  const told = page.getByRole("region", { name: "Restrictions" });
  await expect(told).toContainText("1 section is hidden", { timeout: 5000 });
  await told.getByRole("button", { name: "Emergency: break the glass" }).click();
  await axe(page);
  await shot(page, "h1-glass");
  await page.getByLabel("Why it cannot wait").fill("Unconscious after a fall; medicines unknown");
  await page.getByRole("button", { name: "Open for the emergency" }).click();
  await expect(medicines.getByRole("listitem").first()).toBeVisible({ timeout: 5000 });
  await axe(page);
});
