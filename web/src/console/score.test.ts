import { describe, expect, it } from "vitest";
import { heardText, totalText, valueText } from "./score";

const part = { metric: "spo2", display: "Oxygen level", unit: "%" };
const score = (measured: number, total?: number) => ({
  asked: true,
  hours: 12,
  scale: 1,
  measured,
  whole: measured === 7,
  total,
  parts: Array(7).fill(part),
});

// Without a catalogue a word is its key: which sentence it is.
describe("an early warning score", () => {
  it("is whole only when all seven parts are", () => {
    expect(totalText(score(7, 5))).toBe("ns_whole");
    expect(totalText(score(6, 5))).toBe("ns_part");
    expect(totalText(score(0))).toBe("–");
    expect([score(7, 5), score(6, 5), score(0)].map(heardText)).toEqual([
      "ns_all",
      "ns_of",
      "ns_none",
    ]);
  });
  it("says air, alert and what was not measured in words", () => {
    expect(valueText({ ...part, value: 93 })).toBe("93 %");
    expect(valueText(part)).toBe("ns_missing");
    expect(valueText({ ...part, metric: "oxygen_flow", value: 0 })).toBe("ns_air");
    expect(valueText({ ...part, metric: "consciousness", value: 0 })).toBe("ns_alert");
    expect(valueText({ ...part, metric: "consciousness", value: 1 })).toBe("ns_not_alert");
  });
});
