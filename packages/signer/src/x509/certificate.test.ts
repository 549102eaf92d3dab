import { X509Certificate } from "node:crypto";
import { fromBER } from "asn1js";
import { Certificate } from "pkijs";
import { describe, expect, it } from "vitest";
import { BadCertificateError } from "../errors.ts";
import { spkiOf } from "./ca-signer.ts";
import { parseCertificate, parseCertificates } from "./certificate.ts";
import { fixtureKey, writeCertificate } from "./certificate-fixture.ts";
import { contextTag, tags } from "./der-reader.ts";
import { der, derBitString, derNull, derOid, derSequence, derSmallInteger } from "./der-writer.ts";
import { encodeBasicConstraints, encodeExtension, encodeKeyUsage } from "./extensions.ts";
import { oids } from "./oid.ts";
import { OpensslFixture } from "./openssl-fixture.ts";
import { encodePem } from "./pem.ts";
import { generalName, nameOf, sanExtension } from "./request-fixture.ts";
import { encodeSignatureAlgorithm } from "./signature-algorithm.ts";

const time = (tag: number, text: string): Uint8Array => der(tag, Buffer.from(text));
const extension = (oid: string, value: Uint8Array): Uint8Array => encodeExtension(oid, false, value);

describe("parseCertificate", () => {
  it.each([
    ["RSA", ["rsa:2048"]],
    ["P-384", ["ec", "-pkeyopt", "ec_paramgen_curve:P-384"]],
    ["Ed25519", ["ed25519"]],
  ])("reads what openssl issues with %s, as node and pkijs read it", (_name, newkey) => {
    using openssl = new OpensslFixture();
    const extensions = [
      "basicConstraints=critical,CA:TRUE,pathlen:3",
      "keyUsage=critical,keyCertSign,cRLSign",
      "extendedKeyUsage=serverAuth,1.2.3.4",
      "subjectAltName=DNS:a.example,IP:10.0.0.1,URI:spiffe://td/x,email:a@b.c,dirName:dn",
    ];
    openssl.write("c.cnf", "[req]\ndistinguished_name=n\n[n]\n[dn]\nCN=inner\n");
    openssl.run(
      "req",
      "-x509",
      "-config",
      "c.cnf",
      "-newkey",
      ...newkey,
      "-noenc",
      "-keyout",
      "k.pem",
      "-utf8",
      "-subj",
      "/O=Größe/CN=x",
      "-set_serial",
      "0x00ff01",
      "-days",
      "3650",
      "-out",
      "c.pem",
      ...extensions.flatMap((text) => ["-addext", text]),
    );
    const certificate = parseCertificate(openssl.run("x509", "-in", "c.pem", "-text"));
    const node = new X509Certificate(openssl.read("c.pem"));
    const pki = new Certificate({ schema: fromBER(certificate.der).result });
    expect(certificate).toMatchObject({
      version: 3,
      serialHex: "ff01",
      subject: "CN=x,O=Größe",
      issuer: "CN=x,O=Größe",
      commonName: "x",
      isCA: true,
      pathLength: 3,
      keyUsage: ["cert sign", "crl sign"],
      extendedKeyUsage: ["server auth", "1.2.3.4"],
      isSelfSigned: true,
      names: {
        dns: ["a.example"],
        ip: ["10.0.0.1"],
        uri: ["spiffe://td/x"],
        email: ["a@b.c"],
        other: [{ type: "directoryName" }],
      },
    });
    expect(certificate.pem).toBe(openssl.read("c.pem"));
    expect(certificate.notAfter).toEqual(node.validToDate);
    expect(certificate.notBefore).toEqual(node.validFromDate);
    expect(certificate.sha256Hex).toBe(node.fingerprint256.replaceAll(":", "").toLowerCase());
    expect(certificate.publicKey.equals(node.publicKey)).toBe(true);
    const printed = openssl.run("x509", "-in", "c.pem", "-noout", "-ext", "subjectKeyIdentifier");
    expect(printed.replaceAll(":", "").toLowerCase()).toContain(certificate.skiHex);
    expect(Buffer.from(pki.subject.toSchema().toBER())).toEqual(Buffer.from(certificate.subjectDer));
    expect(Buffer.from(pki.subjectPublicKeyInfo.toSchema().toBER())).toEqual(
      Buffer.from(certificate.spkiDer),
    );
    expect(pki.extensions?.map(({ extnID }) => extnID)).toEqual(certificate.extensions.map(({ oid }) => oid));
  });

  it("reads a version 1 certificate", () => {
    const certificate = parseCertificate(writeCertificate({ version: new Uint8Array(), optional: [] }));
    expect(certificate).toMatchObject({
      version: 1,
      isCA: false,
      keyUsage: undefined,
      extensions: [],
      isSelfSigned: true,
    });
    expect(certificate.isIssuedBy(certificate)).toBe(true);
  });

  it("does not take a version 3 certificate without the CA flag or cert sign for an issuer", () => {
    const leaf = parseCertificate(writeCertificate({}));
    const noSign = parseCertificate(
      writeCertificate({
        extensions: [
          extension(oids.basicConstraints, encodeBasicConstraints({ isCA: true, pathLength: undefined })),
          extension(oids.keyUsage, encodeKeyUsage(["crl sign"])),
        ],
      }),
    );
    for (const certificate of [leaf, noSign]) {
      expect(certificate.isSelfSigned).toBe(true);
      expect(certificate.isIssuedBy(certificate)).toBe(false);
    }
  });

  it("does not believe a self-issued certificate whose signature is another's", () => {
    const honest = writeCertificate({});
    const forged = Buffer.from(honest);
    const serialAt = forged.indexOf(Buffer.of(2, 1, 1)) + 2;
    forged[serialAt] = 2;
    expect(parseCertificate(forged)).toMatchObject({ serialHex: "02", isSelfSigned: false });
  });

  it.each<[string, Parameters<typeof writeCertificate>[0], RegExp]>([
    ["version 4", { version: der(contextTag(0, true), derSmallInteger(3)) }, /unknown version/],
    ["a negative serial number", { serial: Uint8Array.of(2, 1, 0xff) }, /serial number is negative/],
    [
      "another algorithm inside",
      { innerAlgorithm: encodeSignatureAlgorithm("ECDSA-SHA384") },
      /inside and outside differ/,
    ],
    ["31 April", { notAfter: time(tags.utcTime, "300431000000Z") }, /notAfter is not a valid time/],
    ["hour 24", { notAfter: time(tags.utcTime, "300430240000Z") }, /notAfter is not a valid time/],
    ["a time without seconds", { notAfter: time(tags.utcTime, "3004300000Z") }, /notAfter/],
    ["a time with an offset", { notAfter: time(tags.utcTime, "300430000000+0100") }, /notAfter/],
    ["a time with a fraction", { notAfter: time(tags.generalizedTime, "20300430000000.5Z") }, /notAfter/],
    ["a time that is a string", { notBefore: time(tags.utf8String, "300430000000Z") }, /notBefore/],
    [
      "a duplicate extension",
      { extensions: [extension("1.2.3", derNull), extension("1.2.3", derNull)] },
      /twice/,
    ],
    ["extensions in version 1", { version: new Uint8Array() }, /not version 3/],
    [
      "fields out of order",
      { optional: [der(contextTag(3, true), derSequence()), der(contextTag(1, false), Uint8Array.of(0))] },
      /malformed/,
    ],
    ["an unknown field", { optional: [der(contextTag(5, true), derSequence())] }, /malformed/],
    [
      "a bad string in its name",
      { subject: nameOf("2.5.4.3", tags.printableString, "a_b") },
      /subject has a value/,
    ],
    [
      "an IP address of 5 bytes",
      { extensions: [sanExtension(generalName(7, new Uint8Array(5)))] },
      /5 bytes/,
    ],
    ["a DNS name that is not ASCII", { extensions: [sanExtension(generalName(2, "\xfc"))] }, /not ASCII/],
    ["an empty version", { version: der(contextTag(0, true)) }, /version is missing/],
    [
      "a critical authority information access",
      { extensions: [encodeExtension(oids.authorityInfoAccess, true, derSequence())] },
      /is critical/,
    ],
    [
      "a policy named twice",
      {
        extensions: [
          extension(
            oids.certificatePolicies,
            derSequence(derSequence(derOid("1.2.3")), derSequence(derOid("1.2.3"))),
          ),
        ],
      },
      /twice/,
    ],
    [
      "malformed CRL distribution points",
      { extensions: [extension(oids.crlDistributionPoints, derSequence(derNull))] },
      /CRL distribution points/,
    ],
    [
      "empty name constraints",
      { extensions: [extension(oids.nameConstraints, derSequence())] },
      /name constraints extension is empty/,
    ],
    [
      "a URI that Go cannot parse",
      { extensions: [sanExtension(generalName(6, "https://a:b/"))] },
      /host or port/,
    ],
    [
      "an EC point at infinity",
      {
        spki: derSequence(
          derSequence(derOid(oids.ecPublicKey), derOid(oids.p256)),
          derBitString(Uint8Array.of(0)),
        ),
      },
      /infinity/,
    ],
  ])("refuses %s", (_name, parts, message) => {
    const read = () => parseCertificate(encodePem("CERTIFICATE", writeCertificate(parts)));
    expect(read).toThrow(BadCertificateError);
    expect(read).toThrow(message);
  });

  it("refuses a public key off the curve when it is used, not by aborting", () => {
    const spki = Buffer.from(spkiOf(fixtureKey));
    spki.fill(1, spki.length - 64);
    const certificate = parseCertificate(writeCertificate({ spki }));
    expect(() => certificate.publicKey).toThrow(BadCertificateError);
  });

  it("refuses two certificates where one is expected, and none", () => {
    const pem = encodePem("CERTIFICATE", writeCertificate({}));
    expect(() => parseCertificate(pem + pem)).toThrow(/2 PEM blocks/);
    expect(() => parseCertificate("")).toThrow(/0 PEM blocks/);
    expect(parseCertificates(pem + pem)).toHaveLength(2);
  });
});
