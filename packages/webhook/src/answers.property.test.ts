import { SignerError } from "@countersign/issuer-signer";
import { signRequestFor } from "@countersign/issuer-signer/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { connectTo } from "./connect-fixture.ts";
import { FakeService } from "./fake-service-fixture.ts";

const status = fc.oneof(
  fc.constantFrom(200, 201, 202, 204, 303, 400, 401, 404, 409, 413, 422, 429, 502, 503),
  fc.integer({ min: 200, max: 599 }),
);
const json = fc.jsonValue({ maxDepth: 3 });
const body = fc.oneof(
  fc.string({ maxLength: 200 }),
  json.map((value) => JSON.stringify(value)),
  fc
    .record({ certificate: json, ca: json, chain: json, error: json, links: json }, { requiredKeys: [] })
    .map((value) => JSON.stringify(value)),
  fc.record({ code: json, message: json, issuedNothing: json }).map((error) => JSON.stringify({ error })),
);
const headers = fc.record(
  {
    location: fc.oneof(fc.webUrl(), fc.constantFrom("/sign/1", "sign", "//x", "http://[", "")),
    "retry-after": fc.constantFrom("1", "-1", "soon", "999999999999"),
  },
  { requiredKeys: [] },
);

/** What is not of the closed set, breaks a line, is too long for a status or shows a secret. */
function isUnfit(error: unknown): boolean {
  return (
    !(error instanceof SignerError) ||
    /[\n\r]/.test(error.message) ||
    Buffer.byteLength(error.message) > 1024 ||
    error.message.includes("the-secret-token")
  );
}

test("whatever a service answers, the end is an outcome or an error of the closed set", async () => {
  await using fake = await FakeService.start();
  const request = await signRequestFor();
  await fc.assert(
    fc.asyncProperty(status, body, headers, async (code, text, extra) => {
      const end = { status: code, body: code === 204 || code === 304 ? "" : text, headers: extra };
      for (const route of ["POST /sign", "GET /sign", "GET /sign/1"]) fake.routes[route] = end;
      await using webhook = connectTo(fake.url, {
        webhook: {
          auth: { tokenSecretRef: { name: "s" } },
          idempotency: { promised: true },
          response: { pollField: "links" },
        },
        secrets: { token: "the-secret-token" },
      });
      const calls = [
        webhook.check,
        () => webhook.outcome(request),
        () => webhook.outcome(request, { pollUrl: `${fake.url}/sign/1` }),
        () => webhook.find(request),
      ];
      for (const call of calls) {
        const error = await call().then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        expect(error === undefined || !isUnfit(error), String(error)).toBe(true);
      }
    }),
    { numRuns: 200 },
  );
}, 60_000);
