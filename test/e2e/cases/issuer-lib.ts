import { setTimeout as delay } from "node:timers/promises";
import { IssuerError, newSelfSignedCa, PermanentError, pending } from "@countersign/issuer-core";
import { describe, expect, test } from "vitest";
import { findCondition } from "../conditions.ts";
import { eventually } from "../eventually.ts";
import { issuedFrom } from "../fixtures/issued-from.ts";
import { opensslVerdict } from "../fixtures/openssl-verdict.ts";
import { newTestCa } from "../fixtures/test-ca.ts";
import { manualIssuer, softwareCaIssuer } from "../identities.ts";
import { beginScene, scopes } from "../scene.ts";
import { serveIssuers } from "../serve-issuers.ts";
import { beginScripted } from "../serve-scripted.ts";
import type { TargetOf } from "../target.ts";

/** Nothing may be called for that long after the end. */
const quietMs = 1_000;
const day = 86_400_000;

/** issuer-lib's integration cases, under their names. */
export function issuerLibCases(target: TargetOf): void {
  describe("issuer-lib: CertificateRequestControllerIntegrationIssuerInitiallyNotFoundAndNotReady", () => {
    const ledger = serveIssuers(target, manualIssuer);

    test.concurrent.each([
      ["issuer", "Namespaced"],
      ["clusterissuer", "Cluster"],
    ] as const)("%s", async (name, scope) => {
      const ca = newTestCa("Initially Not Found CA");
      const scene = await beginScene(target(), `initially-no-${name}`);
      const kind = manualIssuer.definition.kinds.find((each) => each.scope === scope)?.kind ?? "";
      const issuerRef = { group: manualIssuer.definition.group, kind, name: scene.namespace };
      await scene.createRequest({ name: "web", issuerRef });
      await scene.approve("web");
      const message = async () => findCondition(await scene.request("web"), "Ready")?.message ?? "";
      const says = (what: string) =>
        eventually(target().patience, what, message, (text) => text.includes(what));
      await says(`${kind}.${issuerRef.group} "${scene.namespace}" not found. Waiting for it to be created.`);
      await scene.createIssuer(manualIssuer, scope, { secretName: scene.namespace });
      await says("Waiting for issuer to become ready. Current issuer ready condition");
      await scene.storeCa(scope, scene.namespace, ca);
      await opensslVerdict(await scene.issued("web"));
      expect(ledger.calls(scene.namespace, "web")).toBe(1);
    });
  });

  describe("issuer-lib: integration", () => {
    const ca = newSelfSignedCa({
      commonName: "Scripted CA",
      notBefore: new Date(Date.now() - day),
      notAfter: new Date(Date.now() + 365 * day),
    });

    test.concurrent("CertificateRequestControllerIntegrationSetCondition", async () => {
      const { scene, serve, request } = await beginScripted(target(), "set-condition");
      const seen: (string | undefined)[] = [];
      const conditions = (message: string) => [
        { type: "Queued", status: "True", reason: "Queue", message } as const,
      ];
      await using _ = await serve(async (asked) => {
        seen.push(findCondition(await scene.request("web"), "Queued")?.message);
        if (seen.length === 1) {
          return pending({ operation: undefined, retryAfterMs: 200, conditions: conditions("place 2") });
        }
        if (seen.length === 2) {
          return pending({ operation: undefined, retryAfterMs: 200, conditions: conditions("place 1") });
        }
        return issuedFrom(ca, asked);
      });
      await request("web");
      await scene.issued("web");
      expect(seen).toEqual([undefined, "place 2", "place 1"]);
    });

    test.concurrent("CombinedControllerTemporaryFailedCertificateRequestRetrigger: test-normal-error", async () => {
      const { scene, issuerRef, serve, request } = await beginScripted(target(), "retrigger-normal");
      let repaired = false;
      let signs = 0;
      await using _ = await serve(
        async (asked) => {
          signs += 1;
          if (signs === 1) throw new IssuerError("[specific error]");
          return issuedFrom(ca, asked);
        },
        {},
        async () => {
          if (signs > 0 && !repaired) throw new Error("[specific error]");
        },
      );
      await request("web");
      await eventually(
        target().patience,
        "the issuer's condition copied",
        async () => findCondition(await scene.request("web"), "Ready")?.message,
        (message) =>
          message ===
          'Waiting for issuer to become ready. Current issuer ready condition is "Pending": Not ready yet: [specific error].',
      );
      repaired = true;
      await scene.issued("web");
      expect(await scene.issuerCondition(manualIssuer, issuerRef, "True")).toMatchObject({
        reason: "Checked",
      });
      expect(signs).toBe(2);
    });

    test.concurrent("CombinedControllerTemporaryFailedCertificateRequestRetrigger: test-permanent-error", async () => {
      const { scene, issuerRef, serve, request } = await beginScripted(target(), "retrigger-permanent");
      let repaired = false;
      let checks = 0;
      let signs = 0;
      await using _ = await serve(
        async (asked) => {
          signs += 1;
          if (signs === 1) throw new IssuerError("[specific error]");
          return issuedFrom(ca, asked);
        },
        {},
        async () => {
          checks += 1;
          // It is the issuer's own check that says that trouble is for good.
          if (signs > 0 && !repaired) throw new PermanentError("[specific error]");
        },
      );
      await request("web");
      const failed = await eventually(
        target().patience,
        "the issuer failed",
        () => scene.issuerCondition(manualIssuer, issuerRef, "False"),
        (condition) => condition?.reason === "Failed",
      );
      expect(failed?.message).toBe("Failed permanently: [specific error]");
      // Its text is that of the moment when the issuer was no longer ready: another reason is no news to who waits.
      const waiting = findCondition(await scene.request("web"), "Ready");
      expect(waiting?.message).toMatch(
        /issuer ready condition is "(Pending|Failed)": .*: \[specific error\]\.$/,
      );
      repaired = true;
      const checked = checks;
      await delay(quietMs);
      expect(checks).toBe(checked);
      await scene.changeIssuer(manualIssuer, issuerRef, {
        secretName: scene.namespace,
        ocspServers: ["http://ocsp.example.com"],
      });
      await scene.issued("web");
      expect(signs).toBe(2);
    });

    test.concurrent("two IssuerErrors racing: both requests are issued when the issuer is ready again", async () => {
      const { scene, issuerRef, serve, request } = await beginScripted(target(), "racing");
      const { promise: both, resolve } = Promise.withResolvers<void>();
      const faults = new Set<string>();
      await using _ = await serve(async (asked) => {
        if (faults.has(asked.name)) return issuedFrom(ca, asked);
        faults.add(asked.name);
        if (faults.size === 2) resolve();
        await both;
        throw new IssuerError(`401 for ${asked.name}`);
      });
      await Promise.all([request("one"), request("two")]);
      await Promise.all([scene.issued("one"), scene.issued("two")]);
      await scene.issuerCondition(manualIssuer, issuerRef, "True");
    });

    // The default is 16 for one issuer: a slow PKI is the usual case, and waiting for it costs next to nothing.
    test.concurrent.each([
      ["MaxConcurrentReconciles should default to 1", undefined, 16],
      ["MaxConcurrentReconciles should be more than 1", 4, 4],
    ] as const)("%s", async (name, maxConcurrentSignsPerIssuer, workers) => {
      const scene = await beginScripted(target(), `workers-${workers}`);
      const { promise: open, resolve } = Promise.withResolvers<void>();
      let inside = 0;
      await using _ = await scene.serve(
        async (asked) => {
          inside += 1;
          await open;
          return issuedFrom(ca, asked);
        },
        { maxConcurrentSignsPerIssuer },
      );
      const names = Array.from({ length: workers + 3 }, (_, index) => `r-${index}`);
      await Promise.all(names.map((each) => scene.request(each)));
      await eventually(
        target().patience,
        name,
        async () => inside,
        (count) => count >= workers,
      );
      await delay(quietMs);
      expect(inside).toBe(workers);
      resolve();
      await Promise.all(names.map((each) => scene.scene.issued(each)));
      expect(inside).toBe(names.length);
    });
  });

  describe("issuer-lib: e2e", () => {
    serveIssuers(target, softwareCaIssuer);

    test.concurrent("TestSimpleCertificate", async () => {
      const ca = newTestCa("Simple CA");
      const scene = await beginScene(target(), "simple");
      const issuerRef = await scene.caIssuer(softwareCaIssuer, "Namespaced", ca);
      const created = performance.now();
      const secret = await scene.certificate({ name: "web", issuerRef, privateKey: { algorithm: "ECDSA" } });
      expect(performance.now() - created).toBeLessThan(10_000);
      await opensslVerdict({ chain: secret["tls.crt"], ca: ca.root, key: secret["tls.key"] });
    });

    test.concurrent("should reconcile sampleissuer and sampleclusterissuer", async () => {
      for (const scope of scopes) {
        const scene = await beginScene(target(), `sample-${scope.toLowerCase()}`);
        const issuerRef = await scene.caIssuer(softwareCaIssuer, scope, newTestCa("Sample CA"));
        const created = performance.now();
        await scene.certificate({ name: "web", issuerRef, privateKey: { algorithm: "ECDSA" } });
        expect(performance.now() - created).toBeLessThan(5_000);
      }
    });
  });
}
