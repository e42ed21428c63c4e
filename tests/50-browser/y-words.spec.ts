// No English left: every page of both apps, in Spanish and in Arabic, with menus, details, refusals and explanations
// open. What is not a name, a unit, a code or something typed by a person is in the reader's language.
import { type Page } from "@playwright/test";
import { account, api, expect, shot, signIn, test } from "./kit";

type Lang = "es" | "ar";
// Names of things that have no other: the product, formats, laws, keys, a test's name, what is typed as it is.
const NAMES =
  /\b(Weft|SpO|PDF|JSON|CSV|openFDA|CycloneDX|SPDX|OSV|CVE|CVSS|STOP|GSM|UCS|HIPAA|HHS|FTC|FHIR|FHIRPath|PIN|NPS|TLS|SRTP|FDA|BNP|NT|proBNP|KCCQ|VR|MMSE|pg|mL|RULE|Ctrl|Enter|Esc|URL|QR|iPhone|Chrome|Linux)\b/gi;
const ENGLISH =
  /\b(the|and|you|your|this|that|with|from|was|were|are|is|not|of|to|by|it|they|for|has|have|cannot|must|please|name|password|looked|open|close|new)\b/i;

/** Texts and labels on screen, without what people typed, what is marked as another language, and codes. */
async function texts(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const lang = document.documentElement.lang;
    const out = [document.title.replace(/^.* · Weft$/, "")];
    // What people wrote has the direction of its letters; so have sentences of the server, in these places.
    const written = (e: Element): boolean =>
      !!e.closest('[dir="auto"],.said,.talk,.tl') &&
      !e.closest(".note,.verdict,[role=status],.row-why,.case-why,.limits");
    const kept = (e: Element): boolean =>
      !written(e) &&
      !e.closest("bdi,code,kbd,pre,script,style,noscript,.avatar,textarea") &&
      (e.closest("[lang]")?.getAttribute("lang") ?? lang) === lang;
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) if (kept(walk.currentNode.parentElement!)) out.push((walk.currentNode as Text).data);
    for (const name of ["aria-label", "title", "placeholder", "alt", "aria-description"])
      for (const e of document.querySelectorAll(`[${name}]`)) if (kept(e)) out.push(e.getAttribute(name)!);
    return out;
  });
}

/** What was filled in stands between isolates: names, numbers, examples, codes. */
function foreign(text: string, l: Lang): boolean {
  const left = text
    .replace(/\u2068[^\u2068\u2069]*\u2069/g, "")
    .replace(/\u2068[^\u2069]*\u2069/g, "")
    .replace(/\S+@\S+|[A-Z0-9]+(-[A-Z0-9]+)+/g, "")
    .replace(NAMES, "");
  return l === "ar" ? /[A-Za-z]{2}/.test(left) : ENGLISH.test(left);
}

class Reader {
  readonly left = new Set<string>();
  constructor(
    readonly page: Page,
    readonly lang: Lang,
    readonly app: "console" | "portal",
  ) {}

  /** Goes there inside the app, waits until nothing is loading, and reads. */
  async at(path: string): Promise<void> {
    await this.page.evaluate((to) => {
      history.pushState(null, "", to);
      dispatchEvent(new PopStateEvent("popstate"));
    }, `/${this.app}${path}`);
    await this.settled(path);
  }
  async settled(where: string): Promise<void> {
    await this.page.waitForTimeout(120);
    await expect(this.page.locator("[aria-busy=true]")).toHaveCount(0);
    await this.page.evaluate(() => {
      for (const d of document.querySelectorAll<HTMLDetailsElement>("details:not(.menu)")) d.open = true;
    });
    for (const text of await texts(this.page))
      if (foreign(text, this.lang)) this.left.add(`${this.app}${where}: ${text.trim()}`);
  }
}

async function speaking(page: Page, l: Lang, app: "console" | "portal", user: string): Promise<Reader> {
  await page.goto(`/${app}/`);
  await page.evaluate((x) => localStorage.setItem("weft.language", x), l);
  await signIn(page, app, user);
  await expect(page.locator("html")).toHaveAttribute("lang", l);
  return new Reader(page, l, app);
}

async function nurse(page: Page, l: Lang): Promise<Set<string>> {
  const r = await speaking(page, l, "console", "nurse");
  await r.at("/");
  await page.locator(".bar .menu summary").click();
  await r.settled("/ menu");
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  await r.settled("/ keys");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  await r.settled("/ palette");
  await page.keyboard.press("Escape");
  for (const path of ["/patients", "/outbox", "/letters", "/devices", "/lending", "/security", "/experience", "/programmes"])
    await r.at(path);
  await r.at("/programmes");
  for (const i of [1, 2, 3]) {
    await page.getByRole("radio").nth(i).check({ force: true });
    await r.settled(`/programmes ${i}`);
  }
  await page.locator("#wm-high").fill("1");
  await page.locator("#wm-high").press("Enter");
  await expect(page.locator(".many table")).not.toHaveCount(0);
  await r.settled("/programmes everybody");
  await r.at(`/patient/${account("patient").patient}`);
  await page.locator("#wi-high").fill("1");
  await page.locator("#wi-high").press("Enter");
  await expect(page.locator(".what-if [role=status]")).toBeVisible();
  await r.settled("/patient what-if");
  await page.locator("#message").fill("Your insulin is due. Buy now at half price!");
  await expect(page.locator(".verdict ul").first()).toBeVisible();
  await r.settled("/patient verdict");
  await shot(page, `y-${l}-verdict`);
  await page.getByRole("tab").nth(1).click();
  await r.settled("/patient picture");
  await page.getByRole("tab").nth(2).click();
  await r.settled("/patient timeline");
  await page.getByRole("tab").nth(3).click();
  await expect(page.locator(".pg-list").first()).toBeVisible();
  await r.settled("/patient programme");
  await r.at("/patient/nobody");
  await page.locator('a[href$="/console/"]').first().click();
  return r.left;
}

async function officers(page: Page, l: Lang): Promise<Set<string>> {
  const r = await speaking(page, l, "console", "privacy");
  for (const path of ["/", "/incidents"]) await r.at(path);
  const line = (await (await api(page.request, "privacy"))("GET", "/fhir/AuditEvent?_count=1")) as {
    entry: { resource: { id: string } }[];
  };
  await page.locator("#explain-entry").fill(line.entry[0]!.resource.id);
  await page.locator("form:has(#explain-entry) button").click();
  await expect(page.locator("form:has(#explain-entry) [role=status]")).not.toBeEmpty();
  await r.settled("/incidents explained");
  const incident = page.locator('main a[href*="/incidents/"]').first();
  if (await incident.count()) {
    await incident.click();
    await r.settled("/incidents/one");
  }
  await r.at("/rules");
  await page.locator("#ru-sentence").fill("Nurses fly to the moon");
  await page.locator("#ru-reason").fill("a test");
  await page.locator("form:has(#ru-sentence) button").click();
  await expect(page.getByRole("alert")).toBeVisible();
  await r.settled("/rules refused");
  await shot(page, `y-${l}-rules`);
  return r.left;
}

/** Who works on outreach: audiences, words, the list of campaigns, and one of them with what is refused of it. */
async function outreach(page: Page, l: Lang): Promise<Set<string>> {
  const r = await speaking(page, l, "console", "outreach");
  const call = await api(page.request, "outreach");
  await r.at("/audiences");
  await page.locator(".acts .btn").first().click(); // the season's flu vaccine
  await r.settled("/audiences flu");
  await r.at("/words");
  await page.locator("#wd-sms-en").fill("Individuals should obtain assistance at http://bit.ly/x for {name}.");
  await expect(page.locator(".wd-findings .bad").first()).toBeVisible();
  await r.settled("/words judged");
  await r.at("/campaigns");
  const { outlines } = (await call("GET", "/campaign-outlines")) as { outlines: { code: string; plan: object }[] };
  for (const code of ["immunisation", "post-discharge"]) {
    const { plan } = outlines.find((o) => o.code === code)!;
    const made = (await call("POST", "/campaigns", plan)) as { id: string };
    await r.at(`/campaigns/${made.id}`);
    const rows = page.getByRole("treeitem");
    for (const i of [0, 1, 2]) {
      await rows.nth(i).focus();
      await r.settled(`/campaigns/${code} row ${i}`);
    }
    await page.keyboard.press("Insert");
    await expect(page.locator(".cp-step .note.bad").first()).toBeVisible();
    await r.settled(`/campaigns/${code} judged`);
    await shot(page, `y-${l}-${code}`);
    if (code === "immunisation") {
      await page.locator("section.card .btn").last().click(); // thirty days, for nobody: refused
      await expect(page.getByRole("alert")).toBeVisible();
    }
    await r.settled(`/campaigns/${code} refused`);
  }
  return r.left;
}

async function administrator(page: Page, l: Lang): Promise<Set<string>> {
  const r = await speaking(page, l, "console", "admin");
  for (const path of ["/accounts", "/apps"]) await r.at(path);
  return r.left;
}

async function patient(page: Page, l: Lang): Promise<Set<string>> {
  const r = await speaking(page, l, "portal", "patient");
  for (const path of ["/", "/readings", "/messages", "/settings", "/security"]) await r.at(path);
  for (const path of ["/helpers", "/rights"]) {
    await r.at(path);
    await page.locator("main .btn.primary").first().click();
    await r.settled(`${path} form`);
    await page.keyboard.press("Escape");
  }
  await r.at("/looked");
  await page.locator(".look .btn").first().click();
  await expect(page.locator(".look [role=status]").first()).toBeVisible();
  await r.settled("/looked why");
  await shot(page, `y-${l}-looked`);
  return r.left;
}

for (const l of ["es", "ar"] as const)
  test(`no English is left in ${l}`, async ({ page, forgive }) => {
    forgive(/status of 4(03|04|22)/); // nobody, a sentence that no rule understands, a campaign for nobody
    const left = [
      ...(await nurse(page, l)),
      ...(await officers(page, l)),
      ...(await outreach(page, l)),
      ...(await administrator(page, l)),
      ...(await patient(page, l)),
    ];
    expect(left).toEqual([]);
  });

test("a stranger is refused in their language", async ({ page, forgive }) => {
  forgive(/status of 401/);
  for (const l of ["es", "ar"] as const) {
    await page.goto("/portal/");
    await page.evaluate((x) => localStorage.setItem("weft.language", x), l);
    await page.reload();
    await page.locator("#user").fill("nobody");
    await page.locator("#password").fill("not the password");
    await page.locator("button[type=submit]").click();
    await expect(page.getByRole("alert")).toBeVisible();
    expect((await texts(page)).filter((x) => foreign(x, l))).toEqual([]);
  }
});
