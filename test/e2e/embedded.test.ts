import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { faultCases } from "./cases/faults.ts";
import { e2eCases } from "./cases/index.ts";
import { type EmbeddedTarget, startEmbeddedTarget } from "./embedded-target.ts";

describe("on the embedded Kubernetes API", () => {
  let target: EmbeddedTarget;
  beforeAll(async () => {
    target = await startEmbeddedTarget();
  });
  afterAll(() => target?.[Symbol.asyncDispose]());

  e2eCases(() => target);
  faultCases(() => target);

  test("the stand-in for cert-manager found no breach of contract in any answer", () => {
    expect(target.anomalies).toEqual([]);
  });
});
