// Walk W7, the rule's part: a sentence is read back, tried on what was decided, approved by a second person,
// published on trial, and holds at once on a screen that is open elsewhere.
import { Acts, api, axe, expect, shot, signIn, test } from "./kit";

const ACTS = 12; // the walk's budget
const SENTENCE = "Nurses may not see forms";

test("a rule changes by a sentence and two people", async ({ page, request, browser, forgive }) => {
  forgive(/422/); // the sentence that is not understood
  const acts = new Acts();
  await signIn(page, "console", "privacy");
  await acts.click(page.getByRole("link", { name: "Rules" }));
  await expect(page.getByText("The catalogue is in force, unchanged.")).toBeVisible();
  await acts.fill(page.getByLabel("What should hold?"), "Nurses may see less");
  await page.getByLabel("Why").fill("minimum necessary");
  await axe(page);
  await page.getByRole("button", { name: "Read it back" }).click();
  await expect(page.getByRole("alert")).toContainText("not understood");
  await acts.fill(page.getByLabel("What should hold?"), SENTENCE);
  await acts.click(page.getByRole("button", { name: "Read it back" }));
  await expect(page.getByRole("heading", { name: `${SENTENCE}.` })).toBeVisible();
  await acts.click(page.getByRole("button", { name: "Try on the last 90 days" }));
  await expect(page.getByText(/Would have refused/)).toBeVisible();
  await acts.click(page.getByRole("button", { name: "Send for approval" }));
  await expect(page.getByText("A second person has to approve it.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Approve" })).toHaveCount(0);
  await axe(page);
  await shot(page, "g1-rules");
  await page.setViewportSize({ width: 390, height: 800 });
  await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
  await page.waitForTimeout(500); // colours fade over
  await shot(page, "g2-rules-small-dark");

  const nurse = await api(request, "nurse2");
  await nurse("GET", "/fhir/QuestionnaireResponse?_count=1");
  const other = await (await browser.newContext({ baseURL: test.info().project.use.baseURL })).newPage();
  await signIn(other, "console", "admin");
  await acts.click(other.getByRole("link", { name: "Rules" }));
  await acts.click(other.getByRole("button", { name: "Approve" }));
  await acts.click(other.getByRole("button", { name: "Publish, take back in 24 hours" }));
  await expect(other.getByText(/Version .1. is in force/)).toBeVisible();
  await expect(other.getByText(/until ./)).toBeVisible();
  expect(acts.n).toBeLessThanOrEqual(ACTS);
  await expect(nurse("GET", "/fhir/QuestionnaireResponse?_count=1")).rejects.toThrow(/403.*TENANT-c/);
  await other.getByRole("button", { name: "End it now" }).click(); // and the first person confirms (R138)
  await expect(other.getByText("a second person confirms")).toBeVisible();
  await expect(other.getByRole("button", { name: "End it now" })).toHaveCount(0);
  await page.reload();
  await page.getByRole("button", { name: "End it now" }).click();
  await expect(page.getByText("The catalogue is in force, unchanged.")).toBeVisible();
  await other.reload();
  await expect(other.getByText("The catalogue is in force, unchanged.")).toBeVisible();
  await nurse("GET", "/fhir/QuestionnaireResponse?_count=1");
  await other.context().close();
});
