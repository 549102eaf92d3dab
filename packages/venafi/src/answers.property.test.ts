import { SignerError } from "@countersign/issuer-signer";
import { signRequestFor } from "@countersign/issuer-signer/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { startTpp } from "../../../test/rigs/venafi/start-tpp.ts";
import { startVenafiCloud } from "../../../test/rigs/venafi/start-venafi-cloud.ts";
import { connectTo } from "./connect-fixture.ts";
import type { VenafiOperation } from "./operation.ts";

const status = fc.oneof(
  fc.constantFrom(200, 201, 202, 204, 400, 401, 403, 404, 409, 412, 429, 500, 503),
  fc.integer({ min: 200, max: 599 }),
);
const json = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.string({ unit: "binary", maxLength: 400 }));
const record = (...names: readonly string[]) =>
  fc.record(Object.fromEntries(names.map((name) => [name, json])), { requiredKeys: [] });
const body = fc.oneof(
  fc.string({ maxLength: 200 }),
  json.map((value) => JSON.stringify(value)),
  record("Error", "error", "error_description", "message", "scope", "valid_for", "expires_ISO8601").map(
    (value) => JSON.stringify(value),
  ),
  record("CertificateDN", "Guid", "CertificateData", "Stage", "Status", "Policy").map((value) =>
    JSON.stringify(value),
  ),
  record("access_token", "expires", "expires_in", "refresh_token", "refresh_until").map((value) =>
    JSON.stringify(value),
  ),
  record(
    "id",
    "status",
    "certificateIds",
    "errorInformation",
    "certificateRequests",
    "keyTypes",
    "sanRegexes",
  ).map((value) => JSON.stringify(value)),
  fc.array(record("code", "message", "args")).map((errors) => JSON.stringify({ errors })),
);
const reason = fc.option(fc.string({ maxLength: 300 }), { nil: undefined });

/** What is not of the closed set, breaks a line, is too long for a status or shows the password. */
function isUnfit(error: unknown): boolean {
  return (
    !(error instanceof SignerError) ||
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may stand in a message.
    /[\x00-\x1f\x7f]/.test(error.message) ||
    Buffer.byteLength(error.message) > 1024 ||
    error.message.includes("issuer-password")
  );
}

const products = {
  tpp: {
    start: startTpp,
    order: { kind: "tpp", dn: "\\VED\\Policy\\Open\\x", requestedAt: 0, resets: 0 },
    paths: [
      "authorize/oauth",
      "authorize/verify",
      "certificates/checkpolicy",
      "certificates/request",
      "certificates/retrieve",
      "certificates/reset",
    ],
  },
  saas: {
    start: startVenafiCloud,
    order: { kind: "cloud", id: "x", requestedAt: 0 },
    paths: [
      "useraccounts",
      "applications/name",
      "certificateissuingtemplates",
      "certificaterequests",
      "contents",
    ],
  },
} as const;

describe.each(Object.entries(products))(
  "whatever %s answers, the end is an outcome or an error of the closed set",
  (_, { start, order, paths }) => {
    test.each(paths)(
      "%s",
      async (path) => {
        await using server = await start();
        const request = await signRequestFor();
        const operation: VenafiOperation = order;
        await fc.assert(
          fc.asyncProperty(status, body, reason, async (code, text, words) => {
            server.control.faults.calm();
            const answer = { status: code, text: code === 204 || code === 304 ? "" : text, reason: words };
            server.control.faults.failNext(answer, { path, times: Number.POSITIVE_INFINITY });
            await using it = connectTo(server);
            for (const call of [
              it.check,
              () => it.sign(request),
              () => it.sign(request, operation),
              () => it.find(request),
            ]) {
              const end = await call().then(
                () => undefined,
                (error: unknown) => error,
              );
              expect(end === undefined || !isUnfit(end), String(end)).toBe(true);
            }
          }),
          { numRuns: 60 },
        );
      },
      60_000,
    );
  },
);
