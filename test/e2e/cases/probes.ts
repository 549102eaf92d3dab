import { startIssuer, startProbeServer } from "@countersign/issuer-core";
import { describe, expect, test } from "vitest";
import { httpPkiIssuer, issuerNamespace } from "../identities.ts";
import { beginScene } from "../scene.ts";
import type { TargetOf } from "../target.ts";
import { pkiIssuer, startPki } from "./http-pki.ts";

/** What kubelet asks of a running issuer. */
export function probeCases(target: TargetOf): void {
  describe("the probes of an issuer", () => {
    test("look at the watches of its Secrets too, and pass while its PKI is away", async (context) => {
      await using issuer = startIssuer(httpPkiIssuer.definition, {
        connection: await target().issuerConnection(httpPkiIssuer.account),
        clusterResourceNamespace: issuerNamespace,
      });
      await using probes = await startProbeServer({ port: 0, host: "127.0.0.1", health: issuer.health });
      const ask = async (path: string) => {
        const answer = await fetch(`http://127.0.0.1:${probes.port}${path}`);
        return `${answer.status}\n${await answer.text()}`;
      };
      await issuer.synced;
      const { relay } = await startPki(context);
      const scene = await beginScene(target(), "probes");
      const issuerRef = await pkiIssuer(scene, "Namespaced", relay.url);
      relay.down = true;
      await scene.createRequest({ name: "waiting", issuerRef });
      await scene.untilReason("waiting", "Pending");
      expect(await ask("/livez")).toMatch(/^200\n(.*\n)*\[\+\]watches of single secrets ok\nlivez passed\n$/);
      expect(await ask("/readyz")).toMatch(/^200\n/);
      expect(await ask("/readyz")).not.toContain("single");
      relay.down = false;
      await scene.issued("waiting");
    });
  });
}
