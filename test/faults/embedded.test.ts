import { afterAll, beforeAll, describe } from "vitest";
import { writeCases } from "./cases/writes.ts";
import { startEmbeddedTarget } from "./embedded-target.ts";
import type { FaultsTarget } from "./target.ts";

describe("on the embedded Kubernetes API", () => {
  let target: FaultsTarget;
  beforeAll(async () => {
    target = await startEmbeddedTarget();
  });
  afterAll(() => target?.[Symbol.asyncDispose]());

  writeCases(() => target);
});
