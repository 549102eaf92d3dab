import { afterAll, beforeAll } from "vitest";
import { CERT_MANAGER, describeWithRigs } from "../rigs/rigs.ts";
import { e2eCases } from "./cases/index.ts";
import { startRealTarget } from "./real-target.ts";
import type { E2eTarget } from "./target.ts";

describeWithRigs(CERT_MANAGER, "on a real kube-apiserver with the real cert-manager", () => {
  let target: E2eTarget;
  beforeAll(async () => {
    target = await startRealTarget();
  });
  afterAll(() => target?.[Symbol.asyncDispose]());

  e2eCases(() => target);
});
