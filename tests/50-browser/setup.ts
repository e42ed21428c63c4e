// Starts the real server on a fresh demonstration and stops it afterwards. What the walks need to know
// (accounts, what was planted) is read from the files that the demonstration itself wrote.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PORT, WEB } from "./playwright.config";

const PATIENTS = "40";
const READY_MS = 60_000;

async function ready(child: ChildProcess, log: string): Promise<void> {
  const end = Date.now() + READY_MS;
  while (Date.now() < end) {
    try {
      const up = (await fetch(`http://127.0.0.1:${PORT}/healthz`)).ok;
      await new Promise((r) => setTimeout(r, 200));
      if (child.exitCode !== null) break; // whoever answered, it was not ours
      if (up) return;
    } catch {
      await new Promise((r) => setTimeout(r, 100));
    }
  }
  throw new Error(`the server is not ready:\n${readFileSync(log, "utf8").slice(-4000)}`);
}

export default async function setup(): Promise<() => Promise<void>> {
  const binary = process.env.WEFT;
  if (!binary) throw new Error("WEFT must name the binary");
  const dir = mkdtempSync(join(tmpdir(), "weft-walks-"));
  const data = join(dir, "data");
  const log = join(dir, "server.log");
  const out = openSync(log, "w");
  const args = ["demo", "--data", data, "--patients", PATIENTS, "--seed", "2026", "--serve"];
  const child = spawn(
    binary,
    [...args, "--no-devices", "--listen", `127.0.0.1:${PORT}`, "--web-dir", join(WEB, "dist")],
    { stdio: ["ignore", out, out] },
  );
  await ready(child, log);
  process.env.WEFT_WALK_DATA = data;
  return async () => {
    const gone = new Promise((r) => child.once("exit", r));
    child.kill("SIGTERM");
    await gone;
    if (!process.env.WEFT_WALK_KEEP) rmSync(dir, { recursive: true, force: true });
  };
}
