// Starts the real server on a fresh demonstration and stops it afterwards. What the walks need to know
// (accounts, what was planted) is read from the files that the demonstration itself wrote.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PICTURE, PORT, WEB } from "./playwright.config";

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

/** The apps inside the binary are what people get, so they are what is walked. A binary built before
 * the newest `npm run build` is told to serve web/dist instead, and that is said. */
async function embedsNewest(): Promise<boolean> {
  for (const app of ["console", "portal"]) {
    const shell = await (await fetch(`http://127.0.0.1:${PORT}/${app}/`)).text();
    if (shell !== readFileSync(join(WEB, "dist", app, "index.html"), "utf8")) return false;
  }
  return true;
}

/** A server that is gone already, or does not end well, fails the run: waiting for its exit again would let
 * node itself run out of things to do and end with 0. */
async function stop(child: ChildProcess, log: string): Promise<void> {
  const tail = (): string => readFileSync(log, "utf8").slice(-4000);
  if (child.exitCode !== null || child.signalCode !== null)
    throw new Error(`the server ended during the walks:\n${tail()}`);
  const gone = new Promise<number | null>((r) => child.once("exit", r));
  child.kill("SIGTERM");
  const code = await gone;
  if (code !== 0) throw new Error(`the server ended with ${code}:\n${tail()}`);
}

export default async function setup(): Promise<() => Promise<void>> {
  const binary = process.env.WEFT;
  if (!binary) throw new Error("WEFT must name the binary");
  const dir = mkdtempSync(join(tmpdir(), "weft-walks-"));
  const data = join(dir, "data");
  const log = join(dir, "server.log");
  const out = openSync(log, "w");
  const start = async (verb: string, args: string[]): Promise<ChildProcess> => {
    const same = ["--data", data, "--listen", `127.0.0.1:${PORT}`];
    const child = spawn(binary, [verb, ...same, ...args], { stdio: ["ignore", out, out] });
    await ready(child, log);
    return child;
  };
  const demo = ["--patients", PATIENTS, "--seed", "2026", "--serve", "--no-devices"];
  let child = await start("demo", demo);
  const newest = await embedsNewest();
  const web = newest ? [] : ["--web-dir", join(WEB, "dist")];
  if (!newest) console.log("NOTICE: the binary's apps are older than web/dist; web/dist is served instead");
  // What a walk sets differently than the demonstration: "name = value", one a line.
  const settings = process.env.WEFT_WALK_SETTINGS;
  if (settings || !newest) await stop(child, log);
  if (settings) {
    const conf = join(dir, "walk.conf");
    writeFileSync(conf, `${readFileSync(join(data, "demo.conf"), "utf8")}${settings}\n`);
    child = await start("serve", ["--config", conf, ...web]);
  } else if (!newest) child = await start("demo", [...demo, ...web]);
  process.env.WEFT_WALK_DATA = data;
  const before = readFileSync(PICTURE);
  return async () => {
    await stop(child, log);
    if (!process.env.WEFT_README_PICTURE && !readFileSync(PICTURE).equals(before))
      throw new Error("the walks changed docs/screenshot.png; a run leaves the tree as it was");
    if (!process.env.WEFT_WALK_KEEP) rmSync(dir, { recursive: true, force: true });
  };
}
