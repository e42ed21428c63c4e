// Walk W6, steps 4 to 7: the hours of a campaign, its outline written by the keyboard alone and judged while it is
// written, three people as they would be reached with their budget, thirty days simulated, approved by a second
// account, scheduled and taken back. A journey is read the same way, in Arabic too.
import { Acts, api, axe, expect, shot, signIn, test } from "./kit";

test("a campaign from an outline to its undo, by the keyboard where it counts", async ({
  page,
  browser,
  request,
  forgive,
}) => {
  forgive(/403/);
  const call = await api(request, "outreach");
  const name = "Walked at 65";
  await call("POST", "/audiences", { name, purpose: "care", groups: [[{ chip: "age-65" }]] });
  const acts = new Acts();
  await signIn(page, "console", "outreach");
  await page.goto("/console/campaigns");
  await page.getByText("New from an outline").click();
  await acts.click(page.getByRole("button", { name: "Immunisation season" }));
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Immunisation season");
  await acts.choose(page.getByLabel("For whom"), { label: name });
  // What ends it for a person is said, and another thing may be said beside it.
  const ends = page.getByRole("group", { name: "Ends for a person when the record says" });
  await expect(ends.getByLabel("Had this season's flu vaccine")).toBeChecked();
  await expect(ends.getByRole("checkbox", { checked: true })).toHaveCount(1);
  await acts.fill(page.getByLabel("Not before"), "09:30");
  await acts.fill(page.getByLabel("Not after"), "18:00");
  await acts.fill(page.getByLabel("Spread over hours"), "3");
  await expect(page.getByText("The outline is sound.")).toBeVisible();
  // The step's words can be sent to oneself, too.
  await page.getByText("Test to me").first().click();
  await expect(page.getByRole("region", { name: "Test to me" })).toBeVisible();
  await axe(page);
  await page.getByText("Test to me").first().click();
  await axe(page);
  await shot(page, "k7-campaign");

  // By the keyboard alone: a step is added, judged, written, moved up and, another, taken away.
  const tree = page.getByRole("tree", { name: "Outline" });
  const rows = tree.getByRole("treeitem");
  const had = await rows.count();
  await rows.first().focus();
  await page.keyboard.press("End");
  await expect(rows.nth(had - 1)).toBeFocused();
  await acts.press(page, "Insert");
  await expect(rows.nth(had)).toBeFocused();
  await expect(rows.nth(had)).toContainText("to be mended");
  await expect(page.getByText(/Things to mend: \W*1/)).toBeVisible();
  await expect(page.getByRole("group", { name: "The chosen step" })).toContainText("needs words");
  await axe(page);
  await page.keyboard.press("Enter");
  await expect(page.getByLabel("Name", { exact: true })).toBeFocused();
  await page.keyboard.type("Last word");
  for (let i = 0; i < 20 && !(await page.getByLabel("English").evaluate((e) => e === document.activeElement)); i++)
    await page.keyboard.press("Tab");
  await page.keyboard.type("Your flu shot is still free. Call {phone}.");
  await expect(page.getByText("The outline is sound.")).toBeVisible();
  await rows.nth(had).focus();
  await acts.press(page, "Shift+ArrowUp");
  await expect(rows.nth(had - 1)).toContainText("Last word");
  await expect(rows.nth(had - 1)).toBeFocused();
  await acts.press(page, "Delete");
  await expect(rows).toHaveCount(had);
  await expect(page.getByText("Not saved yet")).toBeVisible();
  await page.getByRole("button", { name: "Save outline" }).focus();
  await acts.press(page, "Enter");
  await expect(page.getByText("Not saved yet")).toBeHidden();
  await expect(page.getByLabel("Not before")).toHaveValue("09:30");
  await expect(ends.getByRole("checkbox", { checked: true })).toHaveCount(1);

  await acts.click(page.getByRole("button", { name: "Preview 3 people" }));
  await expect(page.getByText(/because/).first()).toBeVisible();
  await expect(page.locator("[data-budget]").first()).toContainText("this week");
  await acts.click(page.getByRole("button", { name: "Simulate 30 days" }));
  await expect(page.getByText("Nothing was sent.")).toBeVisible();
  await axe(page);
  await shot(page, "k8-simulated");

  // What is written and not saved yet is asked about, too.
  await page.getByLabel("Not after").fill("17:30");
  await expect(page.getByText("Not saved yet")).toBeVisible();
  await acts.click(page.getByRole("button", { name: "Ask for approval" }));
  await expect(page.getByText("Waits for approval").first()).toBeVisible();
  await expect(page.getByText("Not saved yet")).toBeHidden();
  // Its author is not offered what would be refused, and is told who can.
  await expect(page.getByText(/^You wrote this, so somebody else approves it/)).toBeVisible();
  await expect(page.getByRole("button", { name: "Approve" })).toHaveCount(0);
  const other = await (await browser.newContext({ baseURL: test.info().project.use.baseURL })).newPage();
  await signIn(other, "console", "privacy");
  await other.goto(page.url());
  await expect(other.getByRole("button", { name: "Save outline" })).toHaveCount(0);
  // Who approves reads for whom it is, how many that is, and when it may reach them.
  const told = other.getByRole("region", { name: "Who and when" });
  await expect(told).toContainText(name);
  await expect(told).toContainText("Had this season's flu vaccine");
  await expect(told).toContainText(/9:30.AM . 5:30.PM/);
  await expect(other.getByRole("region", { name: "Where it stands" })).toContainText(/Waits for approval · \W*\d+\W* people/);
  await axe(other);
  await other.getByRole("button", { name: "Approve" }).click();
  await expect(other.getByText(/1\W* of \W*1\W* approvals/)).toBeVisible();
  await other.context().close();
  await page.reload();
  await expect(page.getByText(/people/).first()).toBeVisible();
  await acts.fill(page.getByLabel("Start", { exact: true }), "2030-01-02T09:30");
  await acts.click(page.getByRole("button", { name: "Schedule" }));
  await expect(page.getByText(/can be undone until/)).toBeVisible();
  await expect(page.getByText(/starts .*Jan/)).toBeVisible();
  await axe(page);
  await shot(page, "k9-scheduled");
  await acts.click(page.getByRole("button", { name: "Undo" }));
  await expect(page.getByRole("button", { name: "Schedule" })).toBeVisible();
  expect(acts.n, "acts of W6, steps 4 to 7").toBeLessThanOrEqual(18);
});

test("a screening says which test ends it before somebody is asked to approve it", async ({ page, request, forgive }) => {
  forgive(/422/);
  const call = await api(request, "outreach");
  const name = "Walked at 50";
  await call("POST", "/audiences", { name, purpose: "care", groups: [[{ chip: "age-50" }]] });
  await signIn(page, "console", "outreach");
  await page.goto("/console/campaigns");
  await page.getByText("New from an outline").click();
  await page.getByRole("button", { name: "Screening" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Screening");
  await page.getByLabel("For whom").selectOption({ label: name });
  await page.getByRole("button", { name: "Ask for approval" }).click();
  await expect(page.getByText("say what ends it for a person: which shot or test")).toBeVisible();
  await page.evaluate(() => localStorage.setItem("weft.language", "es"));
  await page.reload();
  const ends = page.getByRole("group", { name: "Termina para la persona cuando consta" });
  await ends.getByLabel("Su examen del intestino aún vale").check();
  await axe(page);
  await shot(page, "k13-ends-es");
  await page.getByRole("button", { name: "Guardar esquema" }).click();
  await expect(page.getByText("Aún sin guardar")).toBeHidden(); // the button is disabled while it is on its way, too
  await page.evaluate(() => localStorage.setItem("weft.language", "en"));
  await page.reload();
  await expect(page.getByLabel("Had a bowel check that still counts")).toBeChecked();
  await page.getByRole("button", { name: "Ask for approval" }).click();
  await expect(page.getByText("Waits for approval").first()).toBeVisible();
});

test("a journey as an outline and as a picture, small, dark and in Arabic", async ({ page, request }) => {
  const call = await api(request, "outreach");
  const shipped = (await call("GET", "/campaign-outlines")) as { outlines: { code: string; plan: object }[] };
  const plan = shipped.outlines.find((o) => o.code === "post-discharge")!.plan;
  const made = (await call("POST", "/campaigns", plan)) as { id: string };
  await signIn(page, "console", "outreach");
  await page.goto(`/console/campaigns/${made.id}`);
  const rows = page.getByRole("treeitem");
  await expect(rows.first()).toContainText("Day 1: how are you");
  await expect(page.getByRole("img", { name: /The outline as a picture.*Day 28/ })).toBeVisible();
  // Into the question's first answer and out again, by the keys of a tree.
  await rows.first().focus();
  await page.keyboard.press("ArrowRight");
  await expect(rows.nth(1)).toBeFocused();
  await expect(page.getByLabel("What they mean")).toHaveValue("worse");
  await page.keyboard.press("ArrowLeft");
  await expect(rows.first()).toBeFocused();
  await axe(page);
  await shot(page, "k10-journey");
  await page.evaluate(() => localStorage.setItem("weft.language", "ar"));
  await page.setViewportSize({ width: 390, height: 844 });
  await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("dir", "rtl");
  await expect(rows.first()).toBeVisible();
  await axe(page);
  await shot(page, "k11-journey-ar");
  await rows.nth(1).focus();
  await page.keyboard.press("ArrowRight");
  await expect(rows.first()).toBeFocused();
  await shot(page, "k12-journey-ar");
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
});
