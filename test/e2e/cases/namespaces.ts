import { setTimeout as delay } from "node:timers/promises";
import { describe, test } from "vitest";
import { opensslVerdict } from "../fixtures/openssl-verdict.ts";
import { newTestCa } from "../fixtures/test-ca.ts";
import { boundedIssuer, userOf } from "../identities.ts";
import { beginScene, Scene } from "../scene.ts";
import { serveIssuers } from "../serve-issuers.ts";
import type { TargetOf } from "../target.ts";

/** Longer than a request takes that is served. */
const patienceMs = 1_500;

/** A program that serves some namespaces, with rights in these alone. */
export function namespaceCases(target: TargetOf): void {
  describe("an issuer that serves two namespaces", () => {
    const ledger = serveIssuers(target, boundedIssuer);

    test.concurrent.for(boundedIssuer.rbac.namespaces ?? [])("issues in %s", async (namespace, context) => {
      const scene = new Scene(target(), namespace);
      const issuerRef = await scene.caIssuer(boundedIssuer, "Namespaced", newTestCa("Bounded"));
      await scene.createRequest({ name: "web", issuerRef });
      context.expect((await opensslVerdict(await scene.issued("web"))).issuer).toBe("CN=Bounded");
      // A rotated Secret: its watch is within the rights too.
      await scene.storeCa("Namespaced", namespace, newTestCa("Next"));
      await context.expect
        .poll(
          async () => {
            const name = `web-${Math.round(performance.now())}`;
            await scene.createRequest({ name, issuerRef });
            return (await opensslVerdict(await scene.issued(name))).issuer;
          },
          { timeout: target().patience.timeout },
        )
        .toBe("CN=Next");
    });

    test.concurrent("leaves alone what is in another, and what names a cluster issuer", async (context) => {
      const scene = await beginScene(target(), "out-of-bounds");
      await scene.storeCa("Namespaced", scene.namespace, newTestCa("Outside"));
      const issuerRef = await scene.createIssuer(boundedIssuer, "Namespaced", {
        secretName: scene.namespace,
      });
      await scene.createRequest({ name: "web", issuerRef });
      const inside = new Scene(target(), "bounded-a");
      const kind = boundedIssuer.definition.kinds.find(({ scope }) => scope === "Cluster")?.kind ?? "";
      await inside.createRequest({ name: "of-cluster", issuerRef: { ...issuerRef, kind } });
      await delay(patienceMs);
      context
        .expect((await scene.request("web"))?.status?.conditions ?? [])
        .not.toContainEqual(context.expect.objectContaining({ type: "Ready" }));
      context.expect(ledger.calls("bounded-a", "of-cluster")).toBe(0);
      const asked = (await target().log()).filter(({ user }) => user === userOf(boundedIssuer));
      const elsewhere = asked.filter(
        ({ namespace, resource }) =>
          resource !== "" && resource !== "leases" && !boundedIssuer.rbac.namespaces?.includes(namespace),
      );
      context.expect(elsewhere).toEqual([]);
    });
  });
}
