import fc from "fast-check";
import { expect, test } from "vitest";
import { LineSplitter } from "./line-splitter.ts";

const splitter = (maxBytes = 1_000_000) => new LineSplitter(maxBytes, () => new Error("too long"));

test("however a stream is cut, the lines come out whole", () => {
  const line = fc.string({ unit: "binary", maxLength: 40 }).map((text) => text.replaceAll("\n", ""));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), fc.array(fc.nat(60), { minLength: 1 }), (lines, cuts) => {
      const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(""));
      const under = splitter();
      const out: string[] = [];
      for (let at = 0, i = 0; at < bytes.length; i += 1) {
        const size = 1 + (cuts[i % cuts.length] ?? 0);
        out.push(...under.push(bytes.subarray(at, at + size)));
        at += size;
      }
      expect(out).toEqual(lines.filter((text) => text !== ""));
      expect(under.pendingBytes).toBe(0);
    }),
  );
});

test("bytes without an end of line are counted as pending", () => {
  const under = splitter();
  expect([...under.push(Buffer.from("a\nbc"))]).toEqual(["a"]);
  expect(under.pendingBytes).toBe(2);
});

test("a line beyond the limit is an error, however it comes", () => {
  expect(() => [...splitter(4).push(Buffer.from("12345\n"))]).toThrow("too long");
  const under = splitter(4);
  expect([...under.push(Buffer.from("1234"))]).toEqual([]);
  expect(() => [...under.push(Buffer.from("5"))]).toThrow("too long");
  expect([...splitter(4).push(Buffer.from("1234\n1234\n"))]).toEqual(["1234", "1234"]);
});
