import {
  buildCertificate,
  buildCsr,
  deterministicSerial,
  newPrivateKey,
  newSelfSignedCa,
  orderChain,
  parseCsr,
  type SignRequest,
  softwareCaSigner,
} from "@countersign/issuer-signer";
import { describe, expect, test } from "vitest";
import { now } from "./request-fixtures.ts";
import { ReusableCertificates } from "./reusable-certificates.ts";

const hour = 3_600_000;
const key = newPrivateKey({ name: "EC", curve: "P-256" });
const ca = newSelfSignedCa({
  commonName: "CA",
  notBefore: new Date(now - 24 * hour),
  notAfter: new Date(now + 24_000 * hour),
});
const csr = parseCsr(await buildCsr({ key, dnsNames: ["web.example.com"] }));
const otherCsr = parseCsr(await buildCsr({ key, dnsNames: ["api.example.com"] }));

const request: SignRequest = {
  uid: "uid-1",
  kind: "CertificateRequest",
  namespace: "team",
  name: "web-1",
  csr: csr.pem,
  parsedCsr: csr,
  durationSeconds: 36 * 3600,
  isCA: false,
  usages: ["digital signature", "server auth"],
  annotations: { "cert-manager.io/certificate-revision": "1", "pki.example.com/profile": "web" },
  labels: { app: "web" },
  requester: {
    username: "system:serviceaccount:cert-manager:cert-manager",
    uid: "u-9",
    groups: ["system:authenticated"],
    extra: { "authentication.kubernetes.io/credential-id": ["JTI=1"], "example.com/scopes": ["a"] },
  },
  approvedAt: now / 1000,
};

async function resultFor({ parsedCsr, durationSeconds }: SignRequest) {
  const leaf = await buildCertificate({
    csr: parsedCsr,
    caCertificate: ca.certificate,
    signer: softwareCaSigner(ca.key),
    serial: deterministicSerial("1"),
    notBefore: new Date(now),
    notAfter: new Date(now + durationSeconds * 1000),
    isCA: false,
  });
  const chain = orderChain(leaf.pem + ca.certificate.pem);
  return { status: "issued", chain, ca: chain.caPem, mismatches: [] } as const;
}
const result = await resultFor(request);

function kept(limits = {}) {
  const certificates = new ReusableCertificates(limits);
  certificates.keep(request, result, now);
  return certificates;
}

describe("reusable certificates", () => {
  test("are found for the identical request of a later object, and say for whom they were made", () => {
    const found = kept().find({ ...request, uid: "uid-2", name: "web-2", approvedAt: 0 }, now + 1, hour);
    expect(found).toMatchObject({ madeFor: "team/web-1", outcome: { status: "issued" } });
    expect(found?.outcome.chain).toBe(result.chain.chainPem);
  });

  test.each<[string, Partial<SignRequest>]>([
    ["namespace", { namespace: "other" }],
    ["kind", { kind: "CertificateSigningRequest" }],
    ["CSR", { parsedCsr: otherCsr }],
    ["duration", { durationSeconds: 36 * 3600 + 1 }],
    ["isCA", { isCA: true }],
    ["usages", { usages: ["digital signature"] }],
    ["annotations that a signer may heed", { annotations: { "pki.example.com/profile": "admin" } }],
    ["labels", { labels: { app: "api" } }],
    ["user", { requester: { ...request.requester, username: "mallory" } }],
    ["user's uid", { requester: { ...request.requester, uid: "u-10" } }],
    ["groups", { requester: { ...request.requester, groups: [] } }],
    ["scopes", { requester: { ...request.requester, extra: { "example.com/scopes": ["b"] } } }],
  ])("are not found for a request of another %s", (_, more) => {
    expect(kept().find({ ...request, ...more }, now, hour)).toBeUndefined();
  });

  test("are found whatever token the requester has, and whatever revision of a Certificate it is", () => {
    const requester = {
      ...request.requester,
      extra: { "authentication.kubernetes.io/credential-id": ["JTI=2"], "example.com/scopes": ["a"] },
    };
    const annotations = {
      "pki.example.com/profile": "web",
      "cert-manager.io/certificate-revision": "2",
      "cert-manager.io/private-key-secret-name": "web-x7",
    };
    expect(kept().find({ ...request, requester, annotations }, now, hour)).toBeDefined();
  });

  test("are not found after the time that the issuer allows", () => {
    expect(kept().find(request, now + hour - 1, hour)).toBeDefined();
    expect(kept().find(request, now + hour, hour)).toBeUndefined();
  });

  test("are not found past a third of their life, so that no renewal gets the same again", () => {
    expect(kept().find(request, now + 12 * hour - 1, 100 * hour)).toBeDefined();
    expect(kept().find(request, now + 12 * hour, 100 * hour)).toBeUndefined();
  });

  test("are bounded in number and in bytes; the oldest goes", () => {
    for (const limits of [
      { maxEntries: 2 },
      { maxBytes: 2.5 * (result.chain.chainPem.length + (result.ca?.length ?? 0)) },
    ]) {
      const certificates = kept(limits);
      const named = (name: string) => ({ ...request, labels: { name } });
      for (const name of ["a", "b"]) certificates.keep(named(name), result, now);
      expect(certificates.find(request, now, hour)).toBeUndefined();
      expect(certificates.find(named("a"), now, hour)).toBeDefined();
      // The same again takes no more room.
      certificates.keep(named("b"), result, now);
      expect(certificates.find(named("a"), now, hour)).toBeDefined();
    }
  });
});
