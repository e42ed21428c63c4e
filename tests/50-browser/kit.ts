// What the walks share: signing in, counted acts, axe on every step, and a browser console that must
// stay empty. Selectors are roles and names, so the words are part of the contract.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import AxeBuilder from "@axe-core/playwright";
import { type APIRequestContext, test as base, expect, type Locator, type Page } from "@playwright/test";
import { WEB } from "./playwright.config";

interface Account {
  user: string;
  password: string;
  patient: string;
  reference: string;
}
export interface Planted {
  patient: string;
  language: string;
  zone: string;
  monitored: boolean;
  sms: boolean;
  email: boolean;
  planted: string;
}

function file<T>(name: string): T {
  return JSON.parse(readFileSync(join(process.env.WEFT_WALK_DATA!, name), "utf8")) as T;
}
export function account(user: string): Account {
  return file<{ accounts: Account[] }>("demo.json").accounts.find((a) => a.user === user)!;
}
export const planted = (): Planted[] => file<{ patients: Planted[] }>("truth.json").patients;

/** Counts what a person does: a click, a key command, a field filled. */
export class Acts {
  n = 0;
  async click(what: Locator): Promise<void> {
    this.n++;
    await what.click();
  }
  async press(page: Page, key: string): Promise<void> {
    this.n++;
    await page.keyboard.press(key);
  }
  async fill(what: Locator, text: string): Promise<void> {
    this.n++;
    await what.fill(text);
  }
  async choose(what: Locator, value: string | { label: string }): Promise<void> {
    this.n++;
    await what.selectOption(value);
  }
}

export async function signIn(page: Page, app: "console" | "portal", user: string): Promise<void> {
  const a = account(user);
  await page.goto(`/${app}/`);
  await page.locator("#user").fill(a.user);
  await page.locator("#password").fill(a.password);
  await page.locator("button[type=submit]").click();
  await expect(page.locator("main#main")).toBeVisible();
}

/** Every rule of WCAG 2.0 to 2.2 A and AA that a machine can check, on what is on screen now. */
export async function axe(page: Page): Promise<void> {
  const found = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"])
    .analyze();
  const said = found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`);
  expect(said).toEqual([]);
}

export async function shot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(WEB, "test-results", "screens", `${name}.png`) });
}

/** A signed-in request, for what a device or another system would do. */
export async function api(
  request: APIRequestContext,
  user: string,
): Promise<(method: string, path: string, body?: unknown) => Promise<unknown>> {
  const { password } = account(user);
  const signed = await request.post("/auth/sign-in", { data: { user, password } });
  const { token } = (await signed.json()) as { token: string };
  return async (method, path, body) => {
    const res = await request.fetch(path, {
      method,
      data: body,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/fhir+json" },
    });
    expect(res.ok(), `${method} ${path}: ${res.status()} ${await res.text()}`).toBe(true);
    return res.json();
  };
}

/** Fails when the page throws, logs an error, or asks anyone but our server. */
export const test = base.extend<{ clean: undefined }>({
  clean: [
    async ({ page, baseURL }, use) => {
      const bad: string[] = [];
      page.on("pageerror", (e) => bad.push(`page error: ${e.message}`));
      page.on("console", (m) => {
        if (m.type() === "error") bad.push(`console: ${m.text()}`);
      });
      page.on("request", (r) => {
        if (!r.url().startsWith(baseURL!) && !r.url().startsWith("data:"))
          bad.push(`foreign request: ${r.url()}`);
      });
      await use(undefined);
      expect(bad).toEqual([]);
    },
    { auto: true },
  ],
});
export { expect };
