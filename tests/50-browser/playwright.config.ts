// The browser walks: one worker (two cores), the real binary with a fresh demonstration, Debian's
// Chromium. Screenshots go to web/test-results; nothing here depends on the hour of the day.
import { join } from "node:path";
import { defineConfig } from "@playwright/test";

// Its own port for each run, handed on to the workers, so that two runs can stand side by side.
process.env.WEFT_WALK_PORT ??= String(20_000 + (process.pid % 12_000));
export const PORT = Number(process.env.WEFT_WALK_PORT);
export const WEB = join(__dirname, "..", "..", "web");
/** The README's picture; a run writes it only with WEFT_README_PICTURE=1. */
export const PICTURE = join(WEB, "..", "docs", "screenshot.png");

export default defineConfig({
  testDir: __dirname,
  testMatch: "*.spec.ts",
  globalSetup: join(__dirname, "setup.ts"),
  // One folder a run: Playwright empties it at the start, and another run may be under way.
  outputDir: join(WEB, "test-results", `run-${PORT}`),
  workers: 1,
  fullyParallel: false,
  timeout: 180_000,
  expect: { timeout: 30_000 },
  reporter: [["list"]],
  use: {
    baseURL: `http://127.0.0.1:${PORT}`,
    viewport: { width: 1280, height: 800 },
    locale: "en-US",
    timezoneId: "America/Chicago",
    trace: "retain-on-failure",
    actionTimeout: 30_000,
    launchOptions: {
      executablePath: "/usr/bin/chromium",
      args: [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
