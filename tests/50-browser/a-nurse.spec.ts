// The main job, end to end: a reading becomes a case, the nurse acts, the patient answers.
import { Acts, axe, expect, shot, signIn, signInByHand, test } from "./kit";
import { inDaytime, pulse, stable } from "./people";

test("a reading becomes a case, the case a permitted message, the answer closes it", async ({
  page,
  request,
}) => {
  test.setTimeout(180_000);
  const { patient } = stable(0);
  const name = await inDaytime(request, patient);
  const acts = new Acts();

  await page.goto("/console/");
  await axe(page);
  await signInByHand(page, "nurse");
  const list = page.getByRole("list", { name: "Worklist" });
  await expect(list.getByRole("link").first()).toBeVisible();
  await axe(page);
  await shot(page, "a1-worklist");

  // The live case queues behind "1 new" and leaves the focused row where it is.
  await page.keyboard.press("j");
  const focused = await page.evaluate(() => document.activeElement?.getBoundingClientRect().top);
  await pulse(request, patient, [138, 141]);
  const fresh = page.getByRole("button", { name: /1 new – press N/ });
  await expect(fresh).toBeVisible();
  expect(await page.evaluate(() => document.activeElement?.getBoundingClientRect().top)).toBe(focused);
  await axe(page);
  await shot(page, "a2-one-new");

  await acts.press(page, "n");
  const row = list.getByRole("link", { name: new RegExp(name) });
  await expect(row).toBeFocused();
  await expect(row).toContainText("Critical");
  await acts.press(page, "Enter");
  await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
  await acts.press(page, "c");
  await expect(page.getByText("You have this case", { exact: true })).toBeVisible();
  await axe(page);

  // Number, change and shape; the arrow keys say each value.
  const card = page.getByRole("button", { name: /Heart rate/ });
  await expect(card).toContainText("141 /min");
  await expect(card).toContainText("above usual");
  const walk = page.getByRole("slider", { name: /Heart rate/ });
  await walk.focus();
  await expect(walk).toHaveAttribute("aria-valuetext", /141/);
  await page.keyboard.press("ArrowLeft");
  await expect(walk).toHaveAttribute("aria-valuetext", /138/);
  await page.getByRole("radio", { name: "Table" }).check({ force: true });
  await expect(page.getByRole("row", { name: /141/ })).toContainText("beyond limit");
  await page.getByRole("radio", { name: "Chart" }).check({ force: true });
  await page.locator("#main").focus();

  // A template; the server's verdict; the button says what it does.
  await acts.choose(page.getByLabel("Template"), { label: "Please measure again" });
  await expect(page.getByText("May be sent")).toBeVisible();
  await expect(page.getByText(/1 part/)).toBeVisible();
  await page.getByLabel(/Ask for an answer/).check();
  await page.getByLabel(/Keep the words in the portal/).check();
  await page.getByText("As it will arrive").click();
  await expect(page.getByText(/You have a message in our patient portal/)).toBeVisible();
  await page.getByLabel(/Keep the words in the portal/).uncheck();
  await expect(page.getByText(/You have a message in our patient portal/)).toBeHidden();
  await expect(page.getByText("May be sent")).toBeVisible();
  await axe(page);
  await shot(page, "a3-message-allowed");
  await page.getByLabel("Message", { exact: true }).focus();
  await acts.press(page, "Control+Enter");
  await expect(page.getByText("Message is on its way.").last()).toBeVisible();
  await expect(page.getByRole("button", { name: /Undo/ }).last()).toBeVisible();

  // Undo takes it back; nothing arrives. Then it is sent for good.
  await page.locator("#main").focus();
  await page.keyboard.press("Control+z");
  await expect(page.getByText("Message taken back. Nothing was sent.").last()).toBeVisible();
  await expect(page.getByText("May be sent")).toBeVisible();
  await page.getByRole("button", { name: /^Send/ }).click();
  await expect(page.getByText("Message is on its way.").last()).toBeVisible();

  await page.getByRole("link", { name: "Outbox" }).click();
  const phone = page.getByRole("region", { name: "Phones" });
  await expect(phone.getByText(/measure again/)).toBeVisible({ timeout: 30_000 });
  expect(await phone.getByText(/measure again/).count()).toBe(1);
  await axe(page);
  await phone.getByLabel("Reply as the patient").fill("I feel a bit better. It says 88 now.");
  await phone.getByRole("button", { name: "Send reply" }).click();
  await expect(phone.getByText("It says 88 now.")).toBeVisible();
  await shot(page, "a4-outbox");

  // The answer has joined the thread; the case is closed with its outcome.
  await page.goBack();
  const thread = page.getByRole("region", { name: "Messages" });
  await expect(thread.getByText("It says 88 now.")).toBeVisible();
  await acts.press(page, "e");
  const dialog = page.getByRole("dialog", { name: "How did it end?" });
  await axe(page);
  await acts.click(dialog.getByText("Advice given"));
  await acts.fill(dialog.getByLabel("Note"), "Measured again, 88. Will call in the morning.");
  await acts.press(page, "Control+Enter");
  await expect(page.getByText("This case is resolved.")).toBeVisible();
  await shot(page, "a5-resolved");
  await page.getByRole("tab", { name: "Timeline" }).click();
  await expect(page.getByRole("region", { name: "Timeline" }).getByText("It says 88 now.")).toBeVisible();
  await axe(page);
  expect(acts.n, "acts from the alarm to the closed case").toBeLessThanOrEqual(9);
});

test("two nurses cannot hold one case", async ({ page, request, browser }) => {
  const { patient } = stable(1);
  const name = await inDaytime(request, patient);
  await pulse(request, patient, [138, 141]);
  await signIn(page, "console", "nurse");
  const row = page.getByRole("link", { name: new RegExp(name) });
  await expect(row).toBeVisible();
  await row.click();
  const other = await (await browser.newContext()).newPage();
  await signIn(other, "console", "nurse2");
  await other.goto(page.url());
  await other.getByRole("button", { name: /^(Claim|Tomar)/ }).click();
  await expect(page.getByText(/^With /)).toBeVisible();
  await expect(page.getByRole("button", { name: /^Claim/ })).toBeDisabled();
  await other.context().close();
});

test("the next step first: called, ordered by proposal, the note made of it, handed over", async ({ page, request }) => {
  const { patient } = stable(3); // b-refused has the third: a case that was resolved is not opened again at once
  const name = await inDaytime(request, patient);
  await pulse(request, patient, [138]);
  await signIn(page, "console", "nurse");
  const row = page.getByRole("link", { name: new RegExp(name) });
  await expect(row).toBeVisible();

  // Away while the second reading confirms the first: what was urgent is critical.
  await page.evaluate(() => sessionStorage.setItem("weft.left.nurse", String(Date.now())));
  await pulse(request, patient, [141]);
  await page.reload();
  await expect(row).toBeVisible();
  await page.keyboard.press("h");
  await expect(page.getByRole("region", { name: "Worse" }).getByRole("link", { name })).toBeVisible();
  await axe(page);
  await page.keyboard.press("h");
  await row.click();
  const panel = page.getByRole("region", { name: "Case", exact: true });
  await expect(panel.getByText("Call now", { exact: true })).toBeVisible();
  await page.keyboard.press("c");
  await expect(panel.getByText("You have this case", { exact: true })).toBeVisible();
  await page.keyboard.press("p");
  const call = page.getByRole("dialog", { name: "Call" });
  await expect(call.getByRole("link")).toHaveAttribute("href", /^tel:\+1611/);
  await expect(call.getByText(/short of breath\? more swelling/)).toBeVisible();
  // What calls and texts have left of the week stands where somebody calls; a call is one of them.
  const budget = call.locator("[data-budget]");
  await expect(budget).toContainText("this week");
  const used = Number(/(\d+) of \d+ this week/.exec((await budget.innerText()).replace(/[\u2066-\u2069]/g, ""))![1]);
  await expect(call.getByText(/^It is .* where they are\.$/)).toBeVisible();
  await expect(call.getByText("I offered a free interpreter")).toHaveCount(0); // they speak English
  await axe(page);
  await shot(page, "a6-call");
  await call.getByText("Spoke with them").click();
  await call.getByLabel("What was said").fill("Feels well, forgot the morning pill.");
  await call.getByLabel("Call again tomorrow").check();
  await call.getByRole("button", { name: "Keep" }).click();
  await expect(panel.getByText(/^a call by/)).toBeVisible();
  await expect(page.locator("[data-budget]")).toContainText(new RegExp(`${used + 1}\\W* of \\W*\\d+\\W* this week`));
  await page.keyboard.press("o");
  const order = page.getByRole("dialog", { name: "Propose an order" });
  await expect(order.getByLabel("What you propose")).toBeFocused();
  await order.getByLabel("What you propose").fill("Check potassium");
  await order.getByRole("button", { name: "Propose" }).click();
  await expect(order).toBeHidden();
  await expect(panel.getByText("Check potassium")).toBeVisible();
  await page.keyboard.press("e");
  const end = page.getByRole("dialog", { name: "How did it end?" });
  await expect(end.getByLabel("Note")).toHaveValue(/Called: Spoke with them\. Feels well.*\n.*Proposed to the doctor: Check potassium/);
  await end.getByText("Advice given").click();
  await axe(page);
  await shot(page, "a7-note");
  await page.keyboard.press("Control+Enter");
  await expect(page.getByText("This case is resolved.")).toBeVisible();

  await page.getByRole("link", { name: "Worklist", exact: true }).click();
  await expect(page.getByText(/^Since you left/)).toBeVisible();
  await page.keyboard.press("h");
  await expect(page.getByText(/^Since you left/)).toBeFocused();
  await expect(page.getByRole("region", { name: "Resolved" }).getByRole("link", { name })).toBeVisible();
  await expect(page.getByRole("region", { name: "Promised" }).getByRole("link", { name })).toBeVisible();
  await axe(page);
  await shot(page, "a8-since");
});
