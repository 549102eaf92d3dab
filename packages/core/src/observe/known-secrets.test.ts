import { inspect } from "node:util";
import { IssuerError, RetryableError, retryAfterMs, signerErrorCode } from "@countersign/issuer-signer";
import { describe, expect, test } from "vitest";
import { KnownSecrets } from "./known-secrets.ts";

const password = 'cor"rect horse+batterie\\staple';
const pin = "4711";
const key =
  "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEA\n-----END PRIVATE KEY-----\n";
const secrets = new KnownSecrets([password, pin, key, "admin", "x"]);

describe("KnownSecrets", () => {
  test.each([
    ["as it is", `login with ${password} failed`],
    ["in a URL", `GET /?p=${encodeURIComponent(password)}`],
    ["in JSON", JSON.stringify({ p: password })],
    ["in base64", `header ${Buffer.from(password).toString("base64")}`],
    ["twice", `${password}${password}`],
    ["a PIN", "C_Login with 4711: CKR_PIN_INCORRECT"],
    ["a key", `bad ${key}`],
    ["a key in one line", `bad ${key.replaceAll("\n", "\\n")}`],
    ["a line of a key", "bad AQEFAASCBKcwggSjAgEA"],
  ])("S7: removes a value %s", (_, text) => {
    const clean = secrets.text(text);
    expect(clean).toContain("[redacted]");
    for (const canary of ["horse", "4711", "MIIEvQ", "AQEFAASC", Buffer.from(password).toString("base64")])
      expect(clean).not.toContain(canary);
  });

  test.each(["administrator", "port 47110", "x marks the spot", "-----BEGIN PRIVATE KEY-----"])(
    "leaves %s",
    (text) => {
      expect(secrets.text(text)).toBe(text);
    },
  );

  test("cleans errors and their causes, and keeps what they are", () => {
    const cause = new Error(`socket closed after ${password}`);
    const error = new RetryableError(`login ${password}`, { cause, retryAfterMs: 5_000 });
    const clean = secrets.error(error);
    expect(clean).toBe(error);
    expect(signerErrorCode(clean)).toBe("RETRYABLE");
    expect(retryAfterMs(clean)).toBe(5_000);
    expect(inspect(clean, { depth: 9 })).not.toContain("horse");
  });

  test("cleans an error that cannot be changed", () => {
    const frozen = Object.freeze(new IssuerError(`login ${password}`, { cause: new Error(pin) }));
    const clean = secrets.error(frozen);
    expect(clean).toBeInstanceOf(IssuerError);
    expect(signerErrorCode(clean)).toBe("ISSUER");
    expect((clean as Error).message).toBe("login [redacted]");
    expect(String((clean as Error).stack)).not.toContain("horse");
    expect((clean as Error).cause).toBeUndefined();
  });

  test("takes whatever is thrown", () => {
    expect(secrets.error(`no ${password}`)).toEqual(new Error("no [redacted]"));
    expect(secrets.error({ toString: () => password })).toEqual(new Error("[redacted]"));
    expect(secrets.error("no")).toBe("no");
    expect(secrets.error(undefined)).toBeUndefined();
    expect(secrets.error({ a: 1 })).toEqual({ a: 1 });
    const circle = new Error("a");
    circle.cause = circle;
    expect(secrets.error(circle)).toBe(circle);
  });

  test("S7: removes a value that came later, beside the others, until more have come than are remembered", () => {
    const known = new KnownSecrets([password]);
    for (let at = 0; at < 20; at += 1) known.addPassing(`passing-token-${String(at).padStart(2, "0")}`);
    const text = `${password} passing-token-19 passing-token-04`;
    expect(known.text(text)).toBe("[redacted] [redacted] [redacted]");
    expect(known.text("passing-token-03")).toBe("passing-token-03");
  });

  test("removes a renewed value and the ones that it replaced", () => {
    const renewed = new KnownSecrets(["first-token"]);
    renewed.renew("refresh", "second-token");
    renewed.renew("refresh", "third-token");
    for (let passing = 0; passing < 20; passing += 1) renewed.addPassing(`passing-token-${passing}`);
    expect(renewed.text("first-token third-token")).toBe("[redacted] [redacted]");
    const again = new KnownSecrets([]);
    again.renew("refresh", "second-token");
    again.renew("refresh", "third-token");
    expect(again.text("second-token third-token")).toBe("[redacted] [redacted]");
  });

  test("removes bytes in base64 and in hex", () => {
    const keytab = Buffer.from("0502000000410001000b4558414d504c45", "hex");
    const bytes = new KnownSecrets([keytab]);
    for (const form of [
      keytab.toString("base64"),
      keytab.toString("hex"),
      keytab.toString("hex").toUpperCase(),
    ])
      expect(bytes.text(`bad keytab ${form}.`)).toMatch(/^bad keytab \[redacted\]=*\.$/);
  });
});
