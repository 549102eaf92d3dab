import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { findCondition } from "../../e2e/conditions.ts";
import { eventually } from "../../e2e/eventually.ts";
import { isWrite, type RelayedCall } from "../fixtures/relayed-call.ts";
import { beginScene, type FaultScene } from "../scene.ts";
import type { TargetOf } from "../target.ts";

/** `PATCH certificaterequests/status`: what is written, without names. */
function writes(calls: readonly RelayedCall[]): readonly string[] {
  return calls
    .filter(isWrite)
    .map(({ method, resource, subresource }) => `${method} ${resource}${subresource && "/"}${subresource}`);
}

/** Resolves when the issuer has written nothing for so long, in milliseconds. */
async function untilQuiet({ relay }: FaultScene, ms: number): Promise<void> {
  for (let count = -1; count !== relay.calls.filter(isWrite).length; ) {
    count = relay.calls.filter(isWrite).length;
    await delay(ms);
  }
}

/** What an issuer does not do. */
export function restraintCases(target: TargetOf): void {
  describe("R9 a request that the PKI refuses", () => {
    test("costs one call of the PKI, two status writes and one event", async (context) => {
      const scene = await beginScene(target(), context, "r9-refused", {
        pki: { calm: true, reject: () => "the profile does not allow it" },
      });
      await scene.createIssuer();
      await scene.serve();
      await scene.untilIssuer("True");
      await untilQuiet(scene, 1_000);
      const mark = scene.relay.calls.length;
      const names = await scene.createRequests(5);
      await eventually(
        { timeout: 20_000, interval: 200 },
        "every request failed",
        () => scene.requests(),
        (all) => all.every((request) => findCondition(request, "Ready")?.reason === "Failed"),
      );
      await untilQuiet(scene, 2_000);
      expect(scene.pki.count("order")).toBe(names.length);
      for (const { status } of await scene.requests()) expect(status?.failureTime).toBeDefined();
      const all = writes(scene.relay.calls.slice(mark));
      expect(all.filter((what) => what === "PATCH certificaterequests/status")).toHaveLength(
        2 * names.length,
      );
      expect(all.filter((what) => what === "POST events")).toHaveLength(names.length);
      expect(all).toHaveLength(3 * names.length);
    });
  });

  describe("R22 an issuer that does what it should", () => {
    test.for([
      ["idempotent", { idempotent: true }, 1],
      ["plain", {}, 2],
    ] as const)(
      "%s signer: writes its status and one event for a request, and nothing when idle",
      async ([name, signer, patches], context) => {
        const scene = await beginScene(target(), context, `r22-${name}`, { signer, pki: { calm: true } });
        await scene.createIssuer();
        await scene.serve();
        await scene.untilIssuer("True");
        await untilQuiet(scene, 1_000);
        const mark = scene.relay.calls.length;
        const count = 20;
        await scene.createRequests(count);
        await scene.untilIssued(count, 20_000);
        await untilQuiet(scene, 1_000);
        const done = scene.relay.calls.length;
        const all = writes(scene.relay.calls.slice(mark));
        expect(all.filter((what) => what === "PATCH certificaterequests/status")).toHaveLength(
          patches * count,
        );
        expect(all.filter((what) => what === "POST events")).toHaveLength(count);
        expect(all).toHaveLength((patches + 1) * count);
        await delay(target().size(10_000, 60_000));
        expect(writes(scene.relay.calls.slice(done))).toEqual([]);
      },
    );
  });
}
