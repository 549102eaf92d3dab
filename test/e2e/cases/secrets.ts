import { describe, expect, test } from "vitest";
import { findCondition } from "../conditions.ts";
import { eventually } from "../eventually.ts";
import { opensslVerdict } from "../fixtures/openssl-verdict.ts";
import { newTestCa } from "../fixtures/test-ca.ts";
import { issuerNamespace, softwareCaIssuer } from "../identities.ts";
import { beginScene, scopes } from "../scene.ts";
import { serveIssuers } from "../serve-issuers.ts";
import type { TargetOf } from "../target.ts";

/** The figure to reach: from the Secret's change to its effect. */
const effectMs = 5_000;

/** Secrets that come late, lack something or change. */
export function secretCases(target: TargetOf): void {
  describe("the Secret of a CA", () => {
    const ledger = serveIssuers(target, softwareCaIssuer);

    test.concurrent.each(scopes)(
      "that is missing keeps a %s issuer not Ready and its requests Pending, until it appears",
      async (scope) => {
        const ca = newTestCa("Late CA");
        const scene = await beginScene(target(), `late-secret-${scope.toLowerCase()}`);
        const issuerRef = await scene.createIssuer(softwareCaIssuer, scope, { secretName: scene.namespace });
        const where = scope === "Cluster" ? issuerNamespace : scene.namespace;
        const missing = `Secret ${where}/${scene.namespace} not found.`;
        const notReady = await scene.issuerCondition(softwareCaIssuer, issuerRef, "False");
        expect(notReady).toMatchObject({ reason: "Pending", message: expect.stringContaining(missing) });
        await scene.createRequest({ name: "waiting", issuerRef });
        const waiting = await scene.untilReason("waiting", "Pending");
        expect(findCondition(waiting, "Ready")?.message).toContain(missing);
        expect(waiting.status?.failureTime).toBeUndefined();

        const stored = performance.now();
        await scene.storeCa(scope, scene.namespace, ca);
        await scene.issuerCondition(softwareCaIssuer, issuerRef, "True", effectMs);
        const issued = await scene.issued("waiting", effectMs);
        expect(performance.now() - stored).toBeLessThan(effectMs);
        expect((await opensslVerdict(issued)).issuer).toBe("CN=Late CA");
        expect(ledger.calls(scene.namespace, "waiting")).toBe(1);
      },
    );

    test.concurrent("without the key that the issuer needs is named in the issuer's condition", async () => {
      const ca = newTestCa("Half a CA");
      const scene = await beginScene(target(), "half-secret");
      await scene.storeSecret("Namespaced", "half-secret", { "tls.crt": ca.certificate });
      const issuerRef = await scene.createIssuer(softwareCaIssuer, "Namespaced", {
        secretName: "half-secret",
      });
      const notReady = await scene.issuerCondition(softwareCaIssuer, issuerRef, "False");
      expect(notReady?.message).toContain('Secret half-secret/half-secret has no key "tls.key"');
      await scene.storeCa("Namespaced", "half-secret", ca);
      await scene.issuerCondition(softwareCaIssuer, issuerRef, "True", effectMs);
    });

    test.concurrent.each(scopes)(
      "that is rotated signs the next certificate of a %s issuer, without a restart",
      async (scope) => {
        const scene = await beginScene(target(), `rotated-${scope.toLowerCase()}`);
        const issuerRef = await scene.caIssuer(softwareCaIssuer, scope, newTestCa("Old CA"));
        await scene.createRequest({ name: "before", issuerRef });
        expect((await opensslVerdict(await scene.issued("before"))).issuer).toBe("CN=Old CA");

        const rotated = performance.now();
        await scene.storeCa(scope, scene.namespace, newTestCa("New CA"));
        let next = 0;
        const issuer = await eventually(
          { timeout: effectMs, interval: 100 },
          "a certificate of the new CA",
          async () => {
            next += 1;
            await scene.createRequest({ name: `after-${next}`, issuerRef });
            return (await opensslVerdict(await scene.issued(`after-${next}`))).issuer;
          },
          (name) => name === "CN=New CA",
        );
        expect(issuer).toBe("CN=New CA");
        expect(performance.now() - rotated).toBeLessThan(effectMs);
      },
    );

    test.concurrent("that disappears makes the issuer not Ready, and what comes meanwhile waits", async () => {
      const ca = newTestCa("Fleeting CA");
      const scene = await beginScene(target(), "fleeting");
      const issuerRef = await scene.caIssuer(softwareCaIssuer, "Namespaced", ca);
      await scene.deleteSecret("Namespaced", "fleeting");
      await scene.issuerCondition(softwareCaIssuer, issuerRef, "False", effectMs);
      await scene.createRequest({ name: "meanwhile", issuerRef });
      await scene.untilReason("meanwhile", "Pending");
      await scene.storeCa("Namespaced", "fleeting", ca);
      await scene.issued("meanwhile", effectMs);
    });
  });
}
