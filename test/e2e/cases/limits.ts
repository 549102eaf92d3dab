import { setTimeout as delay } from "node:timers/promises";
import { pending, RetryableError, type ServeOptions, type Signer } from "@countersign/issuer-core";
import { describe, expect, test } from "vitest";
import { findCondition } from "../conditions.ts";
import { beginScripted } from "../serve-scripted.ts";
import type { TargetOf } from "../target.ts";

const patient = async () =>
  pending({ operation: undefined, retryAfterMs: 300, message: "Nobody has looked at it." });

/** How long a request may go without a certificate, whoever serves it meanwhile. */
export function limitCases(target: TargetOf): void {
  describe("the limits of an attempt", () => {
    test.concurrent.each<[string, Signer["sign"], Partial<ServeOptions>, RegExp]>([
      [
        "an order that stays pending",
        patient,
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
      const { scene, serve, request } = await beginScripted(target(), what.replaceAll(" ", "-"));
      await request("web");
      const began = Date.now();
      const first = await serve(sign, options);
      await scene.untilReason("web", "Pending");
      await delay(1_000);
      await first.stop();
      const second = await serve(sign, options);
      const failed = await scene.untilReason("web", "Failed", 15_000);
      await second.stop();
      expect(Date.now() - began).toBeGreaterThan(2_900);
      expect(findCondition(failed, "Ready")?.message).toMatch(message);
      expect(Date.parse(failed.status?.failureTime ?? "")).toBeGreaterThan(began);
      expect(failed.status?.conditions?.map(({ type }) => type).sort()).toEqual(["Approved", "Ready"]);
    });

    test.concurrent("are those of the issuer object, where it has any", async () => {
      const limits = { pendingFor: "2s", maxConcurrentSigns: 1 };
      const { scene, serve, request } = await beginScripted(target(), "own-limits", { limits });
      let running = 0;
      let most = 0;
      await using _ = await serve(async () => {
        running += 1;
        most = Math.max(most, running);
        await delay(100);
        running -= 1;
        return patient();
      });
      await Promise.all(["a", "b", "c"].map((name) => request(name)));
      const failed = await scene.untilReason("a", "Failed", 15_000);
      expect(findCondition(failed, "Ready")?.message).toContain("had the request for 2 seconds");
      expect(most).toBe(1);
    });
  });
}
