import { createHash } from "node:crypto";
import { fromBER } from "asn1js";
import { Certificate } from "pkijs";
import { describe, expect, it } from "vitest";
import { BadCertificateError, InvalidCsrError, RequestRejected } from "../errors.ts";
import { type BuildCertificateOptions, buildCertificate } from "./build-certificate.ts";
import { buildCsr } from "./build-csr.ts";
import { assertKeyMatches, assertUsableCa, newPrivateKey, newSelfSignedCa } from "./ca-certificate.ts";
import { type CaSigner, softwareCaSigner, spkiOf } from "./ca-signer.ts";
import { parseCertificate } from "./certificate.ts";
import { type Csr, parseCsr } from "./certification-request.ts";
import { contextTag } from "./der-reader.ts";
import { der, derNull, derSequence } from "./der-writer.ts";
import { encodeExtension, encodeKeyUsage } from "./extensions.ts";
import { oids } from "./oid.ts";
import { OpensslFixture } from "./openssl-fixture.ts";
import {
  attributesField,
  extensionRequest,
  generalName,
  sanExtension,
  writeRequest,
} from "./request-fixture.ts";
import { deterministicSerial } from "./serial.ts";

const years = { notBefore: new Date("2020-01-01T00:00:00Z"), notAfter: new Date("2060-06-15T12:00:00Z") };
const ca = newSelfSignedCa({ commonName: "Root", ...years });
const key = newPrivateKey({ name: "EC", curve: "P-256" });
const plain = parseCsr(await buildCsr({ key, commonName: "host", dnsNames: ["host.example.com"] }));

function options(more: Partial<BuildCertificateOptions> = {}): BuildCertificateOptions {
  return {
    csr: plain,
    caCertificate: ca.certificate,
    signer: softwareCaSigner(ca.key),
    serial: deterministicSerial("seed"),
    notBefore: new Date("2026-01-01T00:00:00.900Z"),
    notAfter: new Date("2026-04-01T00:00:00.900Z"),
    isCA: false,
    ...more,
  };
}

const oidsOf = (certificate: { extensions: readonly { oid: string }[] }): string[] =>
  certificate.extensions.map(({ oid }) => oid);

describe("buildCertificate", () => {
  it("writes the extensions of cert-manager's CA issuer in its order, the SAN last", async () => {
    const certificate = await buildCertificate(
      options({
        usages: ["server auth", "signing"],
        crlDistributionPoints: ["http://crl.example.com/a.crl", "http://crl.example.com/b.crl"],
        ocspServers: ["http://ocsp.example.com"],
        issuingCertificateUrls: ["http://ca.example.com/ca.crt"],
        policyOids: ["2.23.140.1.2.1", "1.3.6.1.4.1.99999.1", "2.23.140.1.2.1"],
      }),
    );
    expect(oidsOf(certificate)).toEqual([
      oids.keyUsage,
      oids.extendedKeyUsage,
      oids.basicConstraints,
      oids.subjectKeyIdentifier,
      oids.authorityKeyIdentifier,
      oids.authorityInfoAccess,
      oids.certificatePolicies,
      oids.crlDistributionPoints,
      oids.subjectAltName,
    ]);
    expect(certificate.extensions.map(({ critical }) => critical)).toEqual([
      true,
      false,
      true,
      false,
      false,
      false,
      false,
      false,
      false,
    ]);
    using openssl = new OpensslFixture();
    openssl.write("leaf.pem", certificate.pem);
    const text = openssl.run(
      "x509",
      "-in",
      "leaf.pem",
      "-noout",
      "-ext",
      "crlDistributionPoints,authorityInfoAccess,certificatePolicies",
    );
    expect(text.replace(/\s+/g, " ")).toContain(
      "Full Name: URI:http://crl.example.com/a.crl Full Name: URI:http://crl.example.com/b.crl",
    );
    expect(text).toContain("OCSP - URI:http://ocsp.example.com");
    expect(text).toContain("CA Issuers - URI:http://ca.example.com/ca.crt");
    expect(text.match(/Policy: .*/g)).toEqual(["Policy: 2.23.140.1.2.1", "Policy: 1.3.6.1.4.1.99999.1"]);
  });

  it("takes a signer's word that it verifies for the key of the CA only", async () => {
    const other = newSelfSignedCa({ commonName: "Other", ...years });
    const boastful: CaSigner = { ...softwareCaSigner(other.key), verifies: true };
    await expect(buildCertificate(options({ signer: boastful }))).rejects.toThrow(BadCertificateError);
    const honest: CaSigner = { ...softwareCaSigner(ca.key), verifies: true };
    expect((await buildCertificate(options({ signer: honest }))).isIssuedBy(ca.certificate)).toBe(true);
  });

  it("is deterministic but for an ECDSA signature, in whole seconds", async () => {
    const ed25519 = newSelfSignedCa({ commonName: "Ed", keyAlgorithm: { name: "Ed25519" }, ...years });
    const again = options({ caCertificate: ed25519.certificate, signer: softwareCaSigner(ed25519.key) });
    const [first, second] = [await buildCertificate(again), await buildCertificate(again)];
    expect(first.pem).toBe(second.pem);
    expect(first.notBefore).toEqual(new Date("2026-01-01T00:00:00Z"));
    expect(first.notAfter).toEqual(new Date("2026-04-01T00:00:00Z"));
    expect(first.serialHex).toBe(Buffer.from(deterministicSerial("seed")).toString("hex"));
  });

  it("is read alike by pkijs", async () => {
    const certificate = await buildCertificate(options({ usages: ["client auth", "digital signature"] }));
    const other = new Certificate({ schema: fromBER(certificate.der).result });
    expect(Buffer.from(other.toSchema().toBER())).toEqual(Buffer.from(certificate.der));
    expect(Buffer.from(other.serialNumber.valueBlock.valueHexView).toString("hex")).toBe(
      certificate.serialHex,
    );
    expect(other.notAfter.value).toEqual(certificate.notAfter);
    expect(other.extensions?.map(({ extnID }) => extnID)).toEqual(oidsOf(certificate));
    expect(other.version).toBe(2);
  });

  it("writes UTCTime through 2049 and GeneralizedTime from 2050", async () => {
    const before = await buildCertificate(options({ notAfter: new Date("2049-12-31T23:59:59Z") }));
    const after = await buildCertificate(options({ notAfter: new Date("2050-01-01T00:00:00Z") }));
    expect(Buffer.from(before.der).includes("491231235959Z")).toBe(true);
    expect(Buffer.from(after.der).includes("20500101000000Z")).toBe(true);
    expect([before.notAfter.getUTCFullYear(), after.notAfter.getUTCFullYear()]).toEqual([2049, 2050]);
  });

  it("takes the key identifier of the CA by its bytes, not by computing it", async () => {
    using openssl = new OpensslFixture();
    openssl.write("ca.key", ca.key.export({ type: "pkcs8", format: "pem" }));
    openssl.run(
      "req",
      "-x509",
      "-key",
      "ca.key",
      "-subj",
      "/CN=Root",
      "-out",
      "ca.pem",
      "-addext",
      "subjectKeyIdentifier=0102030405",
      "-days",
      "9000",
      "-addext",
      "keyUsage=keyCertSign",
    );
    const certificate = await buildCertificate(
      options({ caCertificate: parseCertificate(openssl.read("ca.pem")) }),
    );
    expect(certificate.akiHex).toBe("0102030405");
    expect(certificate.skiHex).toBe(createHash("sha1").update(spkiOf(key).subarray(-65)).digest("hex"));
  });

  it("issues cert-manager's default usages where none are asked for", async () => {
    const certificate = await buildCertificate(options());
    expect(certificate.keyUsage).toEqual(["digital signature", "key encipherment"]);
    expect(certificate.extendedKeyUsage).toBeUndefined();
  });

  it("leaves the key usage out where only extended usages are asked for", async () => {
    const certificate = await buildCertificate(options({ usages: ["client auth"] }));
    expect(certificate.keyUsage).toBeUndefined();
    expect(certificate.extendedKeyUsage).toEqual(["client auth"]);
  });

  it("ends with the CA, refuses or goes beyond it, as the caller decides", async () => {
    const beyond = { notAfter: new Date("2070-01-01T00:00:00Z") };
    expect((await buildCertificate(options(beyond))).notAfter).toEqual(years.notAfter);
    expect((await buildCertificate(options({ ...beyond, beyondCa: "allow" }))).notAfter).toEqual(
      beyond.notAfter,
    );
    await expect(buildCertificate(options({ ...beyond, beyondCa: "refuse" }))).rejects.toThrow(
      RequestRejected,
    );
  });

  it("refuses a validity that is empty or not a date", async () => {
    await expect(buildCertificate(options({ notAfter: new Date("2026-01-01T00:00:00Z") }))).rejects.toThrow(
      /end before it begins/,
    );
    await expect(buildCertificate(options({ notAfter: new Date(Number.NaN) }))).rejects.toThrow(
      /end before it begins/,
    );
  });

  it.each([
    ["zero", new Uint8Array(16)],
    ["of 21 octets", new Uint8Array(21).fill(1)],
    ["of 20 octets with the sign bit", new Uint8Array(20).fill(0xff)],
    ["empty", new Uint8Array()],
  ])("refuses a serial number that is %s", async (_name, serial) => {
    await expect(buildCertificate(options({ serial }))).rejects.toThrow(TypeError);
  });

  it("never returns a certificate whose signature does not verify with the CA's key", async () => {
    const garbage: CaSigner = { ...softwareCaSigner(ca.key), sign: () => new Uint8Array(71).fill(7) };
    const foreign = softwareCaSigner(newPrivateKey({ name: "EC", curve: "P-256" }));
    for (const signer of [garbage, foreign])
      await expect(buildCertificate(options({ signer }))).rejects.toThrow(BadCertificateError);
  });

  it("refuses the CA's own key, a request that names nothing and a CA without subject", async () => {
    const own = parseCsr(await buildCsr({ key: ca.key, commonName: "x" }));
    await expect(buildCertificate(options({ csr: own }))).rejects.toThrow(/key of the CA/);
    const nothing = parseCsr(writeRequest({ key, subject: derSequence() }));
    await expect(buildCertificate(options({ csr: nothing }))).rejects.toThrow(/names nothing/);
    const unnamed = parseCsr(await buildCsr({ key, dnsNames: ["a.example"] }));
    await expect(buildCertificate(options({ csr: unnamed, isCA: true }))).rejects.toThrow(InvalidCsrError);
  });
});

describe("a subordinate CA", () => {
  const sub = async (path: number | undefined, asked?: number) => {
    const root = newSelfSignedCa({ commonName: "Root", pathLength: path, ...years });
    const authority = { caCertificate: root.certificate, signer: softwareCaSigner(root.key) };
    return {
      root,
      certificate: await buildCertificate(options({ ...authority, isCA: true, pathLength: asked })),
    };
  };

  it("gets cert sign and a path length below its CA's", async () => {
    expect((await sub(undefined)).certificate).toMatchObject({ isCA: true, pathLength: undefined });
    expect((await sub(undefined, 0)).certificate.pathLength).toBe(0);
    expect((await sub(2)).certificate.pathLength).toBe(1);
    expect((await sub(2, 5)).certificate.pathLength).toBe(1);
    expect((await sub(2, 0)).certificate.pathLength).toBe(0);
    expect((await sub(1)).certificate.keyUsage).toEqual([
      "digital signature",
      "key encipherment",
      "cert sign",
    ]);
  });

  it("is refused by a CA of path length 0", async () => {
    await expect(sub(0)).rejects.toThrow(RequestRejected);
  });

  it("verifies in openssl with a leaf below it", async () => {
    using openssl = new OpensslFixture();
    const { root, certificate } = await sub(1);
    const leafKey = newPrivateKey({ name: "Ed25519" });
    const csr = parseCsr(
      await buildCsr({ key: leafKey, commonName: "leaf", dnsNames: ["leaf.example.com"] }),
    );
    const leaf = await buildCertificate(
      options({ csr, caCertificate: certificate, signer: softwareCaSigner(key) }),
    );
    openssl.write("root.pem", root.certificate.pem);
    openssl.write("sub.pem", certificate.pem);
    openssl.write("leaf.pem", leaf.pem);
    const at = String(new Date("2026-02-01").getTime() / 1000);
    expect(
      openssl.run(
        "verify",
        "-x509_strict",
        "-attime",
        at,
        "-CAfile",
        "root.pem",
        "-untrusted",
        "sub.pem",
        "leaf.pem",
      ),
    ).toBe("leaf.pem: OK\n");
  });

  it("carries the name constraints of its request, critical, and is held to them", async () => {
    const dnsConstraint = derSequence(der(contextTag(0, true), derSequence(generalName(2, "example.com"))));
    const constraints = encodeExtension(oids.nameConstraints, false, dnsConstraint);
    const csr = parseCsr(writeRequest({ key, extensions: [constraints] }));
    const certificate = await buildCertificate(options({ csr, isCA: true }));
    expect(certificate.extensions).toContainEqual({
      oid: oids.nameConstraints,
      critical: true,
      der: dnsConstraint,
    });
    const below = { caCertificate: certificate, signer: softwareCaSigner(key) };
    const leafKey = newPrivateKey({ name: "Ed25519" });
    const allowed = parseCsr(await buildCsr({ key: leafKey, commonName: "x", dnsNames: ["a.example.com"] }));
    const forbidden = parseCsr(
      await buildCsr({ key: leafKey, commonName: "x", dnsNames: ["a.example.org"] }),
    );
    await expect(buildCertificate(options({ csr: allowed, ...below }))).resolves.toBeDefined();
    await expect(buildCertificate(options({ csr: forbidden, ...below }))).rejects.toThrow(
      /do not allow "dns a.example.org"/,
    );
    await expect(buildCertificate(options({ csr, isCA: false }))).rejects.toThrow(/only CA certificates/);
  });
});

describe("agreement of the CSR with the request", () => {
  const withUsages = async (usages: readonly string[], isCA?: boolean) =>
    parseCsr(await buildCsr({ key, commonName: "x", usages, isCA }));

  it("is cert-manager's: where the CSR names usages, both kinds must be equal, extended ones in order", async () => {
    const csr = await withUsages(["digital signature", "server auth", "client auth"]);
    const issue = (usages: readonly string[]) => buildCertificate(options({ csr, usages }));
    await expect(issue(["signing", "server auth", "client auth"])).resolves.toBeDefined();
    await expect(issue(["signing", "client auth", "server auth"])).rejects.toThrow(
      /extended key usages \[server auth, client auth\]/,
    );
    await expect(issue(["signing", "server auth"])).rejects.toThrow(InvalidCsrError);
    await expect(issue(["signing", "key encipherment", "server auth", "client auth"])).rejects.toThrow(
      /key usages \[digital signature\]/,
    );
    await expect(issue([])).rejects.toThrow(InvalidCsrError);
  });

  it("is cert-manager's: an extended usage that one of them repeats is not that of the other; both, and it comes once", async () => {
    const once = await withUsages(["email protection"]);
    const twice = await withUsages(["email protection", "s/mime"]);
    const issue = (csr: Csr, usages: readonly string[]) => buildCertificate(options({ csr, usages }));
    await expect(issue(once, ["email protection", "s/mime"])).rejects.toThrow(InvalidCsrError);
    await expect(issue(twice, ["email protection"])).rejects.toThrow(InvalidCsrError);
    await expect(issue(twice, ["s/mime", "s/mime"])).resolves.toMatchObject({
      extendedKeyUsage: ["email protection"],
    });
  });

  it("refuses an extended key usage that cert-manager has no word for", async () => {
    const eku = encodeExtension(oids.extendedKeyUsage, false, derSequence(Uint8Array.of(6, 3, 0x2a, 3, 4)));
    const ku = encodeExtension(
      oids.keyUsage,
      true,
      encodeKeyUsage(["digital signature", "key encipherment"]),
    );
    const csr = parseCsr(writeRequest({ key, extensions: [ku, eku] }));
    expect(csr.extendedKeyUsage).toEqual(["1.2.3.4"]);
    await expect(buildCertificate(options({ csr }))).rejects.toThrow(/extended key usages \[1\.2\.3\.4\]/);
  });

  it("refuses CA:TRUE without isCA, and CA:FALSE with it", async () => {
    const authority = await withUsages(["digital signature"], true);
    const leaf = parseCsr(await buildCsr({ key, commonName: "x", isCA: false }));
    const usages = ["digital signature"];
    await expect(buildCertificate(options({ csr: authority, usages, isCA: false }))).rejects.toThrow(
      /CA:true/,
    );
    await expect(buildCertificate(options({ csr: authority, usages, isCA: true }))).resolves.toMatchObject({
      isCA: true,
    });
    await expect(buildCertificate(options({ csr: leaf, isCA: true }))).rejects.toThrow(/CA:false/);
    await expect(buildCertificate(options({ csr: leaf }))).resolves.toMatchObject({ isCA: false });
  });

  it("refuses an unknown critical extension or drops it, as the caller decides", async () => {
    const csr = parseCsr(
      writeRequest({
        key,
        attributes: attributesField(
          extensionRequest(encodeExtension("1.2.3.4", true, derNull), sanExtension(generalName(2, "a.b"))),
        ),
      }),
    );
    await expect(buildCertificate(options({ csr }))).rejects.toThrow(/critical extension "1.2.3.4"/);
    const dropped = await buildCertificate(options({ csr, unknownCriticalExtensions: "drop" }));
    expect(oidsOf(dropped)).not.toContain("1.2.3.4");
  });
});

describe("assertUsableCa", () => {
  const now = new Date("2026-01-01T00:00:00Z");

  it("takes a CA with its key", () => {
    assertUsableCa(ca.certificate, { now, key: ca.key });
  });

  it("refuses a leaf, an expired or future CA, and another key", async () => {
    const leaf = await buildCertificate(options());
    expect(() => assertUsableCa(leaf, { now })).toThrow(/not a CA certificate/);
    expect(() => assertUsableCa(ca.certificate, { now: new Date("2061-01-01") })).toThrow(/expired/);
    expect(() => assertUsableCa(ca.certificate, { now: new Date("2019-01-01") })).toThrow(/not valid before/);
    expect(() => assertUsableCa(ca.certificate, { now, key })).toThrow(/do not belong together/);
    expect(() => assertKeyMatches(key, leaf)).not.toThrow();
  });

  it("refuses a CA whose key usage lacks cert sign", () => {
    using openssl = new OpensslFixture();
    openssl.run(
      "req",
      "-x509",
      "-newkey",
      "ed25519",
      "-noenc",
      "-keyout",
      "k.pem",
      "-subj",
      "/CN=x",
      "-out",
      "ca.pem",
      "-days",
      "3000",
      "-addext",
      "keyUsage=cRLSign",
    );
    expect(() => assertUsableCa(parseCertificate(openssl.read("ca.pem")), { now: new Date() })).toThrow(
      /cert sign/,
    );
  });
});
