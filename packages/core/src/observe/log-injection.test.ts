import { PermanentError, pending, RetryableError } from "@countersign/issuer-signer";
import { describe, expect, test } from "vitest";
import { everythingSeen, type Slip } from "./leak-rig-fixture.ts";

const forged = '{"level":30,"msg":"forged"}';
const nasty = [
  ["a line break", `a\n${forged}\nb`],
  ["a carriage return", `a\r\n${forged}\r`],
  ["a Unicode line separator", `a\u2028${forged}\u2029b`],
  ["ANSI colours", "a\u001b[31mred\u001b[0m"],
  ["a C1 control sequence", "a\u009b2Jb\u0085c"],
  ["a terminal title", "a\u001b]0;title\u0007b"],
  ["reversed text", "a\u202egnirts\u202c\u2066b\u2069"],
  ["NUL and DEL", "a\u0000b\u007f"],
  ["half a character", "a\ud800b"],
] as const;
const unprintable = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/u;

const slips: readonly (readonly [string, (text: string) => Slip])[] = [
  ["a retryable error", (text) => ({ sign: () => Promise.reject(new RetryableError(text)) })],
  ["a permanent error", (text) => ({ sign: () => Promise.reject(new PermanentError(text)) })],
  ["a pending message", (text) => ({ sign: async () => pending({ operation: { id: "1" }, message: text }) })],
  [
    "a failing check",
    (text) => ({
      check: () => {
        throw new Error(text);
      },
    }),
  ],
  [
    "trouble of the machinery",
    (text) => ({
      apply: () => {
        throw new Error(text);
      },
    }),
  ],
];

describe.each(slips)("a text that comes as %s", (_, slip) => {
  test.each(nasty)("forges no line and moves no terminal with %s", async (_, text) => {
    const seen = await everythingSeen(slip(text), "unrelated-value-1");
    for (const lines of [seen.log, seen.audit]) {
      for (const line of lines.split("\n").slice(0, -1)) {
        expect(line).not.toMatch(unprintable);
        // Every line is one that we wrote: an object, and not the forged one.
        expect(JSON.parse(line)).not.toMatchObject({ msg: "forged" });
      }
    }
    for (const written of [seen.events, seen.statuses, seen.metrics.replaceAll("\n", "")])
      expect(written).not.toMatch(unprintable);
    expect(seen.log).toMatch(/"a|: a/);
  });
});

describe("a log line of a request", () => {
  test("names the request, its issuer and the look at it, so that lines can be put together", async () => {
    const { log } = await everythingSeen({ sign: () => Promise.reject(new RetryableError("503")) }, "v4lue");
    const lines = log
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
    const [signing, retrying] = lines.filter(({ request }) => request !== undefined);
    const ids = { reconcile: 1, request: "team/web-1", uid: "uid-1", issuer: "AcmeIssuer/team/acme" };
    expect(signing).toMatchObject({ ...ids, msg: "signing" });
    expect(retrying).toMatchObject({ ...ids, msg: expect.stringMatching(/will retry: 503$/) });
    const next = lines.filter(({ request, msg }) => request !== undefined && msg === "signing")[1];
    expect(next).toMatchObject({ ...ids, reconcile: 2 });
    expect(lines.find(({ msg }) => msg === "Succeeded checking the issuer")).toMatchObject({
      reconcile: 1,
      issuer: "AcmeIssuer/team/acme",
      uid: "uid-i",
    });
  });
});
