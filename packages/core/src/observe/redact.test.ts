import { describe, expect, test } from "vitest";
import { planted } from "./planted-secrets-fixture.ts";
import { redact } from "./redact.ts";

describe("redact", () => {
  test("knows at least 25 kinds of secrets", () => {
    expect(new Set(planted.map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(25);
  });

  test.each(planted)("S7: removes $kind and is the same when applied twice", ({ canary, text }) => {
    expect(text).toContain(canary);
    const once = redact(text);
    expect(once).not.toContain(canary);
    expect(once).toContain("[redacted]");
    expect(redact(once)).toBe(once);
    expect(redact(`first line\n${text}\nlast line`)).not.toContain(canary);
  });

  test.each([
    "Basic authentication failed",
    "Bearer token missing",
    "Digest authentication required",
    "token Refresh failed",
    "invalid token: signature mismatch",
    'Secret team/acme-token has no key "token". Add it.',
    "Secret cert-manager/acme-production-issuer-credentials-of-2026-for-the-web not found.",
    "https://ejbca.example.com/ejbca/ejbca-rest-api/v1/certificate/pkcs10enroll answered 503.",
    "The certificate 4f8e1c02a9b35d6677e0c1d2f3a4b5c6d7e8f9aa has expired.",
    "SHA-256 9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08",
    "uid 3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    "attempt 4lz7q2ab3cd4ef5gh6ij7kl2mn3op4qr5st6",
    "connect ECONNREFUSED 127.0.0.1:8443",
    "CN=Example Issuing CA 3,O=Example",
    "spiffe://cluster.local/ns/team/sa/web",
    "system:serviceaccount:cert-manager:cert-manager",
  ])("leaves what people need: %s", (text) => {
    expect(redact(text)).toBe(text);
  });

  test("cuts a text of any length, and no part of a credential survives at the cut", () => {
    const filler = "-----BEGIN CERTIFICATE-----\n".padEnd(16_370, "A1b");
    const text = redact(`${filler}\n-----END CERTIFICATE-----\npassword=hunter2hunter2`);
    expect(text).toBe("[redacted]");
    expect(redact(`${"word ".repeat(3_276)}hunter2`)).not.toContain("hunt");
    expect(redact("x".repeat(10_000_000)).length).toBeLessThan(17_000);
  });

  test.each([
    "a.",
    "x-",
    "A",
    "-----BEGIN A-----",
    "bearer ",
    "bearer aaaaaaaa",
    "://",
    'token="',
    '"',
    '"a',
    "a_",
    " ",
    "authorization",
    "eyJaaaaaaaa",
    "hvs.",
    '"token":"\\',
    "password ",
    "aA1/",
  ])("S8: stays fast on a text of nothing but %j", (part) => {
    const text = part.repeat(Math.ceil(16_384 / part.length)).slice(0, 16_384);
    for (let i = 0; i < 3; i += 1) redact(text);
    const started = performance.now();
    redact(text);
    expect(performance.now() - started).toBeLessThan(50);
  });
});
