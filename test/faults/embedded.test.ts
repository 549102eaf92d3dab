import { afterAll, beforeAll, describe, vi } from "vitest";
import { busyCases, waitingCases } from "./cases/index.ts";
import { writeCases } from "./cases/writes.ts";
import { startEmbeddedTarget } from "./embedded-target.ts";
import type { FaultsTarget } from "./target.ts";

vi.setConfig({ testTimeout: 120_000, maxConcurrency: 14 });

describe("on the embedded Kubernetes API", () => {
  let target: FaultsTarget;
  beforeAll(async () => {
    target = await startEmbeddedTarget();
  });
  afterAll(() => target?.[Symbol.asyncDispose]());

  describe.concurrent("side by side", () => {
    waitingCases(() => target);
    writeCases(() => target);
  });
  describe("one after another", () => busyCases(() => target));
});
