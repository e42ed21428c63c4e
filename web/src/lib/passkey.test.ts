import { expect, it } from "vitest";
import { toBytes, toText } from "./passkey";

it("bytes keep their values in base64url", () => {
  for (const n of [0, 1, 2, 3, 31, 64]) {
    const raw = Uint8Array.from({ length: n }, (_, i) => (i * 67 + 250) % 256);
    const text = toText(raw.buffer);
    expect(text).toMatch(/^[\w-]*$/);
    expect([...new Uint8Array(toBytes(text))]).toEqual([...raw]);
  }
});
