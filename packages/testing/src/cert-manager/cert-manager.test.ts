import { connectionTo } from "@countersign/issuer-core";
import { afterAll, beforeAll, describe } from "vitest";
import { type KubeApi, startKubeApi } from "../kube-api/start-kube-api.ts";
import { type CertManager, startCertManager } from "./cert-manager.ts";
import { certificateCases } from "./certificate-cases.ts";
import { approveTestIssuers } from "./issuer-fixture.ts";

describe("the stand-in on the embedded Kubernetes API", () => {
  let api: KubeApi;
  let certManager: CertManager;
  beforeAll(async () => {
    api = await startKubeApi();
    certManager = await startCertManager({
      url: api.url,
      token: api.adminToken,
      approve: approveTestIssuers,
      minBackoffMs: 1_000,
      maxBackoffMs: 2_000,
    });
  });
  afterAll(async () => {
    await certManager?.stop();
    await api?.close();
  });
  certificateCases(() => connectionTo(api.kubeConfig));
});
