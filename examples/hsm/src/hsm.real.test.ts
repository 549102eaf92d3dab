import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import {
  buildCsr,
  type CertificateRequest,
  newPrivateKey,
  type ResourceType,
  selfSignCa,
  startIssuer,
} from "@countersign/issuer-core";
import { resourcePath } from "@countersign/issuer-core/kube";
import { HsmKey } from "@countersign/issuer-pkcs11-hsm";
import { startTestCluster } from "@countersign/issuer-testing";
import { expect, test } from "vitest";
import { watchLoopLag } from "../../../test/rigs/loop-lag.ts";
import { createP11Fault } from "../../../test/rigs/p11-fault.ts";
import { describeWithPkcs11 } from "../../../test/rigs/pkcs11-tools.ts";
import { createSoftHsm, softHsmPin } from "../../../test/rigs/softhsm.ts";
import { hsmIssuer } from "./hsm.ts";

const requestType: ResourceType = {
  group: "cert-manager.io",
  version: "v1",
  kind: "CertificateRequest",
  plural: "certificaterequests",
  namespaced: true,
};
const leaseType: ResourceType = {
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  plural: "leases",
  namespaced: true,
};
const secretType: ResourceType = {
  group: "",
  version: "v1",
  kind: "Secret",
  plural: "secrets",
  namespaced: true,
};

interface Lease {
  readonly spec: { readonly renewTime: string; readonly holderIdentity: string };
}

describeWithPkcs11("the HSM issuer", () => {
  test("the demonstration issues a certificate that openssl verifies", async () => {
    const folder = await mkdtemp(join(tmpdir(), "countersign-demo-"));
    const demo = join(import.meta.dirname, "demo.ts");
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [demo, "--out", folder]);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/openssl verify, with the CA certificate of the ceremony: OK/);
    await rm(folder, { recursive: true });
  });

  test("a module that hangs for 30 s in C_Sign: the lease is renewed, the loop runs, the request is issued afterwards", async () => {
    await using hsm = await createSoftHsm();
    await hsm.addToken("ca1", [{ type: "EC:secp256r1", label: "ca", id: "01" }]);
    await using fault = await createP11Fault(hsm.modulePath, hsm.env);
    const env = { ...process.env, ...fault.env };
    const token = { modulePath: fault.modulePath, token: { label: "ca1" }, pin: softHsmPin, env };
    const key = new HsmKey({ tokens: [token] });
    const ca = await selfSignCa({
      signer: await key.signer(),
      subject: [{ type: "CN", value: "CA" }],
      notBefore: new Date(Date.now() - 60_000),
      notAfter: new Date(Date.now() + 86_400_000 * 365),
    });
    await key.close();

    const definition = hsmIssuer({ modules: [{ path: fault.modulePath, env }], patienceMs: 500 });
    await using cluster = await startTestCluster({ definitions: [definition] });
    await using issuer = startIssuer(definition, {
      connection: cluster.connection,
      clusterResourceNamespace: "default",
      leaderElection: { namespace: "default", leaseName: "hsm", identity: "test", retryMs: 500 },
    });
    await issuer.synced;
    await cluster.apply(secretType, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "pin", namespace: "default" },
      ...{ data: { pin: Buffer.from(softHsmPin).toString("base64") } },
    });
    const kind = definition.kinds.find(({ scope }) => scope === "Cluster");
    if (kind === undefined) throw new Error("no cluster kind");
    const isReady = new Promise<void>((resolve) => {
      issuer.lifecycle.on("issuer:checked", ({ ready }) => void (ready && resolve()));
    });
    await cluster.apply(
      { ...definition, ...kind, namespaced: false },
      {
        apiVersion: `${definition.group}/${definition.version}`,
        kind: kind.kind,
        metadata: { name: "ca" },
        ...{
          spec: {
            tokens: [{ label: "ca1" }],
            pinSecretRef: { name: "pin" },
            certificate: { inline: ca.pem },
          },
        },
      },
    );
    await isReady;

    await fault.set({ function: "C_Sign", delayMs: 30_000 });
    const calls = await fault.count("C_Sign");
    const csr = await buildCsr({
      key: newPrivateKey({ name: "EC", curve: "P-256" }),
      dnsNames: ["a.example.com"],
    });
    await cluster.apply(requestType, {
      apiVersion: "cert-manager.io/v1",
      kind: "CertificateRequest",
      metadata: { name: "web", namespace: "default" },
      ...{
        spec: {
          issuerRef: { group: definition.group, kind: kind.kind, name: "ca" },
          request: Buffer.from(csr).toString("base64"),
        },
      },
    });
    await expect.poll(() => fault.count("C_Sign"), { timeout: 20_000 }).toBeGreaterThan(calls);

    const lease = () =>
      cluster.transport.request<Lease>({
        path: resourcePath(leaseType, { namespace: "default", name: "hsm" }),
      });
    const lag = await watchLoopLag();
    const renewals = new Set<string>();
    for (let waited = 0; waited < 12_000; waited += 100) {
      const { spec } = await lease();
      expect(spec.holderIdentity).toBe("test");
      renewals.add(spec.renewTime);
      await delay(100);
    }
    const { p999Ms, idleP999Ms } = await lag();
    expect(renewals.size).toBeGreaterThanOrEqual(15);
    expect(p999Ms - idleP999Ms).toBeLessThanOrEqual(50);

    await fault.set();
    const request = () =>
      cluster.transport.request<CertificateRequest>({
        path: resourcePath(requestType, { namespace: "default", name: "web" }),
      });
    const ready = async () =>
      (await request()).status?.conditions?.find(({ type }) => type === "Ready")?.status;
    await expect.poll(ready, { timeout: 60_000, interval: 200 }).toBe("True");
  });
});
