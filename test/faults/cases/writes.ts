import { type FakePkiIssuerOptions, seededRandom } from "@countersign/issuer-testing";
import { describe, expect, test } from "vitest";
import type { RelayVerdict } from "../fixtures/api-relay.ts";
import { isStatusWrite } from "../fixtures/relayed-call.ts";
import { beginScene } from "../scene.ts";
import type { TargetOf } from "../target.ts";

const failures: readonly RelayVerdict[] = [
  { status: 409 },
  { status: 429, retryAfterSeconds: 1 },
  { status: 500 },
  "reset",
  "loseAnswer",
];

const signers: readonly (readonly [name: string, signer: FakePkiIssuerOptions, share: number])[] = [
  ["idempotent", { idempotent: true }, 1],
  ["find", { find: true }, 0.2],
  ["plain", {}, 0.2],
];

/** Status writes that fail. */
export function writeCases(target: TargetOf): void {
  describe("R1 three status writes in ten fail, by 409, 429, 500, reset or a lost answer", () => {
    test.for(signers)("every request is issued, once: %s signer", async ([name, signer, share], context) => {
      const scene = await beginScene(target(), context, `r1-${name}`, { signer, pki: { calm: true } });
      const random = seededRandom(20_260_401);
      const hits = new Map<RelayVerdict, number>();
      scene.relay.before = (call) => {
        if (!isStatusWrite(call) || random() >= 0.3) return undefined;
        const verdict = failures[Math.floor(random() * failures.length)];
        if (verdict !== undefined) hits.set(verdict, (hits.get(verdict) ?? 0) + 1);
        return verdict;
      };
      await scene.createIssuer();
      await scene.serve();
      const count = Math.round(target().size(300, 2_000) * share);
      await scene.createRequests(count);
      const ms = await scene.untilIssued(count, 90_000);
      expect(scene.pki.ledger.duplicates()).toEqual([]);
      expect(scene.pki.ledger.entries).toHaveLength(count);
      for (const failure of failures) expect(hits.get(failure) ?? 0).toBeGreaterThan(0);
      expect(await scene.eventsWith("PossibleDuplicate")).toEqual([]);
      const failed = [...hits.values()].reduce((sum, each) => sum + each, 0);
      await context.annotate(
        `${count} requests, ${failed} failed writes, 0 duplicates, ${Math.round(ms)} ms`,
      );
    });
  });
}
