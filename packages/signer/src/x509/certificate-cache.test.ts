import { expect, test } from "vitest";
import { buildCertificate } from "./build-certificate.ts";
import { buildCsr } from "./build-csr.ts";
import { newPrivateKey, newSelfSignedCa } from "./ca-certificate.ts";
import { softwareCaSigner } from "./ca-signer.ts";
import { parseCertificates } from "./certificate.ts";
import { CertificateCache } from "./certificate-cache.ts";
import { parseCsr } from "./certification-request.ts";
import { orderChain } from "./chain.ts";
import { deterministicSerial } from "./serial.ts";

const years = { notBefore: new Date("2020-01-01T00:00:00Z"), notAfter: new Date("2060-01-01T00:00:00Z") };
const newCa = (commonName: string) => newSelfSignedCa({ commonName, ...years });
const ca = newCa("Root");
const csr = parseCsr(
  await buildCsr({ key: newPrivateKey({ name: "EC", curve: "P-256" }), dnsNames: ["a.example.com"] }),
);
const leaf = await buildCertificate({
  csr,
  caCertificate: ca.certificate,
  signer: softwareCaSigner(ca.key),
  serial: deterministicSerial("x"),
  isCA: false,
  ...years,
});
const pemOfCas = Array.from({ length: 6 }, (_, at) => newCa(`CA ${at}`).certificate.pem);

function read(cache: CertificateCache, pem: string) {
  const [certificate] = parseCertificates(pem, undefined, cache);
  return certificate;
}

test("a CA certificate is read once, a leaf each time", () => {
  const cache = new CertificateCache();
  expect(read(cache, ca.certificate.pem)).toBe(read(cache, ca.certificate.pem));
  expect(read(cache, leaf.pem)).not.toBe(read(cache, leaf.pem));
  expect(read(cache, leaf.pem)?.der).toEqual(leaf.der);
  expect(read(new CertificateCache(), ca.certificate.pem)).not.toBe(read(cache, ca.certificate.pem));
});

test("the bytes decide: another CA of the same name is another certificate", () => {
  const cache = new CertificateCache();
  const impostor = newCa("Root").certificate;
  expect(read(cache, ca.certificate.pem)?.der).toEqual(ca.certificate.der);
  expect(read(cache, impostor.pem)?.der).toEqual(impostor.der);
  expect(() => orderChain(leaf.pem + impostor.pem, { cache })).toThrow(/do not form one chain/);
  expect(orderChain(leaf.pem + ca.certificate.pem, { cache }).root?.der).toEqual(ca.certificate.der);
});

test("at most so many are kept, those that were seen last", () => {
  const cache = new CertificateCache(3);
  const [first = "", second = "", ...others] = pemOfCas;
  const [a, b] = [read(cache, first), read(cache, second)];
  for (const pem of others) {
    read(cache, pem);
    expect(read(cache, first)).toBe(a);
  }
  expect(read(cache, second)).not.toBe(b);
});

test("what is no certificate is refused as without a cache", () => {
  const cache = new CertificateCache();
  const broken = ca.certificate.pem.replace(/.{64}\n/, "");
  for (let time = 0; time < 2; time += 1) {
    expect(() => read(cache, broken)).toThrow(/certificates refused/);
    expect(() => read(cache, csr.pem)).toThrow(/CERTIFICATE REQUEST/);
  }
});
