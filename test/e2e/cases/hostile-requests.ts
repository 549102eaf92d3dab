import { isKubeApiError } from "@countersign/issuer-core/kube";
import { beforeAll, describe, expect, test } from "vitest";
import { findCondition } from "../conditions.ts";
import { hostileCsrs } from "../fixtures/hostile-csrs.ts";
import { newTestCa } from "../fixtures/test-ca.ts";
import { softwareCaIssuer } from "../identities.ts";
import { beginScene, type IssuerReference, type Scene } from "../scene.ts";
import { serveIssuers } from "../serve-issuers.ts";
import type { TargetOf } from "../target.ts";

/** CSRs that no issuer may sign. */
export function hostileRequestCases(target: TargetOf): void {
  describe("a hostile CSR", () => {
    const ledger = serveIssuers(target, softwareCaIssuer);
    const reached: string[] = [];
    const stopped: string[] = [];
    let scene: Scene;
    let issuerRef: IssuerReference;
    beforeAll(async () => {
      scene = await beginScene(target(), "hostile");
      issuerRef = await scene.caIssuer(softwareCaIssuer, "Cluster", newTestCa("Hostile CA"));
    });

    /** Whether the request is stored: the API server's schema and cert-manager's webhook may refuse it. */
    async function isStored(name: string, csr: string | Uint8Array): Promise<boolean> {
      try {
        await scene.createRequest({ name, issuerRef, csr });
        return true;
      } catch (error) {
        if (isKubeApiError(error, 422)) return false;
        if (!target().hasWebhook || !isKubeApiError(error, 403)) throw error;
        expect(error.message).toContain("admission webhook");
        return false;
      }
    }

    test.concurrent.each(hostileCsrs)(
      "with %s fails with a reason, or never reaches the issuer",
      async (what, make) => {
        const name = what.replaceAll(/[^a-z0-9]+/gi, "-").toLowerCase();
        if (!(await isStored(name, make()))) {
          stopped.push(what);
          return;
        }
        reached.push(what);
        const failed = await scene.untilReason(name, "Failed");
        const { message = "" } = findCondition(failed, "Ready") ?? {};
        expect(message).toMatch(
          /^Failed permanently to sign CertificateRequest: certificate request refused: [\x20-\x7e]{10,500}$/,
        );
        expect(Date.parse(failed.status?.failureTime ?? "")).toBeGreaterThan(Date.now() - 120_000);
        expect(failed.status?.certificate).toBeUndefined();
        expect(ledger.calls(scene.namespace, name)).toBe(0);
      },
    );

    test("leaves the issuer alive: the next good request is issued", async () => {
      await scene.createRequest({ name: "good", issuerRef });
      await scene.issued("good");
      expect(reached.length + stopped.length).toBe(hostileCsrs.length);
      // Go takes these two, so the issuer must refuse them on every target.
      expect(reached).toEqual(expect.arrayContaining(["an RSA key of 1024 bits", "a SHA-1 signature"]));
      if (!target().hasWebhook) expect(stopped.filter((what) => what !== "nothing in it")).toEqual([]);
    });
  });
}
