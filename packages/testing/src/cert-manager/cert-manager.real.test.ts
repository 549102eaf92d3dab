import { connectionTo } from "@countersign/issuer-core";
import { afterAll, beforeAll, describe } from "vitest";
import { installCrd, startCertManager as startRealCertManager } from "../../../../test/rigs/cert-manager.ts";
import { type ControlPlane, startControlPlane } from "../../../../test/rigs/control-plane.ts";
import { CERT_MANAGER, CONTROL_PLANE, describeWithRigs } from "../../../../test/rigs/rigs.ts";
import { startCertManager } from "./cert-manager.ts";
import { certificateCases } from "./certificate-cases.ts";
import { approveTestIssuers, testIssuerCrds } from "./issuer-fixture.ts";

const connection = ({ url, adminToken, caPem }: ControlPlane) =>
  connectionTo({ server: url, token: adminToken, ca: caPem });

function suite(start: (controlPlane: ControlPlane) => Promise<AsyncDisposable>): void {
  let controlPlane: ControlPlane;
  let certManager: AsyncDisposable;
  beforeAll(async () => {
    controlPlane = await startControlPlane();
    certManager = await start(controlPlane);
    for (const crd of testIssuerCrds) await installCrd(controlPlane, crd);
  });
  afterAll(async () => {
    await certManager?.[Symbol.asyncDispose]();
    await controlPlane?.stop();
  });
  certificateCases(() => connection(controlPlane));
}

describe("on a real API server", () => {
  describeWithRigs(CONTROL_PLANE, "the stand-in", () => {
    suite((controlPlane) =>
      startCertManager({
        connection: connection(controlPlane),
        approve: approveTestIssuers,
        minBackoffMs: 1_000,
        maxBackoffMs: 2_000,
      }),
    );
  });

  // The oracle: what the cases say of cert-manager is what cert-manager does.
  describeWithRigs(CERT_MANAGER, "the real cert-manager", () => {
    suite((controlPlane) =>
      startRealCertManager(controlPlane, {
        autoApprove: true,
        approveSignerNames: ["testissuers.test.example.com/*"],
        minBackoff: "1s",
        maxBackoff: "2s",
      }),
    );
  });
});
