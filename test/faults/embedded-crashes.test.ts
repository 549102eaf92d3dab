import { afterAll, beforeAll, describe, vi } from "vitest";
import { crashCases } from "./cases/crashes.ts";
import { startEmbeddedTarget } from "./embedded-target.ts";
import type { FaultsTarget } from "./target.ts";

vi.setConfig({ testTimeout: 120_000, maxConcurrency: 20 });

describe("on the embedded Kubernetes API", () => {
  let target: FaultsTarget;
  beforeAll(async () => {
    target = await startEmbeddedTarget();
  });
  afterAll(() => target?.[Symbol.asyncDispose]());

  describe.concurrent("side by side", () => crashCases(() => target));
});
