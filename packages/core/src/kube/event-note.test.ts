import fc from "fast-check";
import { expect, test } from "vitest";
import { eventNote } from "./event-note.ts";

test("control characters, line separators and direction overrides become spaces", () => {
  expect(eventNote("a\r\n\tb\u0000c\u001b[31md\u2028e\u202ef\u009bg\n")).toBe("a b c [31md e f g");
});

test("a long note is cut to 1 KiB with an ellipsis, between characters", () => {
  expect(eventNote("x".repeat(1024))).toBe("x".repeat(1024));
  expect(eventNote("x".repeat(1025))).toBe(`${"x".repeat(1021)}…`);
  expect(eventNote(`${"x".repeat(1020)}🟢🟢`)).toBe(`${"x".repeat(1020)}…`);
});

test("any text becomes at most 1 KiB of well-formed UTF-8", () => {
  const text = fc.string({ unit: "binary", maxLength: 1_500, size: "max" });
  fc.assert(
    fc.property(text, (note) => {
      const result = eventNote(note);
      expect(Buffer.byteLength(result)).toBeLessThanOrEqual(1024);
      expect(result.isWellFormed()).toBe(true);
      // A character cut in two would have been decoded as the replacement character.
      if (!note.includes("\ufffd")) expect(result).not.toContain("\ufffd");
    }),
  );
});
