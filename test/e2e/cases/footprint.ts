import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import { newTestCa } from "../fixtures/test-ca.ts";
import { softwareCaIssuer } from "../identities.ts";
import { summary, writesOf } from "../request-log.ts";
import { beginScene } from "../scene.ts";
import { serveIssuers } from "../serve-issuers.ts";
import type { TargetOf } from "../target.ts";

const idleMs = 3_000;

/** What an issuer costs the API server: the server's own log is the oracle. */
export function footprintCases(target: TargetOf): void {
  describe("the footprint of an issuer", () => {
    serveIssuers(target, softwareCaIssuer);

    test("is one status PATCH and one event for each issued request, and no write while it is idle", async () => {
      const scene = await beginScene(target(), "footprint");
      const issuerRef = await scene.caIssuer(softwareCaIssuer, "Cluster", newTestCa("Footprint CA"));
      const names = Array.from({ length: 10 }, (_, index) => `r-${index}`);
      await Promise.all(names.map((name) => scene.createRequest({ name, issuerRef })));
      await Promise.all(names.map((name) => scene.issued(name)));
      const written = async () => writesOf(await target().log(), softwareCaIssuer, "footprint").map(summary);
      await eventually(target().patience, "an event for each", written, (all) => all.length >= 20);
      const expected = names.flatMap((name) => [
        `patch certificaterequests/status ${name} 200`,
        "create events 201",
      ]);
      expect((await written()).sort()).toEqual(expected.sort());

      // What waits must not cost more than what is done: one issuer does not exist, the other is not ready.
      const notReady = await scene.createIssuer(softwareCaIssuer, "Namespaced", { secretName: "missing" });
      await scene.issuerCondition(softwareCaIssuer, notReady, "False");
      await scene.createRequest({ name: "not-ready", issuerRef: notReady });
      await scene.createRequest({ name: "no-issuer", issuerRef: { ...issuerRef, name: "nobody" } });
      await scene.untilReason("not-ready", "Pending");
      await scene.untilReason("no-issuer", "Pending");
      await delay(500);
      const before = writesOf(await target().log(), softwareCaIssuer).length;
      // A change of what an issuer does not look at is no reason to say again what has been said.
      for (const name of ["not-ready", "no-issuer", "r-0"]) await scene.touch(name);
      await delay(idleMs);
      expect(
        writesOf(await target().log(), softwareCaIssuer)
          .slice(before)
          .map(summary),
      ).toEqual([]);
    });
  });
}
