import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const css = readFileSync(join(import.meta.dirname, "tokens.css"), "utf8");

/** "--name: light-dark(#a, #b)" or "--name: #a" → both themes. */
function token(name: string): [string, string] {
  const both = css.match(new RegExp(`--${name}: light-dark\\((#\\w{6}), (#\\w{6})\\)`));
  if (!both) throw new Error(`no such colour: ${name}`);
  return [both[1]!, both[2]!];
}
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((i) => {
    const c = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}
/** WCAG 2.2 contrast ratio. */
function contrast(a: string, b: string): number {
  const [hi, lo] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (hi! + 0.05) / (lo! + 0.05);
}

const TEXT: [string, string][] = [
  ["text", "surface"],
  ["text", "page"],
  ["text", "sunken"],
  ["text", "raised"],
  ["muted", "surface"],
  ["muted", "page"],
  ["muted", "sunken"],
  ["primary", "surface"],
  ["primary", "primary-soft"],
  ["on-primary", "primary"],
  ["good-text", "good-soft"],
  ...["critical", "high", "watch", "info", "silent"].flatMap((s): [string, string][] => [
    [`${s}-text`, `${s}-soft`],
    [`${s}-text`, "surface"],
  ]),
];
const GRAPHIC: [string, string][] = [
  ["edge", "surface"],
  ["trace", "surface"],
  ["trace", "band"],
  ["critical", "surface"],
  ["high", "surface"],
  ["info", "surface"],
  ["silent", "surface"],
];

describe("colours", () => {
  it("reads black on white as 21 to 1", () => {
    expect(contrast("#000000", "#ffffff")).toBeCloseTo(21);
  });
  it.each(TEXT)("text %s on %s is 4.5:1 in light and dark", (front, back) => {
    for (const theme of [0, 1] as const)
      expect(contrast(token(front)[theme], token(back)[theme])).toBeGreaterThanOrEqual(4.5);
  });
  it.each(GRAPHIC)("shape %s on %s is 3:1 in light and dark", (front, back) => {
    for (const theme of [0, 1] as const)
      expect(contrast(token(front)[theme], token(back)[theme])).toBeGreaterThanOrEqual(3);
  });
  it("the focus ring is seen on any background: its two colours differ by 12:1", () => {
    const ring = ["in", "out"].map((n) => css.match(new RegExp(`--focus-${n}: (#\\w{6})`))![1]!);
    expect(contrast(ring[0]!, ring[1]!)).toBeGreaterThanOrEqual(12);
  });
});
