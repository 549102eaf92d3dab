import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { beginScene } from "../scene.ts";
import type { TargetOf } from "../target.ts";

/** A PKI that is away, or refuses work. */
export function outageCases(target: TargetOf): void {
  describe("R6 a PKI that is away while requests come", () => {
    test.for(["reset", "hang", "unavailable"] as const)(
      "by %s: none fails, all are issued soon after it is back",
      async (how, context) => {
        const scene = await beginScene(target(), context, `r6-${how}`, {
          signer: { idempotent: true },
          pki: { calm: true },
        });
        await scene.createIssuer();
        // A call that hangs must end within the outage, as it would at the default deadline within one of minutes.
        await scene.serve({ signTimeoutMs: 5_000 });
        await scene.untilIssuer("True");
        const count = target().size(12, 200);
        const awayMs = target().size(5_000, 120_000);
        const outage = scene.pki.outage(awayMs, how);
        await scene.createRequests(count);
        await outage;
        expect(scene.pki.ledger.entries).toEqual([]);
        const backMs = await scene.untilIssued(count, 60_000);
        await context.annotate(
          `away ${awayMs} ms; all ${count} issued ${Math.round(backMs)} ms after it was back`,
        );
        expect(scene.pki.ledger.entries).toHaveLength(count);
      },
    );
  });

  describe("R6 a PKI that is back after its issuer's requests have come to back off for long", () => {
    test("is used in full at once: all are issued within seconds", async (context) => {
      const scene = await beginScene(target(), context, "r6-back", {
        signer: { idempotent: true },
        pki: { calm: true, misbehaviour: { latencyMs: 50 } },
      });
      await scene.createIssuer();
      await scene.serve();
      await scene.untilIssuer("True");
      const count = target().size(40, 400);
      const awayMs = target().size(20_000, 120_000);
      const outage = scene.pki.outage(awayMs, "unavailable");
      await scene.createRequests(count);
      await outage;
      // By their back-off alone the last of them would come after 32 to 45 s.
      const backMs = await scene.untilIssued(count, 60_000);
      await context.annotate(
        `away ${awayMs} ms; all ${count} issued ${Math.round(backMs)} ms after it was back`,
      );
      expect(backMs).toBeLessThan(10_000);
      expect(scene.pki.ledger.entries).toHaveLength(count);
    });
  });

  describe("R8 a PKI that answers 429 nine times in ten", () => {
    test("is asked again only after its Retry-After, and issues once for each request", async (context) => {
      const retryAfterSeconds = 2;
      const scene = await beginScene(target(), context, "r8-throttled", {
        signer: { find: true },
        pki: { calm: true, misbehaviour: { throttled: 0.9, retryAfterSeconds } },
      });
      await scene.createIssuer();
      await scene.serve();
      const count = target().size(16, 60);
      await scene.createRequests(count);
      await delay(target().size(8_000, 20_000));
      scene.pki.calmDown();
      await scene.untilIssued(count, 60_000);
      const byKey = Map.groupBy(
        scene.pki.calls.filter(({ route }) => route === "order" || route === "find"),
        ({ key }) => key ?? "",
      );
      let gaps = 0;
      for (const calls of byKey.values()) {
        for (const [index, call] of calls.entries()) {
          const next = calls[index + 1];
          if (call.status !== 429 || next === undefined) continue;
          gaps += 1;
          expect(next.time - call.time).toBeGreaterThanOrEqual(retryAfterSeconds * 1000 - 50);
        }
      }
      expect(gaps).toBeGreaterThan(count / 2);
      await context.annotate(`${count} requests, ${gaps} repeats after a 429`);
      expect(scene.pki.ledger.entries).toHaveLength(count);
      expect(scene.pki.ledger.duplicates()).toEqual([]);
    });
  });
}
