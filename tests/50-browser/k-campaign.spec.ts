// Walk W6, steps 1 to 3: an audience from chips with a live count, who is left out and why, words side by side that
// are made simpler until they may be published.
import { Acts, axe, expect, shot, signIn, test } from "./kit";

const HARD =
  "Individuals recommended for influenza immunization should obtain assistance regarding available appointment times. Contact {phone}.";

test("who: an audience is counted while it is put together", async ({ page, forgive }) => {
  forgive(/400.*audience-(count|people)/); // a path that is half written
  const acts = new Acts();
  await signIn(page, "console", "outreach");
  await acts.click(page.getByRole("link", { name: "Audiences" }));
  await expect(page.getByText("people match")).toBeVisible();
  await acts.click(page.getByRole("button", { name: "Flu vaccine, this season" }));
  await expect(page.getByText("figures are in tens")).toBeVisible();
  // Beside chips about health there is no question of one's own.
  await page.getByText("Your own search or FHIRPath").click();
  await expect(page.getByText(/^Not beside a chip about health/)).toBeVisible();
  await expect(page.getByLabel(/^FHIR search/)).toBeDisabled();
  await expect(page.getByLabel("FHIRPath that has to be true of the patient")).toBeDisabled();
  await axe(page);
  await shot(page, "k1-audience-flu");
  // by the keyboard alone: a chip of one's own, turned round, taken away
  await page.getByRole("button", { name: "Start anew" }).focus();
  await acts.press(page, "Enter");
  await acts.choose(page.getByLabel("Choose who …"), { label: "65 or older" });
  await expect(page.getByRole("group", { name: "Any of these" })).toContainText("65 or older");
  const figure = page.locator(".au-big");
  await expect(page.locator(".au-count")).toHaveAttribute("aria-busy", "false");
  const older = Number(await figure.innerText());
  await acts.click(page.getByRole("button", { name: "not", exact: true }));
  await expect(figure).not.toHaveText(String(older));
  await acts.click(page.getByRole("button", { name: "not", exact: true }));
  await expect(figure).toHaveText(String(older));
  const why = page.getByRole("button", { name: /Never said yes/ });
  await acts.click(why);
  await expect(page.getByText(/never agreed to these messages/).first()).toBeVisible();
  await page.getByRole("button", { name: "Show it" }).click();
  await expect(page.getByText("Too few people to tell groups apart.")).toBeVisible(); // 40 live here
  await axe(page);
  await shot(page, "k2-audience-left-out");
  // What no chip says: a path that does not read is told so, one that does counts, and it is saved with the rest.
  const path = page.getByLabel("FHIRPath that has to be true of the patient");
  const search = page.getByLabel(/^FHIR search/);
  const chips = page.getByRole("group", { name: "Any of these" });
  await expect(search).toBeEnabled();
  await path.fill("Patient.gender =");
  await expect(page.getByText(/expected an expression/)).toBeVisible();
  await expect(figure).toHaveCount(0); // the count of before is no count of this
  // Cleared by the keyboard the box stays open, and the caret in it.
  await path.press("Control+a");
  await path.press("Delete");
  await expect(path).toBeFocused();
  await expect(figure).toHaveText(String(older));
  await path.fill("Patient.gender = 'female'");
  await expect(figure).not.toHaveText(String(older));
  const women = Number(await figure.innerText());
  expect(women).toBeLessThan(older);
  // What outreach may not search is said before it is tried: 45 CFR 164.514(d), spec/rules/access.csv.
  await expect(page.getByText(/^Your role may search: .*Appointment/)).not.toContainText("Condition");
  await search.fill("Condition?code=38341003");
  await expect(page.getByText(/^Your role may not search .?Condition/)).toBeVisible();
  await expect(page.getByRole("button", { name: "Add the search" })).toBeDisabled();
  await expect(page.getByRole("button", { name: "Save the audience" })).toBeDisabled();
  await search.press("Enter");
  await expect(chips.last()).not.toContainText("Condition");
  await axe(page);
  await shot(page, "k2-audience-may-not");
  // Enter adds the search, and saves nothing.
  await search.fill("Patient?birthdate=lt1950-01-01");
  await search.press("Enter");
  await expect(chips.last()).toContainText("Patient?birthdate=lt1950-01-01");
  await expect(search).toHaveValue("");
  await expect(figure).not.toHaveText(String(women));
  expect(Number(await figure.innerText())).toBeLessThan(women);
  await axe(page);
  await shot(page, "k2-audience-own");
  await acts.fill(page.getByLabel("Name", { exact: true }), "Older people");
  // A search that was typed is saved with the rest, too.
  await search.fill("Patient?birthdate=gt1900-01-01");
  await acts.click(page.getByRole("button", { name: "Save the audience" }));
  await expect(page.getByLabel("Open a saved one")).toContainText("Older people");
  await expect(search).toHaveValue("");
  await search.fill("Patient?half=typed");
  await page.getByRole("button", { name: "Start anew" }).click();
  await expect(search).toHaveValue("");
  await page.getByLabel("Open a saved one").selectOption({ label: "Older people" });
  await expect(path).toHaveValue("Patient.gender = 'female'");
  await expect(chips).toHaveText([/65 or older/, /birthdate=lt1950-01-01/, /birthdate=gt1900-01-01/]);
});

test("what: words are made simpler, tried and approved by another", async ({ page, browser, forgive }) => {
  forgive(/400.*words-lint/); // a path that is half written
  await signIn(page, "console", "outreach");
  const judged = page.waitForResponse(/words-lint/);
  await page.getByRole("link", { name: "Words" }).click();
  // Before the first word nothing is wrong.
  await expect(page.getByRole("region", { name: "English" })).toBeVisible();
  await judged;
  await expect(page.getByText("There is no text in this language.")).toHaveCount(0);
  await page.getByLabel("Title").fill("Flu shots");
  // A title alone is a draft, and none to ask approval for.
  await page.getByRole("button", { name: "Save the draft" }).click();
  await expect(page.locator("strong", { hasText: "Draft" })).toBeVisible();
  await expect(page.getByText(/^Things to mend first/)).toBeVisible();
  await expect(page.getByRole("button", { name: "Ask for approval" })).toBeDisabled();
  await page.getByLabel("Why we think it works").fill("Milkman 2021: texts before a visit");
  const english = page.getByRole("region", { name: "English" });
  await english.getByLabel("Text message").fill(HARD);
  await expect(english.getByText(/aim for 6 or lower/)).toBeVisible();
  await axe(page);
  await shot(page, "k3-words-hard");
  await english.getByRole("button", { name: "Simplify" }).click();
  await expect(english.getByLabel("Text message")).toHaveValue(/People advised for flu shot/);
  await english.getByLabel("Text message").fill("Your flu shot is ready. Call us at {phone}.");
  await expect(english.getByText(/aim for 6 or lower/)).toBeHidden();
  await page
    .getByRole("region", { name: "Español" })
    .getByLabel("Text message")
    .fill("Su vacuna esta lista. Llame al {phone}.");
  // A value of one's own: its path, and what stands there for who has none; one that would identify is refused.
  await page.getByText("Values of your own").click();
  await page.getByRole("button", { name: "Add a value" }).click();
  const value = page.getByRole("group", { name: /^Value/ });
  await value.getByLabel(/^Its name/).fill("x");
  await value.getByLabel(/^Its name/).fill("");
  await expect(value.getByLabel(/^Its name/)).toBeFocused();
  // A row in which nothing was typed is no value, and saved as none.
  await page.getByRole("button", { name: "Save the draft" }).click();
  await expect(value).toHaveCount(0);
  await page.getByRole("button", { name: "Add a value" }).click();
  await value.getByLabel(/^Its name/).fill("born");
  await value.getByLabel("FHIRPath over the patient").fill("Patient.birthDate");
  await english.getByLabel("Text message").fill("Your flu shot is ready, {born}. Call us at {phone}.");
  await expect(page.getByText(/would say who the patient is/)).toBeVisible();
  await value.getByLabel(/^Its name/).fill("doctor");
  await value.getByLabel("FHIRPath over the patient").fill("Patient.generalPractitioner.first().display");
  for (const language of ["English", "Español", "العربية"])
    await value.getByLabel(new RegExp(`If there is none: .*${language}`)).fill(language === "English" ? "your clinic" : "–");
  await english.getByLabel("Text message").fill("Your flu shot is ready at {doctor}. Call us at {phone}.");
  await expect(english.getByText(/ready at your clinic/)).toHaveCount(1);
  await axe(page);
  await shot(page, "k3-own-value");
  await page.getByRole("button", { name: "Save the draft" }).click();
  const ask = page.getByRole("button", { name: "Ask for approval" });
  await expect(ask).toBeDisabled(); // Arabic is missing
  const arabic = page.getByRole("region", { name: "العربية" });
  await expect(arabic.getByText("There is no text in this language.")).toBeVisible();
  await arabic
    .getByLabel("Text message")
    .fill("لقاحك جاهز. اتصل {phone}.");
  await page.getByRole("button", { name: "Save the draft" }).click();
  await page.getByRole("button", { name: "Try it", exact: true }).click();
  await expect(page.getByText(/People tried: .20/)).toBeVisible();
  // The words to oneself: an address of one's own is proved by the code that is sent there.
  const mine = page.getByRole("region", { name: "Test to me" });
  await mine.getByLabel(/Your mobile number/).fill("+13125550999");
  await mine.getByRole("button", { name: "Send me a code" }).click();
  const code = /: (\d{6}) is your code/;
  await expect(mine.getByText(code)).toBeVisible({ timeout: 30_000 });
  const said = (await mine.getByText(code).textContent())!;
  await mine.getByLabel("Code", { exact: true }).fill(code.exec(said)![1]!);
  await mine.getByRole("button", { name: "Confirm" }).click();
  await mine.getByRole("button", { name: "Send the test" }).click();
  await expect(mine.getByText(/TEST: .*Your flu shot is ready/)).toBeVisible({ timeout: 30_000 });
  await expect(mine.getByText(/^Sent/)).toBeVisible();
  await axe(page);
  await mine.scrollIntoViewIfNeeded();
  await shot(page, "k4-test-to-me");
  await expect(ask).toBeEnabled();
  // Only outreach asks: the privacy office sees the draft, and no button of it.
  const other = await (await browser.newContext({ baseURL: test.info().project.use.baseURL })).newPage();
  await signIn(other, "console", "privacy");
  await other.goto("/console/words");
  await other.getByLabel("Open", { exact: true }).selectOption({ label: "Flu shots · Draft" });
  await expect(other.locator("strong", { hasText: "Draft" })).toBeVisible();
  await expect(other.getByRole("button", { name: "Ask for approval" })).toHaveCount(0);
  await ask.click();
  await expect(page.locator("strong", { hasText: "Waits for approval" })).toBeVisible();
  await expect(page.getByText("a second person approves")).toBeVisible();
  await axe(page);
  await shot(page, "k4-words");
  await other.reload();
  await other.getByLabel("Open", { exact: true }).selectOption({ label: "Flu shots · Waits for approval" });
  await other.getByRole("button", { name: "Approve" }).click();
  await expect(other.getByText(/version .1/)).toBeVisible();
  await other.context().close();
});

test("both in Arabic, small and dark", async ({ page }) => {
  await signIn(page, "console", "outreach");
  await page.evaluate(() => localStorage.setItem("weft.language", "ar"));
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("dir", "rtl");
  await page.setViewportSize({ width: 390, height: 844 });
  await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
  for (const [at, shown] of [
    ["/console/audiences", "k5-audience-ar"],
    ["/console/words", "k6-words-ar"],
  ] as const) {
    await page.goto(at);
    await expect(page.locator("h1")).toBeVisible();
    await page.waitForTimeout(700);
    await axe(page);
    await shot(page, shown);
  }
  await page.getByRole("region", { name: "تجربة لي" }).scrollIntoViewIfNeeded();
  await shot(page, "k6-test-to-me-ar");
});
