import { badCertificates } from "@countersign/issuer-testing";
import { describe, expect, test } from "vitest";
import { findCondition } from "../../e2e/conditions.ts";
import { eventually } from "../../e2e/eventually.ts";
import { beginScene } from "../scene.ts";
import type { TargetOf } from "../target.ts";

const vectors = Object.keys(badCertificates);

/** A PKI that answers with what must not reach the cluster. */
export function badCertificateCases(target: TargetOf): void {
  describe("R16 a PKI that answers with bad certificates", () => {
    test(`of ${vectors.length} kinds: none reaches a status, and good ones do afterwards`, async (context) => {
      let bad = true;
      const scene = await beginScene(target(), context, "r16-bad", {
        signer: { idempotent: true },
        pki: {
          calm: true,
          badAnswer: ({ csr }) =>
            bad ? vectors[Number(/^v-(\d+)\./.exec(csr.names.dns[0] ?? "")?.[1])] : undefined,
        },
      });
      await scene.createIssuer();
      await scene.serve();
      await scene.untilIssuer("True");
      const names = await scene.createRequests(vectors.length, { prefix: "v" });
      const seen = await eventually(
        { timeout: 30_000, interval: 200 },
        "every request answered once and judged",
        () => scene.requests(),
        (all) =>
          all.every((request) => findCondition(request, "Ready")?.message.includes("will retry") === true),
      );
      expect(seen).toHaveLength(names.length);
      const statusTexts = scene.relay.calls
        .filter(({ method }) => method === "PATCH")
        .map(({ body }) => body);
      expect(statusTexts.length).toBeGreaterThanOrEqual(names.length);
      expect(statusTexts.filter((body) => /"(certificate|ca)":/.test(body))).toEqual([]);
      for (const { status } of seen) {
        expect(status?.certificate).toBeUndefined();
        expect(status?.ca).toBeUndefined();
        expect(status?.failureTime).toBeUndefined();
      }
      bad = false;
      await scene.untilIssued(names.length, 60_000);
    });
  });
}
