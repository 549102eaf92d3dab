import { afterAll, beforeAll, describe, vi } from "vitest";
import { CONTROL_PLANE, describeWithRigs } from "../rigs/rigs.ts";
import { crashCases } from "./cases/crashes.ts";
import { busyCases, waitingCases } from "./cases/index.ts";
import { writeCases } from "./cases/writes.ts";
import { startRealTarget } from "./real-target.ts";
import type { FaultsTarget } from "./target.ts";

vi.setConfig({ testTimeout: 300_000, maxConcurrency: 10 });

describeWithRigs(CONTROL_PLANE, "on a real kube-apiserver", () => {
  let target: FaultsTarget;
  beforeAll(async () => {
    target = await startRealTarget();
  });
  afterAll(() => target?.[Symbol.asyncDispose]());

  describe.concurrent("side by side", () => {
    crashCases(() => target);
    waitingCases(() => target);
  });
  describe("one after another", () => {
    writeCases(() => target);
    busyCases(() => target);
  });
});
