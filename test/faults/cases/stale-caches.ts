import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { eventually } from "../../e2e/eventually.ts";
import { beginScene } from "../scene.ts";
import type { TargetOf } from "../target.ts";

/** A cache that is behind what is. */
export function staleCacheCases(target: TargetOf): void {
  describe("R3 a cache that is behind", () => {
    test("while the issuer flaps: every request is issued, once", async (context) => {
      const scene = await beginScene(target(), context, "r3-flap", { pki: { calm: true } });
      await scene.createIssuer();
      const issuer = await scene.serve();
      await scene.untilIssuer("True");
      let flaps = 0;
      issuer.lifecycle.on("issuer:checked", ({ changed }) => {
        if (changed) flaps += 1;
      });
      scene.relay.watchDelayMs = target().size(500, 3_000);
      const count = target().size(30, 100);
      const wanted = target().size(4, 8);
      const deadline = performance.now() + 60_000;
      const creating = scene.createRequests(count);
      for (let up = false; flaps < wanted && performance.now() < deadline; up = !up) {
        scene.pki.tokens.clear();
        if (up) scene.pki.tokens.add("fake-pki-token");
        await scene.touchIssuer();
        const before = flaps;
        const enough = performance.now() + 2 * scene.relay.watchDelayMs;
        while (flaps === before && performance.now() < enough) await delay(50);
      }
      scene.pki.tokens.add("fake-pki-token");
      await scene.touchIssuer();
      await creating;
      await scene.untilIssued(count, 60_000);
      await context.annotate(`${count} requests, the issuer changed its condition ${flaps} times`);
      expect(flaps).toBeGreaterThanOrEqual(wanted);
      expect(scene.pki.ledger.duplicates()).toEqual([]);
    });

    test("by a whole restart: what another process has issued is not ordered again", async (context) => {
      const scene = await beginScene(target(), context, "r3-stale", { pki: { calm: true } });
      await scene.createIssuer();
      const count = target().size(20, 60);
      await scene.createRequests(count);
      const stale = { status: 200, body: await scene.requestList() };
      const first = await scene.serve();
      await scene.untilIssued(count, 30_000);
      await first.stop();
      // An API server whose own cache is behind lists every request as it was before.
      let lists = 0;
      scene.relay.before = ({ resource, method, name, isWatch }) => {
        if (resource !== "certificaterequests" || method !== "GET" || name !== "") return undefined;
        if (isWatch) return { status: 503 };
        lists += 1;
        return stale;
      };
      await scene.serve();
      const mark = scene.relay.calls.length;
      await eventually(
        { timeout: 10_000, interval: 100 },
        "every request looked at anew",
        async () =>
          scene.relay.calls
            .slice(mark)
            .filter(({ resource, name }) => resource === "certificaterequests" && name !== ""),
        (reads) => new Set(reads.map(({ name }) => name)).size === count,
      );
      expect(lists).toBeGreaterThan(0);
      await delay(500);
      expect(scene.pki.ledger.entries).toHaveLength(count);
      expect(scene.pki.ledger.duplicates()).toEqual([]);
    });
  });
}
