// What the walks share: signing in, counted acts, axe on every step, and a browser console that must
// stay empty. Selectors are roles and names, so the words are part of the contract.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
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

const STEP_MS = 30_000;

/** A map that outlives the worker: Playwright starts a new one after each failure. */
function kept(name: string): { get: (k: string) => string | undefined; set: (k: string, v: string) => void } {
  const path = (): string => join(process.env.WEFT_WALK_DATA!, name);
  const read = (): Record<string, string> =>
    existsSync(path()) ? (JSON.parse(readFileSync(path(), "utf8")) as Record<string, string>) : {};
  return {
    get: (k) => read()[k],
    set: (k, v) => writeFileSync(path(), JSON.stringify({ ...read(), [k]: v })),
  };
}
const spent = kept("walk-codes.json");
const sessions = kept("walk-sessions.json");

/** The digits the demonstration's phone shows; a code works once, so a spent one is waited out. */
async function freshCode(request: APIRequestContext, user: string): Promise<string> {
  for (let waited = 0; waited <= 2 * STEP_MS; waited += 500) {
    const res = await request.get(`/demo/code?user=${user}`);
    if (!res.ok()) return "";
    const { code } = (await res.json()) as { code: string };
    if (spent.get(user) !== code) {
      spent.set(user, code);
      return code;
    }
    await new Promise((r) => setTimeout(r, 500));
  }
  throw new Error(`no fresh code for ${user}`);
}

/** Signs in as a person does: name, password and, for staff, the second step. */
export async function signInByHand(page: Page, user: string): Promise<void> {
  await page.locator("#user").fill(user);
  await page.locator("#password").fill(account(user).password);
  await page.locator("button[type=submit]").click();
  const code = page.locator("#code");
  await expect(code.or(page.locator("main#main"))).toBeVisible();
  if (await code.isVisible()) {
    await code.fill(await freshCode(page.request, user));
    await page.locator("button[type=submit]").click();
  }
  await expect(page.locator("main#main")).toBeVisible();
  const told = await page.evaluate(() => sessionStorage.getItem("weft.session")!);
  const token = (await page.context().cookies()).find((c) => c.name === "weft")!.value;
  sessions.set(user, JSON.stringify({ ...JSON.parse(told), token }));
}

/** Another walk may have signed this person out meanwhile. */
async function alive(request: APIRequestContext, text: string): Promise<boolean> {
  const { token } = JSON.parse(text) as { token: string };
  const res = await request.get("/auth/sessions", { headers: { authorization: `Bearer ${token}` } });
  return res.ok();
}

async function sessionOf(request: APIRequestContext, user: string): Promise<string> {
  let text = sessions.get(user);
  if (!text || !(await alive(request, text))) {
    const code = await freshCode(request, user);
    const data = { user, password: account(user).password, code, session: "cookie" };
    const res = await request.post("/auth/sign-in", { data });
    const told = await res.text();
    expect(res.ok(), told).toBe(true);
    const token = /weft=([^;]+);.*HttpOnly.*SameSite=Strict/.exec(res.headers()["set-cookie"] ?? "")![1];
    text = JSON.stringify({ ...JSON.parse(told), token });
    sessions.set(user, text);
  }
  return text;
}

/** WEFT_SLOW=8 gives the page an eighth of its processor: what a walk does too early shows. */
async function slowly(page: Page): Promise<void> {
  const rate = Number(process.env.WEFT_SLOW ?? 1);
  if (rate > 1) await (await page.context().newCDPSession(page)).send("Emulation.setCPUThrottlingRate", { rate });
}

/** Opens an app with a session that was begun before: most walks are not about the door. */
export async function signIn(page: Page, app: "console" | "portal", user: string): Promise<void> {
  const text = await sessionOf(page.request, user);
  const { token, ...told } = JSON.parse(text) as { token: string; user: string };
  const url = test.info().project.use.baseURL!;
  await slowly(page);
  // A page without script: what was open with another's proof must not ask with this one's cookie.
  await page.goto("/healthz");
  await page.context().addCookies([{ name: "weft", value: token, url, httpOnly: true, sameSite: "Strict" }]);
  await page.evaluate((s) => {
    sessionStorage.setItem("weft.session", JSON.stringify(s));
    localStorage.setItem("weft.signed-in", s.user);
  }, told);
  await page.goto(`/${app}/`);
  await expect(page.locator("main#main")).toBeVisible();
}

/** Every rule of WCAG 2.0 to 2.2 A and AA that a machine can check, on what is on screen now. */
export async function axe(page: Page): Promise<void> {
  // A colour that is still on its way from the other scheme is no finding.
  await page.evaluate(() =>
    Promise.allSettled(
      document
        .getAnimations()
        .filter((a) => a.effect?.getComputedTiming().endTime !== Number.POSITIVE_INFINITY)
        .map((a) => a.finished),
    ),
  );
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
  const { token } = JSON.parse(await sessionOf(request, user)) as { token: string };
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

/** Fails when the page throws, logs an error, or asks anyone but our server. A walk that provokes a
 * refusal names it with forgive(). */
export const test = base.extend<{
  clean: undefined;
  forgiven: RegExp[];
  forgive: (what: RegExp) => void;
}>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names from this pattern
  forgiven: async ({}, use) => use([]),
  forgive: async ({ forgiven }, use) => use((what) => void forgiven.push(what)),
  clean: [
    async ({ page, baseURL, forgiven }, use) => {
      const bad: string[] = [];
      page.on("pageerror", (e) => bad.push(`page error: ${e.message}`));
      page.on("console", (m) => {
        // The 401 that asks for the code, and the icon of signIn's page without script.
        const expected = /\/(auth\/sign-in|favicon\.ico)$/.test(m.location().url);
        if (m.type() === "error" && !expected) bad.push(`console: ${m.text()} ${m.location().url}`);
      });
      page.on("request", (r) => {
        if (!r.url().startsWith(baseURL!) && !r.url().startsWith("data:"))
          bad.push(`foreign request: ${r.url()}`);
      });
      await use(undefined);
      expect(bad.filter((b) => !forgiven.some((f) => f.test(b)))).toEqual([]);
    },
    { auto: true },
  ],
});
export { expect };
