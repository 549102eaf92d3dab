import { describe, expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import { opensslVerdict } from "../fixtures/openssl-verdict.ts";
import { newTestCa } from "../fixtures/test-ca.ts";
import { httpPkiIssuer, softwareCaIssuer } from "../identities.ts";
import { namespaces } from "../resources.ts";
import { beginScene } from "../scene.ts";
import { serveIssuers } from "../serve-issuers.ts";
import type { TargetOf } from "../target.ts";
import { pkiIssuer, startPki } from "./http-pki.ts";

/** An API server that goes away and comes back. */
export function outageCases(target: TargetOf): void {
  describe("a restart of the API server", () => {
    const ledger = serveIssuers(target, httpPkiIssuer, softwareCaIssuer);

    test("while orders run costs no certificate and no second order", async (context) => {
      const { pki, relay, orders } = await startPki(context, 2);
      const scene = await beginScene(target(), "outage-pending");
      const issuerRef = await pkiIssuer(scene, "Cluster", relay.url);
      const names = Array.from({ length: 8 }, (_, index) => `r-${index}`);
      for (const name of names) await scene.createRequest({ name, issuerRef });
      await eventually(
        target().patience,
        "the first order",
        async () => orders(),
        (count) => count > 0,
      );
      await target().outage();
      for (const name of names) await opensslVerdict(await scene.issued(name));
      // A repeat carries the key of the first and is no order: the PKI's ledger counts, not the calls.
      expect(pki.orders).toBe(names.length);
    });

    test("between signature and status costs no second signature", async () => {
      const scene = await beginScene(target(), "outage-signed");
      const issuerRef = await scene.caIssuer(softwareCaIssuer, "Cluster", newTestCa("Outage CA"));
      const away = () =>
        target()
          .kube.get(namespaces, { name: "default" })
          .then(
            () => false,
            () => true,
          );
      let outage: Promise<void> | undefined;
      ledger.before("outage-signed", "cut", async () => {
        outage = target().outage();
        await eventually({ timeout: 10_000, interval: 10 }, "the API server away", away, (gone) => gone);
      });
      await scene.createRequest({ name: "cut", issuerRef });
      const issued = await scene.issued("cut");
      await outage;
      expect(outage).toBeDefined();
      expect((await opensslVerdict(issued)).issuer).toBe("CN=Outage CA");
      expect(ledger.calls("outage-signed", "cut")).toBe(1);
    });

    test("leaves the watches in order: what comes afterwards is issued", async () => {
      const scene = await beginScene(target(), "outage-after");
      const issuerRef = await scene.caIssuer(softwareCaIssuer, "Cluster", newTestCa("After CA"));
      await scene.createRequest({ name: "after", issuerRef });
      await scene.issued("after");
    });
  });
}
