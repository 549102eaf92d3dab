import { describe, expect, test } from "vitest";
import { findCondition } from "../conditions.ts";
import { opensslVerdict } from "../fixtures/openssl-verdict.ts";
import { newTestCa } from "../fixtures/test-ca.ts";
import { softwareCaIssuer } from "../identities.ts";
import { beginScene, scopes } from "../scene.ts";
import { serveIssuers } from "../serve-issuers.ts";
import type { TargetOf } from "../target.ts";

/** Issuer objects that come late, go, and come back. */
export function issuerObjectCases(target: TargetOf): void {
  describe("an issuer object", () => {
    const ledger = serveIssuers(target, softwareCaIssuer);
    const kindOf = (scope: string) =>
      softwareCaIssuer.definition.kinds.find((kind) => kind.scope === scope)?.kind ?? "";

    test.concurrent.each(scopes)(
      "of scope %s may be created after the requests that name it",
      async (scope) => {
        const name = `late-issuer-${scope.toLowerCase()}`;
        const scene = await beginScene(target(), name);
        const kind = kindOf(scope);
        await scene.createRequest({
          name: "early",
          issuerRef: { group: softwareCaIssuer.definition.group, kind, name },
        });
        const early = await scene.untilReason("early", "Pending");
        expect(findCondition(early, "Ready")?.message).toContain(`"${name}" not found`);
        await scene.caIssuer(softwareCaIssuer, scope, newTestCa("Late Issuer"));
        expect((await opensslVerdict(await scene.issued("early"))).issuer).toBe("CN=Late Issuer");
        expect(ledger.calls(name, "early")).toBe(1);
      },
    );

    test.concurrent("may be deleted and created again: what comes meanwhile waits for it", async () => {
      const scene = await beginScene(target(), "returning");
      const issuerRef = await scene.caIssuer(softwareCaIssuer, "Namespaced", newTestCa("First"));
      await scene.createRequest({ name: "first", issuerRef });
      await scene.issued("first");

      await scene.deleteIssuer(softwareCaIssuer, issuerRef);
      await scene.createRequest({ name: "meanwhile", issuerRef });
      const waiting = await scene.untilReason("meanwhile", "Pending");
      expect(findCondition(waiting, "Ready")?.message).toContain('"returning" not found');
      expect(ledger.calls("returning", "meanwhile")).toBe(0);

      await scene.caIssuer(softwareCaIssuer, "Namespaced", newTestCa("Second"));
      expect((await opensslVerdict(await scene.issued("meanwhile"))).issuer).toBe("CN=Second");
      expect(ledger.calls("returning", "meanwhile")).toBe(1);
    });

    test.concurrent("that names another Secret signs with that from then on", async () => {
      const scene = await beginScene(target(), "respecified");
      const issuerRef = await scene.caIssuer(softwareCaIssuer, "Namespaced", newTestCa("Before"));
      await scene.storeCa("Namespaced", "other", newTestCa("After"));
      await scene.changeIssuer(softwareCaIssuer, issuerRef, { secretName: "other" });
      await scene.issuerCondition(softwareCaIssuer, issuerRef, "True");
      await scene.createRequest({ name: "next", issuerRef });
      expect((await opensslVerdict(await scene.issued("next"))).issuer).toBe("CN=After");
    });
  });
}
