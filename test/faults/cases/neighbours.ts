import { httpClientDefaults } from "@countersign/issuer-core";
import { type FakePki, startFakePki } from "@countersign/issuer-testing";
import { describe, expect, type TestContext, test } from "vitest";
import { eventually } from "../../e2e/eventually.ts";
import { beginScene, type FaultScene } from "../scene.ts";
import type { TargetOf } from "../target.ts";

/** The part of the throughput that must be left to the healthy issuers (DESIGN: they lose less than 5 %). */
const leastLeft = 0.95;

/** Few places and a quick PKI, so that the places are the limit and not the machine, which both sides share. */
const limits = Object.freeze({ maxConcurrentSigns: 8, maxConcurrentSignsPerIssuer: 4 });
const latencyMs = 200;
const healthy = Array.from({ length: 9 }, (_, index) => `healthy-${index}`);

/** Issuers of one process, of which one is in trouble. */
export function neighbourCases(target: TargetOf): void {
  describe("R14 one PKI of ten that hangs, while every place for signing is wanted", () => {
    test("takes less than 5 % of the throughput from the nine others", async (context) => {
      const hung = await startHungPki(context);
      const scenes: FaultScene[] = [];
      const each = target().size(100, 300);
      for (const name of ["r14-calm", "r14-hung"]) {
        const scene = await beginScene(target(), context, name, {
          signer: { idempotent: true },
          pki: { calm: true, misbehaviour: { latencyMs } },
        });
        scenes.push(scene);
        for (const issuer of healthy) await scene.createIssuer(issuer);
        await scene.createIssuer("hung", hung.url);
        // First in the queue, and more than there are places.
        if (name === "r14-hung") await scene.createRequests(40, { prefix: "a-hung", issuer: "hung" });
        for (const issuer of healthy) await scene.createRequests(each, { prefix: issuer, issuer });
      }
      // Side by side, so that whatever else the machine does slows both alike.
      await Promise.all(scenes.map((scene) => scene.serve(limits)));
      const served = performance.now();
      const [calm, beside] = scenes.map(({ pki }) => pki.ledger.entries);
      await eventually(
        { timeout: 150_000, interval: 100 },
        "every request of the healthy issuers issued",
        async () => [calm?.length, beside?.length],
        (issued) => issued.every((count) => count === each * healthy.length),
      );
      // Its places are taken anew only when the calls before are given up.
      const turns = Math.ceil((performance.now() - served) / httpClientDefaults.headersTimeoutMs);
      const { maxConcurrentSignsPerIssuer } = limits;
      expect(hung.count("order")).toBeGreaterThanOrEqual(maxConcurrentSignsPerIssuer);
      expect(hung.count("order")).toBeLessThanOrEqual(maxConcurrentSignsPerIssuer * turns);
      expect(hung.ledger.entries).toEqual([]);
      // From where both are under way to where the first of them has no work left.
      const [calmTimes, besideTimes] = [calm, beside].map((entries) =>
        (entries ?? []).map(({ time }) => Date.parse(time)),
      );
      const from = Math.max(calmTimes?.[0] ?? 0, besideTimes?.[0] ?? 0);
      const to = Math.min(calmTimes?.at(-1) ?? 0, besideTimes?.at(-1) ?? 0);
      const [alone = 0, left = 0] = [calmTimes, besideTimes].map(
        (times = []) => times.filter((at) => at >= from && at <= to).length,
      );
      await context.annotate(
        `in ${((to - from) / 1000).toFixed(1)} s ${alone} certificates without, ${left} with the hung PKI: ${((left / alone) * 100).toFixed(1)} %`,
      );
      expect(left / alone).toBeGreaterThan(leastLeft);
    });
  });
}

/** It passes every check and takes every order, and never answers one. */
async function startHungPki(context: Pick<TestContext, "onTestFinished">): Promise<FakePki> {
  const never = new Promise<void>(() => {});
  const hung = await startFakePki({ calm: true, at: (point) => (point === "received" ? never : undefined) });
  context.onTestFinished(() => hung.stop());
  return hung;
}
