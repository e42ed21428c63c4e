// A session that nobody uses: the warning comes in time, staying is one press, what was typed is still
// there after it ended. Staff who are not trained learn first. A server of its own, whose sessions rest
// for twelve seconds only where that is what is looked at.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { axe, expect, shot, test } from "./kit";
import { PORT, WEB } from "./playwright.config";

const WORDS = "nine plain words for ada";
const own = PORT + 1;
const dir = mkdtempSync(join(tmpdir(), "weft-session-"));
let child: ChildProcess | undefined;
test.use({ baseURL: `http://localhost:${own}` });

const weft = process.env.WEFT!;
const data = join(dir, "data");
test.beforeAll(() => {
  execFileSync(weft, ["init", "--data", data]);
  const add = ["user", "add", "--data", data, "--role", "nurse", "--user"];
  execFileSync(weft, [...add, "ada", "--trained"], { input: `${WORDS}\n` });
  execFileSync(weft, [...add, "new"], { input: `${WORDS}\n` });
});
async function stop(): Promise<void> {
  if (!child) return;
  const gone = new Promise((r) => child!.once("exit", r));
  child.kill("SIGTERM");
  await gone;
}
async function serve(settings: string): Promise<void> {
  await stop();
  writeFileSync(join(dir, "conf"), settings);
  const words = ["serve", "--data", data, "--config", join(dir, "conf"), "--listen", `127.0.0.1:${own}`];
  child = spawn(weft, [...words, "--web-dir", join(WEB, "dist")], { stdio: "ignore" });
  await expect
    .poll(() => fetch(`http://127.0.0.1:${own}/healthz`).then((r) => r.ok, () => false))
    .toBe(true);
}
test.afterAll(async () => {
  await stop();
  rmSync(dir, { recursive: true, force: true });
});

async function signIn(page: Page, user: string): Promise<void> {
  await page.locator("#user").fill(user);
  await page.locator("#password").fill(WORDS);
  await page.locator("button[type=submit]").click();
}

test("an unused session warns, stays by one press, and ends with the work kept", async ({ page, forgive }) => {
  forgive(/401/);
  await serve("session.rest_max_s = 12\n");
  await page.goto("/console/");
  await signIn(page, "ada");
  await expect(page.locator("main#main")).toBeVisible();
  await page.evaluate(() => sessionStorage.setItem("weft.draft.ada/note", "half a sentence"));
  const warning = page.getByRole("dialog", { name: "Are you still there?" });
  await expect(warning).toBeVisible({ timeout: 12_000 });
  await expect(warning.getByRole("timer")).toContainText("0:0");
  await page.keyboard.press("Enter"); // the first control has the focus
  await expect(warning).toBeHidden();
  await expect(warning).toBeVisible({ timeout: 12_000 });
  await shot(page, "h1-warning");
  await axe(page); // of the second: a slow machine's look would let the first one's time run out
  await expect(page.getByText("your work is still here")).toBeVisible({ timeout: 12_000 });
  await page.waitForTimeout(3000); // the server counts from when it heard the last press
  const left = await page.evaluate(() => fetch("/auth/me").then((r) => r.status));
  expect(left).toBe(401);
  await signIn(page, "ada");
  await expect(page.locator("main#main")).toBeVisible();
  expect(await page.evaluate(() => sessionStorage.getItem("weft.draft.ada/note"))).toBe("half a sentence");
});

test("who is not trained learns first", async ({ page }) => {
  await serve("");
  await page.goto("/console/");
  await signIn(page, "new");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Before you start");
  for (const width of [390, 1280]) {
    await page.setViewportSize({ width, height: 800 });
    await axe(page);
    await shot(page, `h2-training-${width}`);
  }
  await page.getByRole("button", { name: "I agree" }).click();
  await expect(page.getByText(/Done\. It holds until/).first()).toBeVisible();
  for (const right of ["No", "Two identifiers", "The patient and the privacy office"])
    await page.getByRole("radio", { name: right, exact: true }).check();
  await page.getByRole("radio", { name: "sign in quickly" }).check();
  await page.getByRole("button", { name: "Check my answers" }).first().click();
  await expect(page.getByText(/Done\. It holds until/)).toHaveCount(2);
  await page.getByRole("radio", { name: "No, never" }).check();
  await page.getByRole("radio", { name: "At once" }).check();
  await page.getByRole("button", { name: "Check my answers" }).click();
  await expect(page.getByRole("alert")).toContainText("Read it again");
  await page.getByRole("radio", { name: "report it and do not click" }).check();
  await page.getByRole("button", { name: "Check my answers" }).click();
  await expect(page.getByRole("link", { name: "Patients" })).toBeVisible();
});
