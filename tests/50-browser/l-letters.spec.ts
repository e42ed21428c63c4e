// Letters: what waits becomes a print run, is downloaded and marked as posted; one that cannot be is said. The
// composer says by which way a message goes, and why.
import { account, api, axe, expect, shot, signIn, test } from "./kit";

const CHANNEL = "https://weft.health/fhir/contact-channel";

test("letters are printed as one run and marked as posted", async ({ page, request }) => {
  const nurse = await api(request, "nurse");
  const me = account("patient").patient;
  for (const text of ["Please call your nurse.", "Your visit is soon."]) {
    await nurse("POST", "/fhir/Communication", {
      resourceType: "Communication",
      status: "in-progress",
      medium: [{ coding: [{ system: CHANNEL, code: "letter" }] }],
      subject: { reference: `Patient/${me}` },
      recipient: [{ reference: `Patient/${me}` }],
      sent: new Date().toISOString(),
      payload: [{ contentString: text }],
    });
  }
  await signIn(page, "console", "nurse");
  await page.getByRole("navigation").getByRole("link", { name: "Letters" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Letters" })).toBeVisible();
  const waiting = page.getByRole("region", { name: /To be printed/ });
  await expect(waiting.getByRole("listitem")).toHaveCount(2);
  await expect(waiting.getByText(/^Contact budget: \d+ of \d+ today/).first()).toBeVisible(); // no letter is open
  await waiting.getByText("The letter").first().click();
  await axe(page);
  await waiting.getByRole("button", { name: "Make a print run" }).click();
  const run = page.getByRole("region", { name: /Print run/ });
  await expect(run.getByRole("listitem")).toHaveCount(2);
  await expect(waiting).toHaveCount(0);
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    run.getByRole("link", { name: "Download the PDF" }).click(),
  ]);
  expect(file.suggestedFilename()).toBe("letters.pdf");
  await axe(page);
  await shot(page, "l1-letters");
  await run.getByRole("button", { name: /Cannot be posted/ }).first().click();
  await expect(run.getByRole("listitem")).toHaveCount(1);
  await run.getByRole("button", { name: "Mark all as posted" }).click();
  await expect(page.getByText("No letter waits")).toBeVisible();

  await page.goto(`/console/patient/${me}`);
  await page.getByLabel("Message", { exact: true }).fill("Please call us today.");
  await expect(page.getByText(/(text message|e-mail): .+/)).toBeVisible();
  await axe(page);

  await page.getByRole("navigation").getByRole("link", { name: "Letters" }).click();
  await page.locator("summary", { hasText: "Account" }).click();
  await page.locator("#menu-language").selectOption("ar");
  await expect(page.locator("html")).toHaveAttribute("dir", "rtl");
  await expect(page.getByRole("heading", { level: 1, name: "الرسائل الورقية" })).toBeVisible();
  await axe(page);
});
