import { randomUUID } from "node:crypto";
import { describe, expect, expectTypeOf, test } from "vitest";
import { IssuerError, RequestRejected } from "../errors.ts";
import { cannotTell, issued, type Pending, pending } from "../outcome.ts";
import type { Signer } from "../signer.ts";
import { buildCertificate, deterministicSerial, newSelfSignedCa, softwareCaSigner } from "../x509/index.ts";
import { signRequestFor } from "./sign-request-for.ts";
import { testSigner } from "./test-signer.ts";

const now = Date.now();
const ca = newSelfSignedCa({
  commonName: "CA",
  notBefore: new Date(now - 60_000),
  notAfter: new Date(now + 365 * 24 * 3_600_000),
});

interface Operation {
  readonly looks: number;
}

/** A little CA that issues after so many looks. */
function caSigner(options: { looks?: number; seed?: () => string; more?: Partial<Signer<Operation>> } = {}) {
  const { looks = 0, seed = () => "serial", more } = options;
  const signer: Signer<Operation> = {
    check: async () => {},
    async sign({ parsedCsr: csr, isCA, usages, durationSeconds }, { operation }) {
      const done = operation?.looks ?? 0;
      if (done < looks) return pending({ operation: { looks: done + 1 }, retryAfterMs: 60_000 });
      const leaf = await buildCertificate({
        csr,
        isCA,
        usages,
        caCertificate: ca.certificate,
        signer: softwareCaSigner(ca.key),
        serial: deterministicSerial(seed()),
        notBefore: new Date(now - 1_000),
        notAfter: new Date(now - 1_000 + durationSeconds * 1000),
      });
      return issued({ chain: leaf.pem + ca.certificate.pem });
    },
    ...more,
  };
  return signer;
}

describe("testSigner", () => {
  test("resolves to the certificate, its chain and the number of calls", async () => {
    const { leaf, chain, caPem, mismatches, calls } = await testSigner(caSigner({ looks: 2 }), {
      request: { dnsNames: ["a.example.com"], durationSeconds: 3600 },
    });
    expect(leaf.names.dns).toEqual(["a.example.com"]);
    expect(chain).toEqual([leaf]);
    expect(caPem).toBe(ca.certificate.pem);
    expect(mismatches).toEqual([]);
    expect(calls).toBe(3);
  });

  test("connects a definition with its parsed spec and its secrets, and parses what it keeps", async () => {
    const seen: unknown[] = [];
    const parsed = (name: string) => ({
      parse(value: unknown) {
        seen.push(name, value);
        return value;
      },
    });
    const source = {
      spec: parsed("spec"),
      operation: parsed("operation"),
      connect({ secrets }: { readonly secrets: { readonly token: string } }) {
        seen.push(secrets.token);
        return caSigner({ looks: 1 });
      },
    };
    await testSigner(source, { spec: { url: "u" }, secrets: { token: "t" } });
    expect(seen).toEqual(["spec", { url: "u" }, "t", "operation", { looks: 1 }]);
  });

  test("rejects with what check and sign throw, and closes the signer", async () => {
    let closed = 0;
    const close = async () => {
      closed += 1;
    };
    const check = () => Promise.reject(new IssuerError("no"));
    await expect(testSigner(caSigner({ more: { check, close } }))).rejects.toThrow("no");
    const sign = () => Promise.reject(new RequestRejected("never"));
    await expect(testSigner(caSigner({ more: { sign, close } }))).rejects.toMatchObject({
      code: "REQUEST_REJECTED",
    });
    expect(closed).toBe(2);
  });

  test("refuses a certificate for another key", async () => {
    const other = await signRequestFor();
    const honest = caSigner();
    const sign: Signer<Operation>["sign"] = (_request, context) => honest.sign(other, context);
    await expect(testSigner(caSigner({ more: { sign } }))).rejects.toMatchObject({ code: "BAD_CERTIFICATE" });
  });

  test("holds an idempotent signer to its word", async () => {
    await testSigner(caSigner({ more: { idempotent: true } }));
    const seed = () => randomUUID();
    await expect(testSigner(caSigner({ seed, more: { idempotent: true } }))).rejects.toThrow(
      "a repeated sign gave another certificate",
    );
  });

  test("holds find to what was issued", async () => {
    await expect(testSigner(caSigner({ more: { find: async () => undefined } }))).rejects.toThrow(
      "find knows nothing of the certificate",
    );
    const honest = caSigner();
    const find: Signer<Operation>["find"] = (request, context) => honest.sign(request, context);
    await testSigner(caSigner({ more: { find } }));
    await testSigner(caSigner({ more: { find: async () => cannotTell("the PKI keeps no list") } }));
  });

  test("refuses an operation that the SDK could not keep, and ends in time", async () => {
    const kept = (operation: unknown): Signer<unknown> => ({
      check: async () => {},
      sign: async (): Promise<Pending<unknown>> => pending({ operation }),
    });
    await expect(testSigner(kept("x".repeat(5_000)))).rejects.toThrow("at most 4096 bytes of JSON");
    await expect(testSigner(kept({ id: 1 }), { timeoutMs: 100 })).rejects.toThrow(/abort/i);
  });
});

describe("signRequestFor", () => {
  test("makes what cert-manager would send", async () => {
    const request = await signRequestFor();
    expect(request).toMatchObject({
      kind: "CertificateRequest",
      isCA: false,
      durationSeconds: 90 * 24 * 3600,
    });
    expect(request.parsedCsr.names.dns).toEqual(["www.example.com"]);
    expect(request.parsedCsr.pem).toBe(request.csr);
    expectTypeOf(request.usages).toEqualTypeOf<readonly string[]>();
  });

  test("takes any field of the request, and a CSR as it is", async () => {
    const { csr } = await signRequestFor({
      commonName: "x",
      ipAddresses: ["127.0.0.1"],
      keyAlgorithm: { name: "Ed25519" },
    });
    const request = await signRequestFor({ csr, namespace: "n", annotations: { a: "b" } });
    expect(request).toMatchObject({ csr, namespace: "n", annotations: { a: "b" } });
    expect(request.parsedCsr.names.ip).toEqual(["127.0.0.1"]);
    await expect(signRequestFor({ csr: "no CSR" })).rejects.toMatchObject({ code: "INVALID_CSR" });
  });
});
