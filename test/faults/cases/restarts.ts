import { describe, expect, test } from "vitest";
import { beginScene } from "../scene.ts";
import type { TargetOf } from "../target.ts";

/** An API server that restarts; last, since it takes the API server from every other case. */
export function restartCases(target: TargetOf): void {
  describe("R12 an API server that restarts under load", () => {
    test("loses no request and costs no duplicate", async (context) => {
      const scene = await beginScene(target(), context, "r12-restart", {
        pki: { calm: true, misbehaviour: { pending: 0.3 } },
      });
      await scene.createIssuer();
      await scene.serve();
      await scene.untilIssuer("True");
      const restarts = target().size(4, 30);
      const each = target().size(10, 20);
      for (let round = 0; round < restarts; round += 1) {
        await scene.createRequests(each, { prefix: `r${round}` });
        await target().restart();
      }
      const ms = await scene.untilIssued(restarts * each, 60_000);
      await context.annotate(
        `${restarts} restarts, ${restarts * each} requests, all issued ${Math.round(ms)} ms after the last restart`,
      );
      expect(scene.pki.ledger.duplicates()).toEqual([]);
      expect(scene.pki.ledger.entries).toHaveLength(restarts * each);
      await scene.createRequests(1, { prefix: "after" });
      await scene.untilIssued(restarts * each + 1, 15_000);
    });
  });
}
