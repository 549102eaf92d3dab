import { startFakePki } from "@countersign/issuer-testing";
import { describe, expect, test } from "vitest";
import { eventually } from "../../e2e/eventually.ts";
import { beginScene } from "../scene.ts";
import type { TargetOf } from "../target.ts";

/**
 * The part of the throughput that must be left when every place for signing is wanted: one issuer may hold half of the
 * places for as long as its calls take (`maxConcurrentSignsPerIssuer`), and so may take half. The goal is 0.95.
 */
const leastLeft = 0.4;

/** Issuers of one process, of which one is in trouble. */
export function neighbourCases(target: TargetOf): void {
  describe("R14 one PKI of ten that hangs", () => {
    test("takes no more than its places from the nine others", async (context) => {
      const rates: number[] = [];
      for (const hangs of [false, true]) {
        const scene = await beginScene(target(), context, `r14-${hangs ? "hung" : "calm"}`, {
          signer: { idempotent: true },
          pki: { calm: true, misbehaviour: { latencyMs: 400 } },
        });
        // It passes every check and takes every order, and never answers one.
        const never = new Promise<void>(() => {});
        const hung = await startFakePki({
          calm: true,
          at: (point) => (point === "received" ? never : undefined),
        });
        context.onTestFinished(() => hung.stop());
        const healthy = Array.from({ length: 9 }, (_, index) => `healthy-${index}`);
        for (const name of healthy) await scene.createIssuer(name);
        await scene.createIssuer("hung", hung.url);
        const each = target().size(12, 30);
        // More than there are places for signing, and first in the queue.
        if (hangs) await scene.createRequests(80, { prefix: "a-hung", issuer: "hung" });
        for (const name of healthy) await scene.createRequests(each, { prefix: name, issuer: name });
        const issuer = await scene.serve();
        const { entries } = scene.pki.ledger;
        await eventually(
          { timeout: 60_000, interval: 100 },
          "every request of the healthy issuers issued",
          async () => entries.length,
          (issued) => issued === each * healthy.length,
        );
        if (hangs) expect(hung.count("order")).toBeGreaterThan(0);
        expect(hung.ledger.entries).toEqual([]);
        const [first, last] = [entries[0], entries.at(-1)].map((entry) => Date.parse(entry?.time ?? ""));
        rates.push(((entries.length - 1) * 1000) / ((last ?? 0) - (first ?? 0)));
        await issuer.stop();
      }
      const [alone = 0, beside = 0] = rates;
      await context.annotate(
        `${alone.toFixed(0)} certificates/s without, ${beside.toFixed(0)} with the hung PKI: ${((beside / alone) * 100).toFixed(0)} %`,
      );
      expect(beside / alone).toBeGreaterThan(leastLeft);
    });
  });
}
