import {
  buildCsr,
  CertificateCache,
  newPrivateKey,
  parseCsr,
  verifyIssued,
} from "@countersign/issuer-signer";
import { beforeAll, describe, expect, test } from "vitest";
import { issueBelow, newAuthority } from "./authority.ts";
import { type BadCase, badCertificates } from "./bad-certificates.ts";

const now = new Date();
let given: BadCase;

beforeAll(async () => {
  const key = newPrivateKey({ name: "EC", curve: "P-256" });
  const csr = parseCsr(await buildCsr({ key, commonName: "web", dnsNames: ["web.example.com"] }));
  const [authority, foreign] = [await newAuthority(now), await newAuthority(now)];
  const notAfter = new Date(now.getTime() + 90 * 24 * 3_600_000);
  const leaf = await issueBelow(authority.intermediate, {
    csr,
    serialSeed: "leaf",
    notBefore: now,
    notAfter,
  });
  given = { authority, foreign, csr, leaf, now };
});

function verify(pem: string, ca: string | undefined, cache?: CertificateCache) {
  const { csr } = given;
  return verifyIssued({ csr, chain: pem, ca, now, isCA: false, durationSeconds: 90 * 24 * 3600, cache });
}

describe("R16 the bad answers of the fake PKI", () => {
  test("are at least forty", () => {
    expect(Object.keys(badCertificates).length).toBeGreaterThanOrEqual(40);
  });

  test("are made from an answer that is good", () => {
    const { authority, leaf } = given;
    const pem = leaf.pem + authority.intermediate.certificate.pem + authority.root.certificate.pem;
    expect(verify(pem, undefined).mismatches).toEqual([]);
  });

  test.each(Object.entries(badCertificates))("%s: is refused", async (_name, make) => {
    const bad = await make(given);
    const { pem, ca } = typeof bad === "string" ? { pem: bad, ca: undefined } : bad;
    const refusal = expect.objectContaining({ code: "BAD_CERTIFICATE" });
    expect(() => verify(pem, ca)).toThrow(refusal);
    // Nor after a good answer of the same PKI, whose CAs are known by then.
    const cache = new CertificateCache();
    const { authority, leaf } = given;
    verify(
      leaf.pem + authority.intermediate.certificate.pem + authority.root.certificate.pem,
      undefined,
      cache,
    );
    expect(() => verify(pem, ca, cache)).toThrow(refusal);
    expect(() => verify(pem, ca, cache)).toThrow(refusal);
  });
});
