import {
  pending,
  RetryableError,
  type ServeOptions,
  type Signer,
  startIssuer,
} from "@countersign/issuer-core";
import { describe, expect, test } from "vitest";
import { findCondition } from "../conditions.ts";
import { issuerNamespace, manualIssuer } from "../identities.ts";
import { beginScene, type Scene } from "../scene.ts";
import type { TargetOf } from "../target.ts";

/** How long a request may go without a certificate, whoever serves it meanwhile. */
export function limitCases(target: TargetOf): void {
  describe("the limits of an attempt", () => {
    /** Serves the issuers of one scene with a signer of the test's. */
    async function serve(scene: Scene, sign: Signer["sign"], options: Partial<ServeOptions>) {
      const definition = {
        ...manualIssuer.definition,
        connect: async () => ({ idempotent: true, check: async () => {}, sign }),
      };
      const issuer = startIssuer(definition, {
        ...options,
        ignoreIssuer: ({ metadata }) => metadata.namespace !== scene.namespace,
        connection: await target().issuerConnection(manualIssuer.account),
        clusterResourceNamespace: issuerNamespace,
      });
      await issuer.synced;
      return issuer;
    }

    async function begin(name: string): Promise<Scene> {
      const scene = await beginScene(target(), name);
      await scene.storeSecret("Namespaced", name, { "tls.crt": "x", "tls.key": "x" });
      const issuerRef = await scene.createIssuer(manualIssuer, "Namespaced", { secretName: name });
      await scene.createRequest({ name: "web", issuerRef });
      await scene.approve("web");
      return scene;
    }

    test.concurrent.each<[string, Signer["sign"], Partial<ServeOptions>, RegExp]>([
      [
        "an order that stays pending",
        async () => pending({ operation: undefined, retryAfterMs: 300, message: "Nobody has looked at it." }),
        { pendingForMs: 3_000 },
        /had the request for 3 seconds without issuing\. Last it said: Nobody has looked at it\. Have the order decided/,
      ],
      [
        "trouble that stays",
        async () => {
          throw new RetryableError("The PKI answers 503.", { issuedNothing: true });
        },
        { retryForMs: 3_000 },
        /^Failed permanently to sign CertificateRequest: The PKI answers 503\.$/,
      ],
    ])("%s ends, though another process takes over in between", async (what, sign, options, message) => {
      const scene = await begin(what.replaceAll(" ", "-"));
      const began = Date.now();
      const first = await serve(scene, sign, options);
      await scene.untilReason("web", "Pending");
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      await first.stop();
      const second = await serve(scene, sign, options);
      const failed = await scene.untilReason("web", "Failed", 15_000);
      await second.stop();
      expect(Date.now() - began).toBeGreaterThan(2_900);
      expect(findCondition(failed, "Ready")?.message).toMatch(message);
      expect(Date.parse(failed.status?.failureTime ?? "")).toBeGreaterThan(began);
      expect(failed.status?.conditions?.map(({ type }) => type).sort()).toEqual(["Approved", "Ready"]);
    });
  });
}
