import { generateKeyPairSync } from "node:crypto";
import { buildCsr, newSelfSignedCa, parseCertificate, parseCsr } from "@countersign/issuer-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWithRigs, X509_ORACLE } from "./rigs.ts";
import { startOracle, type X509Oracle } from "./x509-oracle.ts";

describeWithRigs(X509_ORACLE, "the X.509 oracle", () => {
  let oracle: X509Oracle;
  beforeAll(async () => {
    oracle = await startOracle();
  });
  afterAll(() => oracle?.[Symbol.asyncDispose]());

  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const year = { notBefore: new Date("2026-01-01"), notAfter: new Date("2027-01-01") };
  const request = (usages?: string[]) =>
    buildCsr({ key: privateKey, commonName: "a.example.com", dnsNames: ["a.example.com"], usages });

  test("issues what cert-manager issues, by its own CA or a given one", async () => {
    const csr = await request();
    const verdict = await oracle.judgeCsr({ request: csr, usages: ["server auth"], durationSeconds: 3600 });
    if (verdict.stage !== "issued") throw new Error(verdict.message);
    const certificate = parseCertificate(verdict.certificate);
    expect(certificate.notAfter.getTime() - certificate.notBefore.getTime()).toBe(3_600_000);
    expect(certificate.spkiDer).toEqual(parseCsr(csr).spkiDer);
    expect(verdict.template).toMatchObject({
      dnsNames: ["a.example.com"],
      ipAddresses: [],
      isCA: false,
      keyUsage: [],
      extKeyUsage: ["server auth"],
    });

    const own = newSelfSignedCa({ commonName: "own", ...year });
    const key = own.key.export({ type: "pkcs8", format: "pem" }).toString();
    const byOwn = await oracle.judgeCsr({ request: csr, ca: { certificates: own.certificate.pem, key } });
    if (byOwn.stage !== "issued") throw new Error(byOwn.message);
    expect(parseCertificate(byOwn.certificate).isIssuedBy(own.certificate)).toBe(true);
  });

  test("tells where and why cert-manager refuses", async () => {
    const csr = await request(["client auth"]);
    expect(await oracle.judgeCsr({ request: "no PEM" })).toMatchObject({ stage: "template", message: /PEM/ });
    expect(await oracle.judgeCsr({ request: csr, usages: ["server auth"] })).toMatchObject({
      stage: "template",
      message: expect.stringContaining("do not match the expected ExtKeyUsages [ 'server auth' ]"),
    });
  });

  test("finds with both linters what is wrong with a certificate, and tells one that is no certificate", async () => {
    const { certificate } = newSelfSignedCa({ commonName: "ca", ...year });
    const other = newSelfSignedCa({ commonName: "ca", ...year }).certificate;
    const severe = async (der: Uint8Array, issuer?: Uint8Array) =>
      (await oracle.lint(der, issuer))
        .filter(({ severity }) => severity === "error" || severity === "fatal")
        .map(({ linter, code }) => `${linter} ${code}`);

    expect(await severe(certificate.der, certificate.der)).toEqual([]);
    // The signature is wrong then as well, which only a look at the issuer tells.
    const negative = Uint8Array.from(certificate.der);
    const serial = Buffer.from(negative).indexOf(Uint8Array.of(2, 19)) + 2;
    negative[serial] = 0x80;
    expect(await severe(negative)).toEqual([
      "zlint e_serial_number_not_positive",
      "pkilint pkix.certificate_serial_number_out_of_range",
    ]);
    expect(await severe(certificate.der, other.der)).toEqual([
      "pkilint pkix.issuer_and_subject_key_identifier_not_equal",
      "pkilint pkix.signature_verification_failed",
    ]);
    expect(await severe(Uint8Array.of(1, 2, 3))).toEqual(["zlint unparsable", "pkilint unparsable"]);
  });

  test("verifies chains with Go and OpenSSL, for a purpose, a host and a time", async () => {
    const root = newSelfSignedCa({ commonName: "root", ...year });
    const key = root.key.export({ type: "pkcs8", format: "pem" }).toString();
    const issued = await oracle.judgeCsr({
      request: await request(),
      usages: ["client auth"],
      durationSeconds: 3600,
      ca: { certificates: root.certificate.pem, key },
    });
    if (issued.stage !== "issued") throw new Error(issued.message);
    const { certificate } = issued;
    const at = new Date();
    const verdicts = async (question: Partial<Parameters<typeof oracle.verify>[0]>) =>
      (await oracle.verify({ certificate, root: root.certificate.der, at, ...question })).map(
        ({ verifier, valid, message }) => (valid ? `${verifier}: valid` : `${verifier}: ${message}`),
      );
    expect(await verdicts({ purpose: "client auth", host: "a.example.com" })).toEqual([
      "go: valid",
      "openssl: valid",
    ]);
    expect(await verdicts({ purpose: "server auth" })).toEqual([
      expect.stringMatching(/^go: .*incompatible key usage/),
      expect.stringMatching(/^openssl: .*(purpose)/s),
    ]);
    expect(await verdicts({ host: "b.example.com" })).toEqual([
      expect.stringMatching(/^go: .*not b\.example\.com/),
      expect.stringMatching(/^openssl: .*hostname mismatch/s),
    ]);
    expect(await verdicts({ at: new Date("2030-01-01") })).toEqual([
      expect.stringMatching(/^go: .*expired/),
      expect.stringMatching(/^openssl: .*expired/s),
    ]);
    expect(await verdicts({ root: newSelfSignedCa({ commonName: "x", ...year }).certificate.der })).toEqual([
      expect.stringMatching(/^go: .*unknown authority/),
      expect.stringMatching(/^openssl: .*unable to get/s),
    ]);
  });

  test("says why it is gone rather than hang", async () => {
    const other = await startOracle();
    await other[Symbol.asyncDispose]();
    await expect(other.judgeCsr({ request: "" })).rejects.toThrow(/ended \(exit code 0\)/);
  });
});
