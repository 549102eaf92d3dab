import { badCertificates } from "@countersign/issuer-testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findCondition } from "../../../../test/e2e/conditions.ts";
import { eventually } from "../../../../test/e2e/eventually.ts";
import { startTpp, type Tpp } from "../../../../test/rigs/venafi/start-tpp.ts";
import { startVenafiCloud, type VenafiCloud } from "../../../../test/rigs/venafi/start-venafi-cloud.ts";
import { type Scene, secretOf, startScene } from "./scene-fixture.ts";

const kinds = Object.keys(badCertificates);

describe("certificates that must not reach a status", () => {
  let scene: Scene;
  const servers: (Tpp | VenafiCloud)[] = [];
  beforeAll(async () => {
    scene = await startScene();
  });
  afterAll(async () => {
    await scene[Symbol.asyncDispose]();
    for (const server of servers) await server.stop();
  });

  test.each([
    ["tpp", startTpp, "/certificates/retrieve"],
    ["saas", startVenafiCloud, "/contents"],
  ] as const)(
    "none of all kinds does from %s",
    async (name, start, path) => {
      expect(kinds.length).toBeGreaterThanOrEqual(40);
      const started = await Promise.all(kinds.map(() => start()));
      servers.push(...started);
      await Promise.all(
        started.map(async (server, at) => {
          server.control.tamper(kinds[at]);
          await scene.issuer(`${name}-${at}`, server, { secret: secretOf(server) });
          await scene.ask(`${name}-${at}`, `${name}-${at}`);
        }),
      );
      const handedOut = (server: Tpp | VenafiCloud) =>
        server.calls.some((call) => call.path.toLowerCase().endsWith(path) && call.status === 200);
      const requests = await eventually(
        { timeout: 50_000, interval: 200 },
        "every one is handed out, and a word about it written",
        () => Promise.all(kinds.map((_, at) => scene.request(`${name}-${at}`))),
        (all) =>
          started.every(handedOut) &&
          all.every((request) =>
            /will retry|for another key/.test(findCondition(request, "Ready")?.message ?? ""),
          ),
      );
      const issued = requests.flatMap((request, at) =>
        request?.status?.certificate === undefined && request?.status?.ca === undefined ? [] : [kinds[at]],
      );
      expect(issued).toEqual([]);
    },
    90_000,
  );
});
