import { createPrivateKey } from "node:crypto";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Certificate, PrivateKeySpec } from "./certificate.ts";
import { type CertificateForOptions, certificateFor } from "./certificate-for.ts";
import { findCondition, isTrue, kubeTime, withCondition } from "./condition.ts";
import {
  applyStatus,
  type CertificateRequest,
  type KubeConnection,
  KubeTransport,
  type Secret,
} from "./core-kube.ts";
import { failed, issuerRef, ready, TestIssuer, TestPki } from "./issuer-fixture.ts";
import { privateKeyMismatch } from "./key.ts";
import { certificateRequestType, certificateType, KubeObjects, secretType } from "./kube-objects.ts";
import { opensslVerdict } from "./openssl-fixture.ts";
import { isDecided } from "./request-outcome.ts";
import { type WaitForReadyOptions, waitForReady } from "./wait-for-ready.ts";

const namespace = "default";
const poll = { timeout: 15_000, interval: 50 };

/** Everything a case works with, for one certificate whose name is also its issuer's. */
class Case {
  readonly pki = new TestPki();
  readonly issuer: TestIssuer;
  readonly kube: KubeObjects;
  readonly name: string;
  readonly #connection: KubeConnection;
  readonly #transport: KubeTransport;

  constructor(connection: KubeConnection, name: string) {
    this.#connection = connection;
    this.name = name;
    this.issuer = new TestIssuer(connection);
    this.#transport = new KubeTransport({ connection, userAgent: "certificate-cases" });
    this.kube = new KubeObjects(this.#transport, "certificate-cases");
    onTestFinished(async () => {
      await this.issuer[Symbol.asyncDispose]();
      this.#transport.close();
    });
  }

  async create(options: Partial<CertificateForOptions> = {}): Promise<void> {
    const { name } = this;
    const privateKey = { algorithm: "ECDSA" } as const;
    const object = certificateFor({ namespace, name, issuerRef: issuerRef(name), privateKey, ...options });
    expect(await this.kube.create(certificateType, object)).toBeDefined();
  }

  /** Changes fields of the Certificate's spec. */
  change(spec: object): Promise<Certificate> {
    const { apiVersion, kind } = certificateFor({ name: this.name, issuerRef: issuerRef(this.name) });
    return this.kube.apply(certificateType, {
      apiVersion,
      kind,
      metadata: { namespace, name: this.name },
      ...{ spec },
    });
  }

  ready(options: WaitForReadyOptions = {}) {
    return waitForReady(this.#connection, { namespace, name: this.name }, { timeoutMs: 15_000, ...options });
  }

  async certificate(): Promise<Certificate> {
    const found = await this.kube.get<Certificate>(certificateType, { namespace, name: this.name });
    if (found === undefined) throw new Error("the Certificate is gone");
    return found;
  }

  request(revision: number): Promise<CertificateRequest | undefined> {
    return this.kube.get(certificateRequestType, { namespace, name: `${this.name}-${revision}` });
  }

  applyStatus(object: CertificateRequest, status: object, fieldManager: string) {
    const signal = AbortSignal.timeout(5_000);
    return applyStatus(this.#transport, {
      type: certificateRequestType,
      object,
      status,
      fieldManager,
      signal,
    });
  }

  /** Decides as an approver about the request, as soon as it exists. */
  async decide(revision: number, type: "Approved" | "Denied", reason: string, message: string) {
    await expect.poll(() => this.request(revision), poll).toBeDefined();
    const request = await this.request(revision);
    if (request === undefined) throw new Error("the CertificateRequest is gone");
    const condition = { type, status: "True", reason, message, lastTransitionTime: kubeTime(Date.now()) };
    await this.applyStatus(request, { conditions: [condition] }, "test-approver");
    return request;
  }

  secret(): Promise<Secret | undefined> {
    return this.kube.get(secretType, { namespace, name: `${this.name}-tls` });
  }

  /** Resolves to the Certificate when its issuance has failed that often. */
  async failures(attempts: number): Promise<Certificate> {
    await expect
      .poll(async () => (await this.certificate()).status?.failedIssuanceAttempts, {
        timeout: 15_000,
        interval: 50,
      })
      .toBe(attempts);
    return await this.certificate();
  }
}

/**
 * What an issuer may rely on, as cases that hold for the stand-in and for the real cert-manager alike. The requests of
 * kind `TestIssuer` must be approved, those of `ManualIssuer` left alone, and failures retried after a second or two.
 */
export function certificateCases(connection: () => KubeConnection): void {
  const begin = (name: string) => new Case(connection(), name);

  describe("an approved request that the issuer signs", () => {
    test("becomes a Secret that openssl verifies, and a Ready Certificate", async () => {
      const it = begin("issued");
      it.issuer.on(it.name, (request) => it.pki.issue(request));
      await it.create({
        commonName: "issued",
        subject: { organizations: ["Acme"], countries: ["SE"] },
        dnsNames: ["issued.example.com", "*.issued.example.com"],
        ipAddresses: ["192.0.2.7"],
        uris: ["spiffe://example.com/issued"],
        usages: ["digital signature", "server auth"],
        secretTemplate: { labels: { team: "blue" }, annotations: { note: "hello" } },
      });
      const secret = await it.ready();
      const verdict = await opensslVerdict(secret);
      expect(verdict.keyMatches).toBe(true);
      expect(verdict.subject).toBe("subject=CN=issued,O=Acme,C=SE");
      expect(verdict.text).toContain(
        "DNS:issued.example.com, DNS:*.issued.example.com, IP Address:192.0.2.7, URI:spiffe://example.com/issued",
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
            "cert-manager.io/ip-sans": "192.0.2.7",
            "cert-manager.io/uri-sans": "spiffe://example.com/issued",
          },
        },
      });
    });

    test("was made with the Certificate's words, owner and copied annotations", async () => {
      const it = begin("worded");
      await it.create({
        duration: "720h0m0s",
        isCA: true,
        commonName: "worded",
        usages: ["cert sign", "digital signature"],
        labels: { app: "worded" },
        annotations: { "pki.example.com/profile": "web", "kubectl.kubernetes.io/x": "no" },
      });
      await expect
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
    test.each(keys)("may have a key of type %s", async (name, privateKey, label) => {
      const it = begin(name);
      it.issuer.on(it.name, (request) => it.pki.issue(request));
      await it.create({ privateKey });
      const secret = await it.ready();
      expect(secret["tls.key"]).toMatch(label);
      expect(privateKeyMismatch(createPrivateKey(secret["tls.key"]), privateKey)).toBeUndefined();
      expect((await opensslVerdict(secret)).keyMatches).toBe(true);
    });
  });

  describe("a pending request", () => {
    test.each(["Pending", "Busy"])("with reason %s is waited for", async (reason) => {
      const it = begin(`pending-${reason.toLowerCase()}`);
      it.issuer.on(it.name, () => ({ conditions: [ready(reason)] }));
      await it.create();
      await expect.poll(() => it.issuer.answered(it.name), poll).toBe(1);
      const uid = (await it.request(1))?.metadata.uid;
      await expect(it.ready({ timeoutMs: 1_500 })).rejects.toThrow(
        /is not Ready after 1.5 s: .*Issuing=True/,
      );
      expect((await it.request(1))?.metadata.uid).toBe(uid);
    });
  });

  test("a request that is under way is replaced when the Certificate's spec changes", async () => {
    const it = begin("overtaken");
    it.issuer.on(it.name, (request, nth) =>
      nth === 0 ? { conditions: [ready("Pending")] } : it.pki.issue(request),
    );
    await it.create();
    await expect.poll(() => it.issuer.answered(it.name), poll).toBe(1);
    await it.change({ dnsNames: ["overtaken.example.org"] });
    expect((await opensslVerdict(await it.ready())).text).toContain("DNS:overtaken.example.org");
    expect((await it.certificate()).status?.revision).toBe(1);
  });

  describe("a failed request", () => {
    test("fails the issuance with the issuer's message; a new one follows after the back-off", async () => {
      const it = begin("failed");
      it.issuer.on(it.name, (request, nth) =>
        nth === 0 ? failed("no such profile") : it.pki.issue(request),
      );
      await it.create();
      const { status } = await it.failures(1);
      expect(findCondition(status?.conditions, "Issuing")).toMatchObject({
        status: "False",
        reason: "Failed",
        message: "The certificate request has failed to complete and will be retried: no such profile",
      });
      expect(status?.lastFailureTime).toBeDefined();
      const first = await it.request(1);
      await it.ready();
      expect(it.issuer.answered(it.name)).toBe(2);
      expect((await it.request(1))?.metadata.uid).not.toBe(first?.metadata.uid);
      const later = await it.certificate();
      expect(later.status).toMatchObject({ revision: 1 });
      expect(later.status?.failedIssuanceAttempts).toBeUndefined();
      expect(later.status?.lastFailureTime).toBeUndefined();
    });

    test("is replaced where the key is kept", async () => {
      const it = begin("failed-never");
      it.issuer.on(it.name, (request, nth) => (nth === 1 ? failed("not now") : it.pki.issue(request)));
      await it.create({ privateKey: { algorithm: "ECDSA", rotationPolicy: "Never" } });
      const first = await it.ready();
      await it.change({ dnsNames: ["failed-never.example.org"] });
      const second = await it.ready({ revision: 2 });
      expect(it.issuer.answered(it.name)).toBe(3);
      expect(second["tls.key"]).toBe(first["tls.key"]);
    });

    // The defect that the SDK must not trigger: `failureTime` belongs into every write of Failed.
    test("without failureTime is never replaced where the key is kept, and fails for ever", async () => {
      const it = begin("failed-timeless");
      it.issuer.on(it.name, (request, nth) =>
        nth === 1 ? { conditions: [ready("Failed", "no time")] } : it.pki.issue(request),
      );
      await it.create({ privateKey: { algorithm: "ECDSA", rotationPolicy: "Never" } });
      await it.ready();
      await it.change({ dnsNames: ["failed-timeless.example.org"] });
      await it.failures(1);
      const failing = await it.request(2);
      await it.failures(2);
      expect(failing?.metadata.uid).toBeDefined();
      expect((await it.request(2))?.metadata.uid).toBe(failing?.metadata.uid);
      expect(it.issuer.answered(it.name)).toBe(2);
    });

    test("that is called invalid fails the issuance too", async () => {
      const it = begin("invalid");
      const lastTransitionTime = kubeTime(Date.now());
      const invalid = {
        type: "InvalidRequest",
        status: "True",
        reason: "BadNames",
        message: "no",
        lastTransitionTime,
      };
      it.issuer.on(it.name, () => ({ ...failed("no"), conditions: [ready("Failed", "no"), invalid] }));
      await it.create();
      const { status } = await it.failures(1);
      expect(findCondition(status?.conditions, "Issuing")).toMatchObject({
        status: "False",
        reason: "BadNames",
      });
    });
  });

  describe("a denied request", () => {
    const manualRef = (name: string) => issuerRef(name, "ManualIssuer");

    test("fails the issuance with the approver's reason and message", async () => {
      const it = begin("denied");
      await it.create({ issuerRef: manualRef(it.name) });
      await it.decide(1, "Denied", "Policy", "this name is not yours");
      const { status } = await it.failures(1);
      expect(findCondition(status?.conditions, "Issuing")).toMatchObject({
        status: "False",
        reason: "Policy",
        message: expect.stringContaining("this name is not yours"),
      });
    });

    test("gets a successor with another key after the back-off, which may be approved", async () => {
      const it = begin("denied-once");
      it.issuer.on(it.name, (request) => it.pki.issue(request));
      await it.create({ issuerRef: manualRef(it.name) });
      const denied = await it.decide(1, "Denied", "Policy", "not now");
      await it.failures(1);
      await expect.poll(async () => (await it.request(1))?.metadata.uid, poll).not.toBe(denied.metadata.uid);
      expect((await it.request(1))?.spec.request).not.toBe(denied.spec.request);
      // cert-manager up to 1.21 may fail the successor too, for the sake of the denied request.
      await expect
        .poll(async () => {
          const request = await it.request(1);
          if (request !== undefined && !isDecided(request)) await it.decide(1, "Approved", "Policy", "now");
          return isTrue((await it.certificate()).status?.conditions, "Ready");
        }, poll)
        .toBe(true);
      expect((await opensslVerdict(await it.ready())).keyMatches).toBe(true);
    });

    test("fails even if an issuer signs it", async () => {
      const it = begin("denied-signed");
      await it.create({ issuerRef: manualRef(it.name) });
      const request = await it.decide(1, "Denied", "Policy", "no");
      await it.applyStatus(request, await it.pki.issue(request), "test-issuer");
      await it.failures(1);
      expect((await it.secret())?.data?.["tls.crt"]).toBeUndefined();
    });
  });

  describe("a certificate that must not be stored", () => {
    test("because it has another key fails the issuance, and is never in the Secret", async () => {
      const it = begin("wrong-key");
      it.issuer.on(it.name, (request, nth) => it.pki.issue(request, { otherKey: nth === 0 }));
      await it.create();
      const { status } = await it.failures(1);
      expect(findCondition(status?.conditions, "Issuing")).toMatchObject({
        status: "False",
        reason: "InvalidCertificate",
      });
      expect((await it.secret())?.data?.["tls.crt"]).toBeUndefined();
      expect((await opensslVerdict(await it.ready())).keyMatches).toBe(true);
    });

    test("because it has expired fails the issuance", async () => {
      const it = begin("expired");
      it.issuer.on(it.name, (request) =>
        it.pki.issue(request, { notBefore: new Date(Date.now() - 60_000), seconds: 30 }),
      );
      await it.create();
      const { status } = await it.failures(1);
      expect(findCondition(status?.conditions, "Issuing")).toMatchObject({ reason: "InvalidCertificate" });
    });

    test("because it is no certificate fails the issuance", async () => {
      const it = begin("garbage");
      const certificate = Buffer.from("hello").toString("base64");
      it.issuer.on(it.name, () => ({ conditions: [ready("Issued")], certificate }));
      await it.create();
      const { status } = await it.failures(1);
      expect(findCondition(status?.conditions, "Issuing")).toMatchObject({ reason: "InvalidCertificate" });
    });
  });

  describe("a Ready Certificate", () => {
    test("is renewed at two thirds of the certificate's life, with a new key", async () => {
      const it = begin("renewed");
      it.issuer.on(it.name, (request, nth) => it.pki.issue(request, nth === 0 ? { seconds: 6 } : {}));
      await it.create();
      const first = await it.ready();
      const second = await it.ready({ revision: 2 });
      expect(second["tls.crt"]).not.toBe(first["tls.crt"]);
      expect(second["tls.key"]).not.toBe(first["tls.key"]);
      expect((await opensslVerdict(second)).keyMatches).toBe(true);
    });

    test("keeps only its newest request", async () => {
      const it = begin("history");
      it.issuer.on(it.name, (request) => it.pki.issue(request));
      await it.create();
      await it.ready();
      await it.change({ dnsNames: ["second.example.com"] });
      await it.ready({ revision: 2 });
      await expect.poll(() => it.request(1), poll).toBeUndefined();
      expect(await it.request(2)).toBeDefined();
    });

    test("is issued anew for what its spec says now, keeping the key where the policy is Never", async () => {
      const it = begin("changed");
      it.issuer.on(it.name, (request) => it.pki.issue(request));
      await it.create({ privateKey: { algorithm: "ECDSA", rotationPolicy: "Never" } });
      const first = await it.ready();
      await it.change({ dnsNames: ["changed.example.org"] });
      const second = await it.ready({ revision: 2 });
      expect((await opensslVerdict(second)).text).toContain("DNS:changed.example.org");
      expect(second["tls.key"]).toBe(first["tls.key"]);
    });

    test("is issued again when somebody sets Issuing, as `cmctl renew` does", async () => {
      const it = begin("triggered");
      it.issuer.on(it.name, (request) => it.pki.issue(request));
      await it.create();
      const first = await it.ready();
      const certificate = await it.certificate();
      const conditions = withCondition(
        certificate.status?.conditions,
        { type: "Issuing", status: "True", reason: "ManuallyTriggered", message: "" },
        Date.now(),
      );
      await it.kube.replaceStatus(certificateType, {
        ...certificate,
        status: { ...certificate.status, conditions },
      });
      expect((await it.ready({ revision: 2 }))["tls.crt"]).not.toBe(first["tls.crt"]);
    });

    test("is issued again when its Secret is deleted", async () => {
      const it = begin("deleted");
      it.issuer.on(it.name, (request) => it.pki.issue(request));
      await it.create();
      const first = await it.ready();
      const secret = await it.secret();
      if (secret !== undefined) await it.kube.delete(secretType, secret);
      expect((await it.ready({ revision: 2 }))["tls.crt"]).not.toBe(first["tls.crt"]);
    });

    test("loses ca.crt when the issuer gives no CA any more", async () => {
      const it = begin("no-ca");
      it.issuer.on(it.name, async (request, nth) => {
        const { ca, ...status } = (await it.pki.issue(request)) as { readonly ca: string };
        return nth === 0 ? { ...status, ca } : status;
      });
      await it.create();
      expect((await it.ready())["ca.crt"]).toBe(it.pki.caPem);
      await it.change({ dnsNames: ["no-ca.example.org"] });
      expect((await it.ready({ revision: 2 }))["ca.crt"]).toBeUndefined();
    });
  });
}
