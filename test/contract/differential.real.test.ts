import { startKubeApi } from "@countersign/issuer-testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startControlPlane } from "../rigs/control-plane.ts";
import { CONTROL_PLANE, describeWithRigs } from "../rigs/rigs.ts";
import { areas } from "./cases/index.ts";
import type { ContractServer } from "./contract-server.ts";
import { installCrds } from "./crds.ts";
import { differences } from "./differences.ts";
import { runCase } from "./run-case.ts";

/** Nothing is allowed to differ but what `Normaliser` replaces. */
describeWithRigs(CONTROL_PLANE, "contract: embedded against real", () => {
  let real: ContractServer;
  let embedded: ContractServer;

  beforeAll(async () => {
    const controlPlane = await startControlPlane();
    real = { ...controlPlane, close: () => controlPlane.stop() };
    embedded = await startKubeApi();
    await Promise.all([installCrds(real), installCrds(embedded)]);
  });

  afterAll(() => Promise.all([real?.close(), embedded?.close()]));

  for (const area of areas) {
    describe(area.name, () => {
      for (const contractCase of area.cases) {
        test.concurrent(contractCase.name, async () => {
          const [expected, actual] = await Promise.all([
            runCase(contractCase, real),
            runCase(contractCase, embedded),
          ]);
          expect(differences(expected, actual)).toEqual([]);
        });
      }
    });
  }
});
