import { describe, expect, test } from "vitest";
import type { Condition } from "../kube/types.ts";
import { nextCondition, oneLine, timestamp } from "./condition.ts";

const old: Condition = {
  type: "Ready",
  status: "False",
  reason: "Pending",
  message: "before",
  lastTransitionTime: "2026-01-01T00:00:00Z",
};
const now = Date.parse("2026-02-03T04:05:06.789Z");

describe("nextCondition", () => {
  test("keeps lastTransitionTime when the status does NOT change", () => {
    const next = nextCondition(
      [old],
      { type: "Ready", status: "False", reason: "Failed", message: "x" },
      now,
    );
    expect(next.lastTransitionTime).toBe("2026-01-01T00:00:00Z");
  });

  test("moves lastTransitionTime when the status changes", () => {
    const next = nextCondition([old], { type: "Ready", status: "True", reason: "Issued", message: "x" }, now);
    expect(next.lastTransitionTime).toBe("2026-02-03T04:05:06Z");
  });

  test("sets lastTransitionTime on a condition that was not there", () => {
    const next = nextCondition([old], { type: "Other", status: "False", reason: "R", message: "x" }, now);
    expect(next.lastTransitionTime).toBe("2026-02-03T04:05:06Z");
  });
});

describe("timestamp", () => {
  test("has whole seconds, as metav1.Time", () => {
    expect(timestamp(now)).toBe("2026-02-03T04:05:06Z");
  });
});

describe("oneLine", () => {
  test("makes one line of control characters and line separators", () => {
    expect(oneLine("a\r\nb\tc\u0000d\u2028e\u001b[31m")).toBe("a b c d e [31m");
  });

  test("keeps percent signs as they are", () => {
    expect(oneLine("100%d of %s")).toBe("100%d of %s");
  });

  test("cuts at 1 KiB without splitting a character", () => {
    const cut = oneLine("🔑".repeat(1000));
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(1024);
    expect(cut).toMatch(/^(🔑)+…$/u);
  });
});

describe("oneLine, before anybody reads the text,", () => {
  test("S7: removes what looks like a credential, also where a cut would hide it", () => {
    const key = `-----BEGIN PRIVATE KEY-----\n${"MIIEvQIBADANBgkqhkiG9w0BAQ\n".repeat(60)}-----END PRIVATE KEY-----`;
    expect(oneLine(`cannot use ${key}, check it`)).toBe("cannot use [redacted], check it");
    expect(oneLine(`${"x ".repeat(505)}Bearer s3cr3tT0ken`)).not.toContain("s3cr3t");
  });

  test("removes what would change a terminal or the direction of text", () => {
    expect(oneLine("a\r\nb\u001b[31mc\u009b1md\u2028e\u202ef\u2066g\0h")).toBe("a b [31mc 1md e f g h");
  });
});
