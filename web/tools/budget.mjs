// Holds the byte budgets of the first load: everything index.html asks for, gzip -9; lazy chunks apart.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const DIST = join(import.meta.dirname, "..", "dist");
const KB = 1024;
const LIMITS = { portal: 90 * KB, console: 150 * KB };
const LAZY = 40 * KB;
const size = (file) => gzipSync(readFileSync(file), { level: 9 }).length;
const shown = (n) => `${(n / KB).toFixed(1)} KB`;
let bad = false;

for (const [app, limit] of Object.entries(LIMITS)) {
  const root = join(DIST, app);
  if (!existsSync(join(root, "index.html"))) {
    console.error(`dist/${app} is missing: run "npm run build" first`);
    process.exit(1);
  }
  const html = readFileSync(join(root, "index.html"), "utf8");
  if (/<script(?![^>]*src=)|<style|\son\w+=|\sstyle=/i.test(html)) {
    console.error(`${app}/index.html holds inline script or style: the CSP would refuse it`);
    bad = true;
  }
  const code = readdirSync(join(root, "assets")).filter((f) => /\.(js|css)$/.test(f));
  const first = code.filter((f) => html.includes(f));
  const total = first.reduce((sum, f) => sum + size(join(root, "assets", f)), 0);
  console.log(`${app}: first load ${shown(total)} gz of ${shown(limit)}`);
  bad ||= total > limit;
  for (const f of code.filter((x) => !first.includes(x))) {
    const n = size(join(root, "assets", f));
    if (n > LAZY) console.error(`${app}: lazy chunk ${f} is ${shown(n)}, over ${shown(LAZY)}`);
    bad ||= n > LAZY;
  }
}
process.exit(bad ? 1 : 0);
