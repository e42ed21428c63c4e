// The pages under /docs, light and dark, desk and phone: axe finds nothing, nothing scrolls sideways
// but the tables, and the keyboard gets past the menu.
import { axe, expect, shot, test } from "./kit";

const PAGES = ["", "/routes", "/search", "/search/Patient", "/rules", "/rules/MSG-09", "/verbs"];

const LOOKS = [
  { scheme: "light", width: 1280 },
  { scheme: "dark", width: 320 },
] as const;

for (const { scheme, width } of LOOKS)
  test(`the docs, ${scheme}, ${width} px`, async ({ browser }) => {
    const context = await browser.newContext({ colorScheme: scheme, viewport: { width, height: 800 } });
    const page = await context.newPage();
    for (const path of PAGES) {
      await page.goto(`/docs${path}`);
      await axe(page);
      const over = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(over, path).toBe(0);
      await shot(page, `docs${path.replaceAll("/", "-")}-${scheme}-${width}`);
    }
    await page.goto("/docs/rules");
    await page.keyboard.press("Tab");
    await expect(page.getByRole("link", { name: "Skip to the content" })).toBeInViewport();
    await context.close();
  });
