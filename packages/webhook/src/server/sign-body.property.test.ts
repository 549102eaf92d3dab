import { signRequestFor } from "@countersign/issuer-signer/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { HttpProblem, problemBody } from "./http-problem.ts";
import { parseSignBody } from "./sign-body.ts";

test("whatever a body holds, the end is a CSR or a problem of one short line with a 4xx", async () => {
  const { csr, parsedCsr } = await signRequestFor();
  const der = Buffer.from(parsedCsr.der);
  const json = fc.jsonValue({ maxDepth: 4 });
  const mutated = fc
    .tuple(fc.nat(der.length - 1), fc.integer({ min: 0, max: 255 }))
    .map(([at, byte]) => Buffer.concat([der.subarray(0, at), Buffer.of(byte), der.subarray(at + 1)]));
  const csrs = fc.oneof(
    json,
    fc.constant(csr),
    mutated.map((bytes) => bytes.toString("base64")),
    fc.base64String(),
  );
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    json.map((value) => Buffer.from(JSON.stringify(value))),
    fc
      .record(
        { csr: csrs, durationSeconds: json, usages: json, isCA: json, more: json },
        { requiredKeys: ["csr"] },
      )
      .map((value) => Buffer.from(JSON.stringify(value))),
  );
  fc.assert(
    fc.property(body, (bytes) => {
      try {
        expect(parseSignBody(bytes, { durationSeconds: 3600, allowCA: true }).csr.spkiDer).toBeInstanceOf(
          Uint8Array,
        );
      } catch (error) {
        if (!(error instanceof HttpProblem)) throw error;
        expect([400, 422]).toContain(error.status);
        expect(error.message).not.toMatch(/[\r\n]/);
        expect(Buffer.byteLength(JSON.stringify(problemBody(error)))).toBeLessThan(1_024);
      }
    }),
    { numRuns: 3_000 },
  );
});
