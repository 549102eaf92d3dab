import { expect, test } from "vitest";
import { offeredSchemes, readChallenges, tokenFor } from "./www-authenticate.ts";

const schemesOf = (header: string) => readChallenges(header).map(({ scheme }) => scheme);

test("reads the lines of IIS, which Node has joined", () => {
  expect(schemesOf('Negotiate, NTLM, Basic realm="pki, internal"')).toEqual(["negotiate", "ntlm", "basic"]);
  expect(schemesOf('Basic realm="a \\" Negotiate, NTLM", charset="UTF-8"')).toEqual(["basic"]);
  expect(readChallenges(undefined)).toEqual([]);
  expect(schemesOf(" ,, ,")).toEqual([]);
});

test("finds the token of a scheme, in any case", () => {
  const challenges = readChallenges("negotiate, ntlm TlRMTVNTUAA=, Basic realm=x");
  expect(Buffer.from(tokenFor("NTLM", challenges) ?? []).toString("latin1")).toBe("NTLMSSP\0");
  expect(tokenFor("Negotiate", challenges)).toBeUndefined();
  expect(tokenFor("Basic", challenges)).toBeUndefined();
});

test("names known schemes only, whatever a server says", () => {
  expect(offeredSchemes(readChallenges("NTLM, Negotiate, Secret-abc"))).toBe("Negotiate, NTLM");
  expect(offeredSchemes(readChallenges("<script>"))).toBe("no known scheme");
});

test("takes no time over a hostile header", () => {
  const start = performance.now();
  for (const header of [
    "a".repeat(1e6),
    '"'.repeat(1e6),
    `"${"\\".repeat(1e6)}`,
    ", ".repeat(5e5),
    `x ${"= ".repeat(5e5)}`,
  ])
    readChallenges(header);
  expect(performance.now() - start).toBeLessThan(500);
});
