import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InvalidCsrError } from "../errors.ts";
import { buildCertificate } from "./build-certificate.ts";
import { newPrivateKey, newSelfSignedCa } from "./ca-certificate.ts";
import { softwareCaSigner } from "./ca-signer.ts";
import { type Csr, parseCsr } from "./certification-request.ts";
import { OpensslFixture } from "./openssl-fixture.ts";
import type { KeyAlgorithm } from "./public-key.ts";
import { deterministicSerial } from "./serial.ts";

const openssl = new OpensslFixture();
afterAll(() => openssl[Symbol.dispose]());

const [notBefore, notAfter] = [new Date("2025-01-01T00:00:00Z"), new Date("2049-12-31T23:59:59Z")];
const caYears = { notBefore: new Date("2020-01-01T00:00:00Z"), notAfter: new Date("2060-01-01T00:00:00Z") };
const ca = newSelfSignedCa({ commonName: "Test CA", ...caYears });
const signer = softwareCaSigner(ca.key);
const rsaPss = ["rsa_padding_mode:pss", "rsa_pss_saltlen:digest"].flatMap((option) => ["-sigopt", option]);
const san =
  "subjectAltName=DNS:a.example.com,DNS:*.b.example.com,IP:10.1.2.3,IP:2001:db8::1,URI:spiffe://td.example/ns/x,email:ops@example.com,otherName:1.3.6.1.4.1.311.20.2.3;UTF8:user@example.com";

const requests: readonly {
  name: string;
  newkey: readonly string[];
  sign: readonly string[];
  key: KeyAlgorithm;
  signature: string;
}[] = [
  {
    name: "RSA-2048",
    newkey: ["rsa:2048"],
    sign: ["-sha256"],
    key: { name: "RSA", modulusLength: 2048 },
    signature: "RSA-SHA256",
  },
  {
    name: "RSA-4096",
    newkey: ["rsa:4096"],
    sign: ["-sha512"],
    key: { name: "RSA", modulusLength: 4096 },
    signature: "RSA-SHA512",
  },
  {
    name: "RSA-PSS by an rsaEncryption key",
    newkey: ["rsa:2048"],
    sign: ["-sha384", ...rsaPss],
    key: { name: "RSA", modulusLength: 2048 },
    signature: "RSA-PSS-SHA384",
  },
  {
    name: "RSA-PSS with the longest salt",
    newkey: ["rsa:2048"],
    sign: ["-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:max"],
    key: { name: "RSA", modulusLength: 2048 },
    signature: "RSA-PSS-SHA256",
  },
  {
    name: "RSA-PSS by an id-RSASSA-PSS key",
    newkey: ["rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"],
    sign: ["-sha256"],
    key: { name: "RSA-PSS", modulusLength: 2048 },
    signature: "RSA-PSS-SHA256",
  },
  {
    name: "P-256",
    newkey: ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    sign: ["-sha256"],
    key: { name: "EC", curve: "P-256" },
    signature: "ECDSA-SHA256",
  },
  {
    name: "P-384",
    newkey: ["ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
    sign: ["-sha384"],
    key: { name: "EC", curve: "P-384" },
    signature: "ECDSA-SHA384",
  },
  {
    name: "P-521",
    newkey: ["ec", "-pkeyopt", "ec_paramgen_curve:P-521"],
    sign: ["-sha512"],
    key: { name: "EC", curve: "P-521" },
    signature: "ECDSA-SHA512",
  },
  { name: "Ed25519", newkey: ["ed25519"], sign: [], key: { name: "Ed25519" }, signature: "Ed25519" },
];

function opensslRequest(newkey: readonly string[], ...more: readonly string[]): string {
  openssl.run(
    "req",
    "-new",
    "-newkey",
    ...newkey,
    "-noenc",
    "-keyout",
    "key.pem",
    "-out",
    "req.pem",
    "-utf8",
    ...more,
  );
  return openssl.read("req.pem");
}

async function issue(csr: Csr, options: Partial<Parameters<typeof buildCertificate>[0]> = {}) {
  const usages = ["server auth", "client auth", "digital signature", "key encipherment"];
  const serial = deterministicSerial(csr.pem);
  return buildCertificate({
    csr,
    caCertificate: ca.certificate,
    signer,
    serial,
    notBefore,
    notAfter,
    isCA: false,
    usages,
    ...options,
  });
}

describe("a request made by openssl", () => {
  beforeAll(() => {
    openssl.write("ca.pem", ca.certificate.pem);
  });

  it.each(requests)(
    "of $name is read and issued so that openssl finds no fault",
    async ({ newkey, sign, key, signature }) => {
      const csr = parseCsr(
        opensslRequest(
          newkey,
          ...sign,
          "-subj",
          "/C=DE/O=Müller & Söhne/OU=日本/CN=a.example.com",
          "-addext",
          san,
        ),
      );
      expect(csr.keyAlgorithm).toEqual(key);
      expect(csr.signatureAlgorithm).toBe(signature);
      expect(csr.subject).toBe("CN=a.example.com,OU=日本,O=Müller & Söhne,C=DE");
      expect(csr.commonName).toBe("a.example.com");
      expect(csr.names).toMatchObject({
        dns: ["a.example.com", "*.b.example.com"],
        ip: ["10.1.2.3", "2001:db8::1"],
        uri: ["spiffe://td.example/ns/x"],
        email: ["ops@example.com"],
        other: [{ type: "otherName" }],
      });
      const certificate = await issue(csr);
      openssl.write("leaf.pem", certificate.pem);
      expect(
        openssl.run(
          "verify",
          "-x509_strict",
          "-purpose",
          "sslserver",
          "-verify_hostname",
          "x.b.example.com",
          "-CAfile",
          "ca.pem",
          "leaf.pem",
        ),
      ).toBe("leaf.pem: OK\n");
      expect(openssl.run("x509", "-in", "leaf.pem", "-noout", "-pubkey")).toBe(
        openssl.run("req", "-in", "req.pem", "-noout", "-pubkey"),
      );
      expect(certificate.spkiDer).toEqual(csr.spkiDer);
      expect(certificate.subjectDer).toEqual(csr.subjectDer);
      expect(certificate.extensions.at(-1)?.der).toEqual(csr.sanDer);
      expect(new X509Certificate(certificate.pem).checkIssued(new X509Certificate(ca.certificate.pem))).toBe(
        true,
      );
    },
  );

  it("keeps multi-valued names, string types and order byte for byte", async () => {
    const csr = parseCsr(
      opensslRequest(
        ["ed25519"],
        "-multivalue-rdn",
        "-subj",
        "/DC=org/DC=example/OU=x+UID=7+CN=Zoë/emailAddress=a@b.c",
      ),
    );
    expect(csr.subject).toBe("E=a@b.c,OU=x+CN=Zoë+UID=7,DC=example,DC=org");
    const certificate = await issue(csr);
    openssl.write("leaf.pem", certificate.pem);
    const subject = (kind: string, file: string): string =>
      openssl.run(kind, "-in", file, "-noout", "-subject", "-nameopt", "RFC2253,show_type");
    expect(subject("x509", "leaf.pem")).toBe(subject("req", "req.pem"));
  });

  it("with an empty subject gets a critical SAN", async () => {
    const csr = parseCsr(
      opensslRequest(["ed25519"], "-subj", "/", "-addext", "subjectAltName=DNS:only.example.com"),
    );
    expect(csr.subject).toBe("");
    const certificate = await issue(csr);
    openssl.write("leaf.pem", certificate.pem);
    expect(certificate.extensions.at(-1)).toMatchObject({ oid: "2.5.29.17", critical: true });
    expect(openssl.run("verify", "-x509_strict", "-CAfile", "ca.pem", "leaf.pem")).toBe("leaf.pem: OK\n");
  });

  it.each([
    ["SHA-1", ["rsa:2048", "-sha1"], /weak or unsupported/],
    ["MD5", ["rsa:2048", "-md5"], /weak or unsupported/],
    ["RSA-1024", ["rsa:1024"], /1024 bits/],
    ["RSA-512", ["rsa:512"], /512 bits/],
    ["secp256k1", ["ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"], /unsupported curve/],
    ["Ed448", ["ed448"], /unsupported algorithm/],
    [
      "explicit curve parameters",
      ["ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"],
      /does not name its curve/,
    ],
  ])("of %s is refused", (_name, newkey, message) => {
    const pem = opensslRequest(newkey, "-subj", "/CN=x");
    expect(() => parseCsr(pem)).toThrow(InvalidCsrError);
    expect(() => parseCsr(pem)).toThrow(message);
  });
});

describe("a CA key", () => {
  const csrKey = newPrivateKey({ name: "Ed25519" });
  it.each<[KeyAlgorithm, string, boolean]>([
    [{ name: "RSA", modulusLength: 2048 }, "sha256WithRSAEncryption", false],
    [{ name: "RSA", modulusLength: 3072 }, "sha384WithRSAEncryption", false],
    [{ name: "RSA", modulusLength: 4096 }, "sha512WithRSAEncryption", false],
    [{ name: "RSA", modulusLength: 2048 }, "rsassaPss", true],
    [{ name: "RSA-PSS", modulusLength: 3072 }, "rsassaPss", false],
    [{ name: "EC", curve: "P-256" }, "ecdsa-with-SHA256", false],
    [{ name: "EC", curve: "P-384" }, "ecdsa-with-SHA384", false],
    [{ name: "EC", curve: "P-521" }, "ecdsa-with-SHA512", false],
    [{ name: "Ed25519" }, "ED25519", false],
  ])("of %j signs with %s (PSS: %s) and openssl verifies", async (keyAlgorithm, expected, pss) => {
    const authority = newSelfSignedCa({ commonName: "Other CA", keyAlgorithm, ...caYears });
    openssl.write("csrkey.pem", csrKey.export({ type: "pkcs8", format: "pem" }));
    openssl.run("req", "-new", "-key", "csrkey.pem", "-subj", "/CN=x", "-out", "req.pem");
    const certificate = await issue(parseCsr(openssl.read("req.pem")), {
      caCertificate: authority.certificate,
      signer: softwareCaSigner(authority.key, { pss }),
    });
    openssl.write("other.pem", authority.certificate.pem);
    openssl.write("leaf.pem", certificate.pem);
    expect(openssl.run("verify", "-x509_strict", "-CAfile", "other.pem", "leaf.pem")).toBe("leaf.pem: OK\n");
    expect(openssl.run("x509", "-in", "leaf.pem", "-noout", "-text")).toContain(
      `Signature Algorithm: ${expected}`,
    );
  });
});
