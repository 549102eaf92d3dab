import { SignerError } from "@countersign/issuer-signer";
import { signRequestFor } from "@countersign/issuer-signer/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { connectTo } from "./connect-fixture.ts";
import { FakeEjbca } from "./fake-ejbca-fixture.ts";
import { enrolling } from "./fake-enrolment-fixture.ts";
import { recordedAnswers } from "./recorded-answers-fixture.ts";

const status = fc.oneof(
  fc.constantFrom(200, 201, 202, 204, 302, 400, 403, 404, 409, 429, 500, 503),
  fc.integer({ min: 200, max: 599 }),
);
const json = fc.jsonValue({ maxDepth: 3 });
const said = fc.constantFrom(...recordedAnswers.map(({ text }) => text));
const bait = "planted\r\nsecret";
const body = fc.oneof(
  fc.string({ maxLength: 200 }),
  json.map((value) => JSON.stringify(value)),
  fc
    .tuple(said, fc.string({ maxLength: 40 }))
    .map(([text, more]) => JSON.stringify({ error_code: 400, error_message: `${text}${more}${bait}` })),
  fc
    .record({ certificate: json, certificate_chain: json, response_format: json }, { requiredKeys: [] })
    .map((value) => JSON.stringify(value)),
  fc
    .record({ certificates: json, more_results: json, certificate_authorities: json, revision: json })
    .map((value) => JSON.stringify(value)),
  fc
    .record({ access_token: json, expires_in: json, error: json }, { requiredKeys: [] })
    .map((value) => JSON.stringify(value)),
);

/** What is not of the closed set, breaks a line, is too long for a status, or repeats what the server said. */
function isUnfit(error: unknown): boolean {
  return (
    !(error instanceof SignerError) ||
    /[\n\r]/.test(error.message) ||
    Buffer.byteLength(error.message) > 1024 ||
    /planted|the-secret/.test(error.message)
  );
}

describe("whatever a server answers, the end is a certificate or an error of the closed set", () => {
  test.each([
    "POST v1/certificate/pkcs10enroll",
    "POST v1/certificate/search",
    "GET v1/ca",
    "GET v1/ca/status",
    "GET v2/certificate/profile/LabTLS",
    "POST token",
  ])(
    "%s",
    async (route) => {
      await using fake = await FakeEjbca.start();
      const request = await signRequestFor();
      await fc.assert(
        fc.asyncProperty(status, body, async (code, text) => {
          await using healthy = await FakeEjbca.start();
          Object.assign(fake.routes, healthy.routes);
          enrolling(fake);
          fake.routes["POST token"] = { body: { access_token: "t", expires_in: 300 } };
          fake.routes[route] = { status: code, body: code === 204 || code === 304 ? "" : text };
          const oauth2 = {
            tokenUrl: `${fake.url}/ejbca/ejbca-rest-api/token`,
            ...{ clientId: "x", clientSecretRef: { name: "s" } },
          };
          await using ejbca = connectTo(fake.url, {
            ...{ ejbca: { auth: { oauth2 } }, secrets: { clientSecret: "the-secret" } },
          });
          for (const call of [ejbca.check, () => ejbca.sign(request), () => ejbca.find(request)]) {
            const end = await call().then(
              () => undefined,
              (error: unknown) => error,
            );
            expect(end === undefined || !isUnfit(end), String(end)).toBe(true);
          }
        }),
        { numRuns: 100 },
      );
    },
    60_000,
  );
});
