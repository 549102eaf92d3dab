import { createPrivateKey } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { PrivateKeySpec } from "./certificate.ts";
import { type Begin, poll } from "./certificate-case.ts";
import { findCondition, isTrue } from "./condition.ts";
import { issuerRef, ready } from "./issuer-fixture.ts";
import { privateKeyMismatch } from "./key.ts";
import { opensslVerdict } from "./openssl-fixture.ts";

/** Cases in which a request is made and signed. */
export function issuingCases(begin: Begin): void {
  describe("an approved request that the issuer signs", () => {
    test("becomes a Secret that openssl verifies, and a Ready Certificate", async (context) => {
      const it = begin(context, "issued");
      it.issuer.on(it.name, (request) => it.pki.issue(request));
      await it.create({
        commonName: "issued",
        subject: { organizations: ["Acme"], countries: ["SE"] },
        dnsNames: ["issued.example.com", "*.issued.example.com"],
        ipAddresses: ["192.0.2.7", "2001:db8::7"],
        uris: ["spiffe://example.com/issued"],
        usages: ["digital signature", "server auth"],
        secretTemplate: { labels: { team: "blue" }, annotations: { note: "hello" } },
      });
      const secret = await it.ready();
      const verdict = await opensslVerdict(secret);
      expect(verdict.keyMatches).toBe(true);
      expect(verdict.subject).toBe("subject=CN=issued,O=Acme,C=SE");
      expect(verdict.text).toContain(
        "DNS:issued.example.com, DNS:*.issued.example.com, IP Address:192.0.2.7, IP Address:2001:DB8:0:0:0:0:0:7, URI:spiffe://example.com/issued",
      );
      expect(secret["ca.crt"]).toBe(it.pki.caPem);

      const { status } = await it.certificate();
      expect(status).toMatchObject({ revision: 1, renewalTime: expect.any(String) });
      expect(status?.nextPrivateKeySecretName).toBeUndefined();
      expect(findCondition(status?.conditions, "Issuing")).toBeUndefined();
      const lifetime = Date.parse(status?.notAfter ?? "") - Date.parse(status?.notBefore ?? "");
      expect(lifetime).toBe(90 * 86_400_000);
      expect(Date.parse(status?.renewalTime ?? "") - Date.parse(status?.notBefore ?? "")).toBe(
        (lifetime * 2) / 3,
      );

      expect(await it.secret()).toMatchObject({
        type: "kubernetes.io/tls",
        metadata: {
          labels: { team: "blue", "controller.cert-manager.io/fao": "true" },
          annotations: {
            note: "hello",
            "cert-manager.io/certificate-name": "issued",
            "cert-manager.io/issuer-name": "issued",
            "cert-manager.io/issuer-kind": "TestIssuer",
            "cert-manager.io/issuer-group": "test.example.com",
            "cert-manager.io/common-name": "issued",
            "cert-manager.io/alt-names": "issued.example.com,*.issued.example.com",
            "cert-manager.io/ip-sans": "192.0.2.7,2001:db8::7",
            "cert-manager.io/uri-sans": "spiffe://example.com/issued",
          },
        },
      });
    });

    test("was made with the Certificate's words, owner and copied annotations", async (context) => {
      const it = begin(context, "worded");
      await it.create({
        duration: "720h0m0s",
        isCA: true,
        commonName: "worded",
        usages: ["cert sign", "digital signature"],
        labels: { app: "worded" },
        annotations: { "pki.example.com/profile": "web", "kubectl.kubernetes.io/x": "no" },
      });
      await it.expect
        .poll(async () => isTrue((await it.request(1))?.status?.conditions, "Approved"), poll)
        .toBe(true);
      const [request, certificate] = [await it.request(1), await it.certificate()];
      expect(request).toMatchObject({
        metadata: {
          labels: { app: "worded" },
          annotations: {
            "pki.example.com/profile": "web",
            "cert-manager.io/certificate-name": "worded",
            "cert-manager.io/certificate-revision": "1",
            "cert-manager.io/private-key-secret-name": certificate.status?.nextPrivateKeySecretName,
          },
          ownerReferences: [
            { kind: "Certificate", name: "worded", uid: certificate.metadata.uid, controller: true },
          ],
        },
        spec: {
          issuerRef: issuerRef("worded"),
          duration: "720h0m0s",
          isCA: true,
          usages: ["cert sign", "digital signature"],
          username: "system:serviceaccount:cert-manager:cert-manager",
        },
      });
      expect(request?.metadata.annotations).not.toHaveProperty(["kubectl.kubernetes.io/x"]);
      expect(findCondition(request?.status?.conditions, "Approved")).toMatchObject({
        status: "True",
        reason: "cert-manager.io",
        message: "Certificate request has been approved by cert-manager.io",
      });
    });

    const keys: readonly [string, PrivateKeySpec, RegExp][] = [
      ["rsa-2048", {}, /BEGIN RSA PRIVATE KEY/],
      ["rsa-3072", { algorithm: "RSA", size: 3072, encoding: "PKCS8" }, /BEGIN PRIVATE KEY/],
      ["rsa-4096", { algorithm: "RSA", size: 4096 }, /BEGIN RSA PRIVATE KEY/],
      ["ecdsa-256", { algorithm: "ECDSA", size: 256 }, /BEGIN EC PRIVATE KEY/],
      ["ecdsa-384", { algorithm: "ECDSA", size: 384, encoding: "PKCS8" }, /BEGIN PRIVATE KEY/],
      ["ecdsa-521", { algorithm: "ECDSA", size: 521 }, /BEGIN EC PRIVATE KEY/],
      ["ed25519", { algorithm: "Ed25519", encoding: "PKCS8" }, /BEGIN PRIVATE KEY/],
    ];
    test.for(keys)("may have a key of type %s", async ([name, privateKey, label], context) => {
      const it = begin(context, name);
      it.issuer.on(it.name, (request) => it.pki.issue(request));
      await it.create({ privateKey });
      const secret = await it.ready();
      expect(secret["tls.key"]).toMatch(label);
      expect(privateKeyMismatch(createPrivateKey(secret["tls.key"]), privateKey)).toBeUndefined();
      expect((await opensslVerdict(secret)).keyMatches).toBe(true);
    });
  });

  describe("a pending request", () => {
    test.for(["Pending", "Busy"])("with reason %s is waited for", async (reason, context) => {
      const it = begin(context, `pending-${reason.toLowerCase()}`);
      it.issuer.on(it.name, () => ({ conditions: [ready(reason)] }));
      await it.create();
      await it.expect.poll(() => it.issuer.answered(it.name), poll).toBe(1);
      const uid = (await it.request(1))?.metadata.uid;
      await expect(it.ready({ timeoutMs: 1_500 })).rejects.toThrow(
        /is not Ready after 1.5 s: .*Issuing=True/,
      );
      expect((await it.request(1))?.metadata.uid).toBe(uid);
    });
  });

  test("a request that is under way is replaced when the Certificate's spec changes", async (context) => {
    const it = begin(context, "overtaken");
    it.issuer.on(it.name, (request, nth) =>
      nth === 0 ? { conditions: [ready("Pending")] } : it.pki.issue(request),
    );
    await it.create();
    await it.expect.poll(() => it.issuer.answered(it.name), poll).toBe(1);
    await it.change({ dnsNames: ["overtaken.example.org"] });
    expect((await opensslVerdict(await it.ready())).text).toContain("DNS:overtaken.example.org");
    expect((await it.certificate()).status?.revision).toBe(1);
  });
}
