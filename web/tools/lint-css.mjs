// Style sheets must mirror for right-to-left: only logical properties. Prints each physical one.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const DIR = join(import.meta.dirname, "..", "src", "styles");
const PHYSICAL =
  /(^|[\s;{])((margin|padding|border|inset)?-?(left|right)(-(width|color|style|radius))?\s*:|(width|height|min-width|max-width|min-height|max-height|top|bottom)\s*:|text-align\s*:\s*(left|right)|float\s*:\s*(left|right))/;
let bad = 0;
for (const name of readdirSync(DIR).filter((f) => f.endsWith(".css"))) {
  const lines = readFileSync(join(DIR, name), "utf8").split("\n");
  for (const [i, line] of lines.entries()) {
    const media = line.trimStart().startsWith("@media");
    if (media || !PHYSICAL.test(line)) continue;
    console.error(
      `src/styles/${name}:${i + 1}: physical property, use the logical one: ${line.trim()}`,
    );
    bad++;
  }
}
process.exit(bad ? 1 : 0);
