import { describe, expect, test } from "vitest";
import { eventually } from "../../e2e/eventually.ts";
import { beginScene } from "../scene.ts";
import type { TargetOf } from "../target.ts";

/** Credentials that change while they are in use. */
export function rotationCases(target: TargetOf): void {
  describe("R11 a token that is rotated under load", () => {
    test("is in use within 5 s, and no request fails", async (context) => {
      const scene = await beginScene(target(), context, "r11-rotate", {
        signer: { idempotent: true },
        pki: { calm: true, misbehaviour: { latencyMs: 30, pending: 0.2 } },
      });
      await scene.createIssuer();
      await scene.serve();
      await scene.untilIssuer("True");
      const rotations = target().size(4, 20);
      const delays: number[] = [];
      let count = 0;
      for (let round = 0; round < rotations; round += 1) {
        const token = `token ${round}`;
        const load = scene.createRequests(15, { prefix: `r${round}` });
        count += 15;
        // Every other rotation is hard: the old token is refused from the moment that the new one is stored.
        if (round % 2 === 1) scene.pki.tokens.clear();
        scene.pki.tokens.add(token);
        const stored = performance.now();
        await scene.storeToken(token);
        await eventually(
          { timeout: 5_000, interval: 5 },
          `a call with ${token}`,
          async () => scene.pki.calls.some((call) => call.token === token),
          (used) => used,
        );
        delays.push(performance.now() - stored);
        await load;
      }
      await scene.untilIssued(count, 60_000);
      await context.annotate(
        `${rotations} rotations, ${count} requests; in use after at most ${Math.round(Math.max(...delays))} ms`,
      );
      expect(Math.max(...delays)).toBeLessThan(5_000);
      expect(scene.pki.ledger.duplicates()).toEqual([]);
    });
  });
}
