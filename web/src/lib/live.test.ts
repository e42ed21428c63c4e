import { describe, expect, it } from "vitest";
import { frames } from "./live";

const TEXT =
  'retry: 2000\nid: 7\nevent: hello\ndata: {}\n\n: still here\n\nid: 8\nevent: change\ndata: {"a":\ndata: 1}\n\n';

describe("server-sent events", () => {
  it.each([1, 2, 3, 7, 1000])(
    "gives the same frames however the bytes are cut (%i at a time)",
    (step) => {
      const seen: { id?: string; event: string; data: string }[] = [];
      const feed = frames((f) => seen.push(f));
      for (let i = 0; i < TEXT.length; i += step) feed(TEXT.slice(i, i + step));
      expect(seen).toEqual([
        { id: "7", event: "hello", data: "{}" },
        { id: "8", event: "change", data: '{"a":\n1}' },
      ]);
    },
  );
  it("takes CRLF, and keeps an unfinished frame", () => {
    const seen: string[] = [];
    const feed = frames((f) => seen.push(f.data));
    feed("data: a\r\n\r\ndata: b\r\n");
    expect(seen).toEqual(["a"]);
    feed("\r\n");
    expect(seen).toEqual(["a", "b"]);
  });
});
