// A server of a walk's own, empty but for its accounts, for what the demonstration cannot show: other settings, other
// people. One at a time; its folder goes with it.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { expect } from "./kit";
import { PORT, WEB } from "./playwright.config";

export const WORDS = "nine plain words for ada";
export const OWN = `http://localhost:${PORT + 1}`;
const weft = process.env.WEFT!;

export class House {
  readonly dir = mkdtempSync(join(tmpdir(), "weft-house-"));
  private readonly data = join(this.dir, "data");
  private child: ChildProcess | undefined;

  /** Nobody serves while accounts are made. */
  init(): void {
    execFileSync(weft, ["init", "--data", this.data]);
  }
  user(user: string, ...more: string[]): void {
    const add = ["user", "add", "--data", this.data, "--role", "nurse", "--user", user];
    execFileSync(weft, [...add, ...more], { input: `${WORDS}\n` });
  }
  token(role: string): string {
    return execFileSync(weft, ["token", "--data", this.data, "--role", role], { encoding: "utf8" }).trim();
  }
  async serve(settings: string): Promise<void> {
    await this.stop();
    const conf = join(this.dir, "conf");
    writeFileSync(conf, settings);
    const words = ["serve", "--data", this.data, "--config", conf, "--listen", `127.0.0.1:${PORT + 1}`];
    this.child = spawn(weft, [...words, "--web-dir", join(WEB, "dist")], { stdio: "ignore" });
    await expect
      .poll(() =>
        fetch(`http://127.0.0.1:${PORT + 1}/healthz`).then(
          (r) => r.ok,
          () => false,
        ),
      )
      .toBe(true);
  }
  async stop(): Promise<void> {
    const child = this.child;
    this.child = undefined;
    if (!child) return;
    const gone = new Promise((r) => child.once("exit", r));
    child.kill("SIGTERM");
    await gone;
  }
  async end(): Promise<void> {
    await this.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export async function enter(page: Page, user: string): Promise<void> {
  await page.locator("#user").fill(user);
  await page.locator("#password").fill(WORDS);
  await page.locator("button[type=submit]").click();
}
