import { afterAll, beforeAll, describe, vi } from "vitest";
import { crashCases } from "./cases/crashes.ts";
import { busyCases, waitingCases } from "./cases/index.ts";
import { writeCases } from "./cases/writes.ts";
import { startEmbeddedTarget } from "./embedded-target.ts";
import type { FaultsTarget } from "./target.ts";

vi.setConfig({ testTimeout: 300_000, maxConcurrency: 10 });

describe("on the embedded Kubernetes API, at full size", () => {
  let target: FaultsTarget;
  beforeAll(async () => {
    target = await startEmbeddedTarget({ full: true });
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
