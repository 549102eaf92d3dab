import { setTimeout as delay } from "node:timers/promises";
import { parseCertificates, parseCsr, type RequestAbandoned } from "@countersign/issuer-core";
import type { FakePkiOptions } from "@countersign/issuer-testing";
import { describe, expect, test } from "vitest";
import { eventually } from "../../e2e/eventually.ts";
import { beginScene, type FaultScene } from "../scene.ts";
import type { TargetOf } from "../target.ts";

/** Objects that are deleted while they are needed. */
export function deletionCases(target: TargetOf): void {
  describe("R18 objects that are deleted while a request is being signed", () => {
    async function slowScene(context: Parameters<typeof beginScene>[1], name: string, held?: Promise<void>) {
      const pki: FakePkiOptions = { calm: true, at: (point) => (point === "received" ? held : undefined) };
      const scene = await beginScene(target(), context, name, { pki });
      await scene.createIssuer();
      const issuer = await scene.serve();
      await scene.untilIssuer("True");
      scene.pki.misbehave({ latencyMs: held === undefined ? 1_500 : 0 });
      return { scene, issuer };
    }
    const untilOrdered = (scene: FaultScene, count: number) =>
      eventually(
        { timeout: 15_000, interval: 20 },
        `${count} orders under way`,
        async () => scene.pki.count("order"),
        (orders) => orders >= count,
      );

    test("the request: another of its name gets its own certificate, and nothing is trouble", async (context) => {
      const held = Promise.withResolvers<void>();
      const { scene, issuer } = await slowScene(context, "r18-request", held.promise);
      const abandoned: RequestAbandoned[] = [];
      issuer.lifecycle.on("request:abandoned", (step) => void abandoned.push(step));
      let ended = 0;
      issuer.lifecycle.on("pki:exchanged", ({ code }) => {
        if (typeof code === "string") ended += 1;
      });
      const names = await scene.createRequests(8);
      await untilOrdered(scene, 8);
      for (const name of names) await scene.deleteRequest(name);
      await eventually(
        { timeout: 5_000, interval: 20 },
        "8 calls ended before the PKI's answer",
        async () => [ended, abandoned.length],
        (counts) => counts.every((count) => count === 8),
      );
      held.resolve();
      await scene.createRequests(8);
      await scene.untilIssued(8, 20_000);
      expect(scene.troubles).toEqual([]);
      expect(abandoned.map(({ request }) => request.name).sort()).toEqual([...names].sort());
      for (const { spec, status } of await scene.requests()) {
        const [leaf] = parseCertificates(Buffer.from(status?.certificate ?? "", "base64"));
        expect(leaf?.spkiDer).toEqual(parseCsr(Buffer.from(spec.request, "base64")).spkiDer);
      }
    });

    test("the issuer: its requests wait, and are issued when it is back", async (context) => {
      const { scene } = await slowScene(context, "r18-issuer");
      await scene.createRequests(8);
      await untilOrdered(scene, 4);
      await scene.deleteIssuer();
      await delay(200);
      await scene.createRequests(2, { prefix: "late" });
      scene.pki.calmDown();
      await delay(1_800);
      await scene.createIssuer();
      await scene.untilIssued(10, 20_000);
      expect(scene.troubles).toEqual([]);
      expect(scene.pki.ledger.duplicates()).toEqual([]);
    });

    test("the Secret: the issuer is not Ready, its requests wait, and are issued when it is back", async (context) => {
      const { scene } = await slowScene(context, "r18-secret");
      await scene.createRequests(8);
      await untilOrdered(scene, 4);
      await scene.deleteToken();
      await scene.untilIssuer("False");
      scene.pki.calmDown();
      await scene.createRequests(2, { prefix: "late" });
      await delay(1_500);
      await scene.storeToken("fake-pki-token");
      await scene.untilIssued(10, 20_000);
      expect(scene.troubles).toEqual([]);
      expect(scene.pki.ledger.duplicates()).toEqual([]);
    });
  });
}
