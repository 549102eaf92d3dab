import { setTimeout as delay } from "node:timers/promises";
import { parseCertificates, parseCsr } from "@countersign/issuer-core";
import { describe, expect, test } from "vitest";
import { eventually } from "../../e2e/eventually.ts";
import { beginScene, type FaultScene } from "../scene.ts";
import type { TargetOf } from "../target.ts";

/** Objects that are deleted while they are needed. */
export function deletionCases(target: TargetOf): void {
  describe("R18 objects that are deleted while a request is being signed", () => {
    async function slowScene(context: Parameters<typeof beginScene>[1], name: string): Promise<FaultScene> {
      const scene = await beginScene(target(), context, name, { pki: { calm: true } });
      await scene.createIssuer();
      await scene.serve();
      await scene.untilIssuer("True");
      scene.pki.misbehave({ latencyMs: 1_500 });
      return scene;
    }
    const untilOrdered = (scene: FaultScene, count: number) =>
      eventually(
        { timeout: 15_000, interval: 20 },
        `${count} orders under way`,
        async () => scene.pki.count("order"),
        (orders) => orders >= count,
      );

    test("the request: another of its name gets its own certificate, and nothing is trouble", async (context) => {
      const scene = await slowScene(context, "r18-request");
      const names = await scene.createRequests(8);
      await untilOrdered(scene, 8);
      for (const name of names) await scene.deleteRequest(name);
      await scene.createRequests(8);
      await scene.untilIssued(8, 20_000);
      expect(scene.troubles).toEqual([]);
      for (const { spec, status } of await scene.requests()) {
        const [leaf] = parseCertificates(Buffer.from(status?.certificate ?? "", "base64"));
        expect(leaf?.spkiDer).toEqual(parseCsr(Buffer.from(spec.request, "base64")).spkiDer);
      }
    });

    test("the issuer: its requests wait, and are issued when it is back", async (context) => {
      const scene = await slowScene(context, "r18-issuer");
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
      const scene = await slowScene(context, "r18-secret");
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
