import { describe, expect, test } from "vitest";
import { type Begin, poll } from "./certificate-case.ts";
import { findCondition, isTrue, kubeTime } from "./condition.ts";
import { failed, issuerRef, ready } from "./issuer-fixture.ts";
import { opensslVerdict } from "./openssl-fixture.ts";
import { isDecided } from "./request-outcome.ts";

/** Cases in which an issuance fails. */
export function failingCases(begin: Begin): void {
  describe("a failed request", () => {
    test("fails the issuance with the issuer's message; a new one follows after the back-off", async (context) => {
      const it = begin(context, "failed");
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

    test("is replaced where the key is kept", async (context) => {
      const it = begin(context, "failed-never");
      it.issuer.on(it.name, (request, nth) => (nth === 1 ? failed("not now") : it.pki.issue(request)));
      await it.create({ privateKey: { algorithm: "ECDSA", rotationPolicy: "Never" } });
      const first = await it.ready();
      await it.change({ dnsNames: ["failed-never.example.org"] });
      const second = await it.ready({ revision: 2 });
      expect(it.issuer.answered(it.name)).toBe(3);
      expect(second["tls.key"]).toBe(first["tls.key"]);
    });

    // The defect that the SDK must not trigger: `failureTime` belongs into every write of Failed.
    test("without failureTime is never replaced where the key is kept, and fails for ever", async (context) => {
      const it = begin(context, "failed-timeless");
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

    test("that is called invalid fails the issuance too", async (context) => {
      const it = begin(context, "invalid");
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

    test("fails the issuance with the approver's reason and message", async (context) => {
      const it = begin(context, "denied");
      await it.create({ issuerRef: manualRef(it.name) });
      await it.decide(1, "Denied", "Policy", "this name is not yours");
      const { status } = await it.failures(1);
      expect(findCondition(status?.conditions, "Issuing")).toMatchObject({
        status: "False",
        reason: "Policy",
        message: expect.stringContaining("this name is not yours"),
      });
    });

    test("gets a successor with another key after the back-off, which may be approved", async (context) => {
      const it = begin(context, "denied-once");
      it.issuer.on(it.name, (request) => it.pki.issue(request));
      await it.create({ issuerRef: manualRef(it.name) });
      const denied = await it.decide(1, "Denied", "Policy", "not now");
      await it.failures(1);
      await it.expect
        .poll(async () => (await it.request(1))?.metadata.uid, poll)
        .not.toBe(denied.metadata.uid);
      expect((await it.request(1))?.spec.request).not.toBe(denied.spec.request);
      // cert-manager up to 1.21 may fail successors too, for the sake of the denied request, each after its back-off.
      await it.expect
        .poll(
          async () => {
            const request = await it.request(1);
            if (request !== undefined && !isDecided(request)) await it.approve(request);
            return isTrue((await it.certificate()).status?.conditions, "Ready");
          },
          { ...poll, timeout: 45_000 },
        )
        .toBe(true);
      expect((await opensslVerdict(await it.ready())).keyMatches).toBe(true);
    }, 60_000);

    test("fails even if an issuer signs it", async (context) => {
      const it = begin(context, "denied-signed");
      await it.create({ issuerRef: manualRef(it.name) });
      const request = await it.decide(1, "Denied", "Policy", "no");
      await it.applyStatus(request, await it.pki.issue(request), "test-issuer");
      await it.failures(1);
      expect((await it.secret())?.data?.["tls.crt"]).toBeUndefined();
    });
  });

  describe("a certificate that must not be stored", () => {
    test("because it has another key fails the issuance, and is never in the Secret", async (context) => {
      const it = begin(context, "wrong-key");
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

    test("because it has expired fails the issuance", async (context) => {
      const it = begin(context, "expired");
      it.issuer.on(it.name, (request) =>
        it.pki.issue(request, { notBefore: new Date(Date.now() - 60_000), seconds: 30 }),
      );
      await it.create();
      const { status } = await it.failures(1);
      expect(findCondition(status?.conditions, "Issuing")).toMatchObject({ reason: "InvalidCertificate" });
    });

    test("because it is no certificate fails the issuance", async (context) => {
      const it = begin(context, "garbage");
      const certificate = Buffer.from("hello").toString("base64");
      it.issuer.on(it.name, () => ({ conditions: [ready("Issued")], certificate }));
      await it.create();
      const { status } = await it.failures(1);
      expect(findCondition(status?.conditions, "Issuing")).toMatchObject({ reason: "InvalidCertificate" });
    });
  });
}
