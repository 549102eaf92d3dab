import { SignerError } from "@countersign/issuer-signer";
import { signRequestFor } from "@countersign/issuer-signer/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { connectTo, signing } from "./connect-fixture.ts";
import { FakeVault, granted } from "./fake-vault-fixture.ts";

const status = fc.oneof(
  fc.constantFrom(200, 204, 400, 403, 404, 412, 429, 473, 500, 503),
  fc.integer({ min: 200, max: 599 }),
);
const json = fc.jsonValue({ maxDepth: 3 });
const body = fc.oneof(
  fc.string({ maxLength: 200 }),
  json.map((value) => JSON.stringify(value)),
  fc
    .record({ data: json, auth: json, wrap_info: json, errors: json, warnings: json }, { requiredKeys: [] })
    .map((value) => JSON.stringify(value)),
  fc
    .record({
      certificate: json,
      ca_chain: json,
      issuing_ca: json,
      keys: json,
      certificates: json,
      issuer_ref: json,
    })
    .map((data) => JSON.stringify({ data })),
);
const appRole = {
  vault: { auth: { appRole: { roleId: "role", secretRef: { name: "s" } } } },
  secrets: { secretId: "the-secret-id" },
};

/** What is not of the closed set, breaks a line or is too long for a status. */
function isUnfit(error: unknown): boolean {
  return (
    !(error instanceof SignerError) ||
    /[\n\r]/.test(error.message) ||
    Buffer.byteLength(error.message) > 1024 ||
    error.message.includes("the-secret-id")
  );
}

describe("whatever a server answers, the end is a certificate or an error of the closed set", () => {
  test.each([
    "POST pki/sign/web",
    "POST auth/approle/login",
    "GET pki/roles/web",
    "GET pki/certs?list=true&limit=5001",
  ])(
    "%s",
    async (route) => {
      await using fake = await FakeVault.start();
      const request = await signRequestFor();
      await fc.assert(
        fc.asyncProperty(status, body, async (code, text) => {
          signing(fake);
          fake.routes["POST auth/approle/login"] = granted("t");
          fake.routes[route] = { status: code, body: code === 204 || code === 304 ? "" : text };
          await using vault = connectTo(fake.url, appRole);
          for (const call of [vault.check, () => vault.sign(request), () => vault.find(request)]) {
            const end = await call().then(
              () => undefined,
              (error: unknown) => error,
            );
            expect(end === undefined || !isUnfit(end), String(end)).toBe(true);
          }
        }),
        { numRuns: 120 },
      );
    },
    60_000,
  );
});
