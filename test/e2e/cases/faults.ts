import { describe, expect, test } from "vitest";
import type { EmbeddedTarget } from "../embedded-target.ts";
import { newTestCa } from "../fixtures/test-ca.ts";
import { guardedIssuer, softwareCaIssuer } from "../identities.ts";
import { beginScene } from "../scene.ts";
import { serveIssuers } from "../serve-issuers.ts";
import type { TargetOf } from "../target.ts";
import { renewing } from "./credentials.ts";

type FaultRule = Parameters<EmbeddedTarget["faults"]["add"]>[0];
type FaultAction = FaultRule["action"];

const statusOf = (code: number, more: object = {}): FaultAction => ({ type: "status", code, ...more });

const badAnswers: readonly (readonly [what: string, action: FaultAction, times: number])[] = [
  ["answered with 500", statusOf(500), 3],
  ["answered with 503", statusOf(503), 3],
  ["answered with 409", statusOf(409, { reason: "Conflict" }), 3],
  ["answered with 429 and Retry-After", statusOf(429, { retryAfterSeconds: 1 }), 2],
  ["answered with 403 for a moment", statusOf(403), 2],
  ["reset", { type: "reset" }, 3],
  ["committed but never answered", { type: "dropResponse" }, 2],
];

/** A pseudo-random sequence, the same in every run (Lehmer, MINSTD). */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** An API server that misbehaves on demand, which only the embedded one does. */
export function faultCases(target: TargetOf<EmbeddedTarget>): void {
  describe("a status write", () => {
    const ledger = serveIssuers(target, softwareCaIssuer);
    const statusWrite = { verb: "patch", resource: "certificaterequests", subresource: "status" } as const;

    test.concurrent.each(badAnswers)(
      "that is %s is written again, and nothing is signed again",
      async (what, action, times) => {
        const name = `write-${what.replaceAll(/[^a-z0-9]+/gi, "-").toLowerCase()}`;
        const scene = await beginScene(target(), name);
        const issuerRef = await scene.caIssuer(softwareCaIssuer, "Cluster", newTestCa("Faults CA"));
        // Only from the signature on, so that the approval, which is a status write too, is not hit.
        let hits = () => 0;
        ledger.before(name, "one", () => {
          const fault = target().faults.add({ ...statusWrite, namespace: name, name: "one", times, action });
          hits = () => fault.hits;
        });
        await scene.createRequest({ name: "one", issuerRef });
        await scene.issued("one");
        expect(hits()).toBeGreaterThan(0);
        if (action.type !== "dropResponse") expect(hits()).toBe(times);
        expect(ledger.calls(name, "one")).toBe(1);
      },
    );

    test.concurrent("that fails three times in ten leaves 40 requests issued and signed once each", async () => {
      const scene = await beginScene(target(), "writes-fail");
      const issuerRef = await scene.caIssuer(softwareCaIssuer, "Cluster", newTestCa("Faults CA"));
      const random = chance(20_260_101);
      const actions: readonly FaultAction[] = [statusOf(500), { type: "reset" }, { type: "dropResponse" }];
      const faults = actions.map((action) =>
        target().faults.add({ ...statusWrite, namespace: "writes-fail", probability: 0.1, random, action }),
      );
      const names = Array.from({ length: 40 }, (_, index) => `r-${index}`);
      await Promise.all(names.map((name) => scene.createRequest({ name, issuerRef })));
      await Promise.all(names.map((name) => scene.issued(name)));
      for (const fault of faults) {
        expect(fault.hits).toBeGreaterThan(0);
        fault.remove();
      }
      for (const name of names) expect(ledger.calls("writes-fail", name)).toBe(1);
    });
  });

  describe("a write of a renewed credential", () => {
    serveIssuers(target, guardedIssuer);

    test.concurrent.for(badAnswers)(
      "that is %s is written again, and nothing is renewed again",
      async ([what, action, times], context) => {
        const name = `save-${what.replaceAll(/[^a-z0-9]+/gi, "-").toLowerCase()}`;
        const it = await renewing(target(), context, name, "Namespaced");
        const fault = target().faults.add({
          verb: "patch",
          resource: "secrets",
          namespace: name,
          times,
          action,
        });
        const issuerRef = await it.create();
        await it.exchanged(1);
        await it.scene.issuerCondition(guardedIssuer, issuerRef, "True");
        context.expect(fault.hits).toBeGreaterThan(0);
        if (action.type !== "dropResponse") context.expect(fault.hits).toBe(times);
        context.expect(it.passes).toMatchObject({ exchanges: 1, reused: 0 });
      },
    );
  });

  describe("a watch of Secrets that is silent", () => {
    serveIssuers(target, guardedIssuer);

    test("does not make an issuer use a pass that another process has spent", async (context) => {
      const mute = target().faults.add({ verb: "watch", resource: "secrets", action: { type: "mute" } });
      context.onTestFinished(() => mute.remove());
      const it = await renewing(target(), context, "silent-watch", "Namespaced");
      const issuerRef = await it.create();
      await it.exchanged(1);
      await it.scene.storeSecret("Namespaced", it.secret.name, {
        pass: it.passes.renew(),
        note: "another's",
      });
      await it.scene.storeConfigMap("Namespaced", "silent-watch", { "ca.crt": it.caPem, more: "" });
      await it.exchanged(2);
      await it.scene.issuerCondition(guardedIssuer, issuerRef, "True");
      expect(it.passes.reused).toBe(0);
    });
  });

  describe("a watch", () => {
    const ledger = serveIssuers(target, softwareCaIssuer);

    test("that is cut, ended or told 410 while requests run loses none of them", async () => {
      const scene = await beginScene(target(), "watches-fail");
      const issuerRef = await scene.caIssuer(softwareCaIssuer, "Cluster", newTestCa("Watches CA"));
      const { faults } = target();
      const troubles = [() => faults.cutWatches(), () => faults.endWatches(), () => faults.failWatches()];
      const names = Array.from({ length: 12 }, (_, index) => `r-${index}`);
      let hit = 0;
      for (const [index, name] of names.entries()) {
        await scene.createRequest({ name, issuerRef });
        hit += troubles[index % troubles.length]?.() ?? 0;
      }
      expect(hit).toBeGreaterThan(troubles.length);
      for (const name of names) {
        await scene.issued(name);
        expect(ledger.calls("watches-fail", name)).toBe(1);
      }
    });
  });
}
