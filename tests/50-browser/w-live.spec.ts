// What changes between a page's first load and its live stream is told to the page all the same, in the console and in
// the portal: the stream is held back until the change is made.
import type { Page } from "@playwright/test";
import { account, api, expect, signIn, test } from "./kit";

/** The page's next stream does not reach the server before the answer's function is called. */
async function holdStream(page: Page): Promise<{ asked: Promise<void>; release: () => void }> {
  let release = (): void => undefined;
  let came = (): void => undefined;
  const go = new Promise<void>((r) => {
    release = r;
  });
  const asked = new Promise<void>((r) => {
    came = r;
  });
  await page.route("**/events", async (route) => {
    came();
    await go;
    await route.continue();
  });
  return { asked, release: () => release() };
}

const letter = (n: string): object => {
  const me = `Patient/${account("patient").patient}`;
  return {
    resourceType: "Communication",
    status: "completed",
    subject: { reference: me },
    recipient: [{ reference: me }],
    sender: { reference: account("nurse").reference, display: "Nadia" },
    sent: new Date().toISOString(),
    payload: [{ contentString: n }],
  };
};

test("a change before the stream's first word is told to the console and to the portal", async ({ page, request }) => {
  const nurse = await api(request, "nurse");
  await signIn(page, "console", "nurse");
  for (const app of ["console", "portal"] as const) {
    if (app === "portal") {
      await page.unroute("**/events");
      await page.context().clearCookies();
      await page.evaluate(() => (sessionStorage.clear(), localStorage.clear()));
      await signIn(page, "portal", "patient");
    }
    const before = `Said before, ${app} ${Date.now()}`;
    const between = `Said between, ${app} ${Date.now()}`;
    await nurse("POST", "/fhir/Communication", letter(before));
    const stream = await holdStream(page);
    await page.goto(app === "console" ? `/console/patient/${account("patient").patient}` : "/portal/messages");
    await expect(page.getByText(before).first()).toBeVisible();
    await stream.asked;
    await nurse("POST", "/fhir/Communication", letter(between));
    stream.release();
    await expect(page.getByText(between).first()).toBeVisible();
  }
});
