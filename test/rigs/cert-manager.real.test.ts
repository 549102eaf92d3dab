import { afterAll, beforeAll, expect, test } from "vitest";
import { readAuditLog } from "./audit-log.ts";
import { type CertManager, type CertManagerOptions, installCrd, startCertManager } from "./cert-manager.ts";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";
import { expectSuccess, kubeRequest } from "./kube-request.ts";
import { CERT_MANAGER, describeWithRigs } from "./rigs.ts";
import { logTail } from "./server-process.ts";

const GROUP_PATH = "/apis/cert-manager.io/v1/namespaces/default";
const REQUESTS = `${GROUP_PATH}/certificaterequests`;

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
}

interface CertificateRequest {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly unknown[];
  };
  readonly spec: { readonly request: string; readonly username: string; readonly issuerRef: object };
  readonly status?: { readonly conditions?: readonly Condition[] };
}

const issuerRef = (group: string) => ({ group, kind: "WidgetIssuer", name: "widget" });

/** The smallest CRD that cert-manager can resolve a signer name through. */
const issuerCrd = (group: string) => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `widgetissuers.${group}` },
  spec: {
    group,
    scope: "Namespaced",
    names: { kind: "WidgetIssuer", plural: "widgetissuers" },
    versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
  },
});

describeWithRigs(CERT_MANAGER, "cert-manager", () => {
  const options: CertManagerOptions = {
    autoApprove: true,
    approveSignerNames: ["widgetissuers.granted.example.com/*", "widgetissuers.no-crd.example.com/*"],
    minBackoff: "1s",
    maxBackoff: "2s",
  };
  let controlPlane: ControlPlane;
  let certManager: CertManager;

  beforeAll(async () => {
    controlPlane = await startControlPlane({ auditLog: true });
    await installCrd(controlPlane, issuerCrd("granted.example.com"));
    await installCrd(controlPlane, issuerCrd("not-granted.example.com"));
    certManager = await startCertManager(controlPlane, options);
  });
  afterAll(async () => {
    await certManager?.stop();
    await controlPlane?.stop();
  });

  async function createCertificate(name: string, group: string): Promise<void> {
    const body = {
      apiVersion: "cert-manager.io/v1",
      kind: "Certificate",
      metadata: { name, annotations: { "example.com/profile": "short" } },
      spec: { secretName: name, dnsNames: [`${name}.example.com`], issuerRef: issuerRef(group) },
    };
    expectSuccess("create", await kubeRequest(controlPlane, "POST", `${GROUP_PATH}/certificates`, { body }));
  }

  async function getRequest(name: string): Promise<CertificateRequest | undefined> {
    const { status, body } = await kubeRequest(controlPlane, "GET", `${REQUESTS}/${name}`);
    return status === 200 ? (body as CertificateRequest) : undefined;
  }

  /** The first request of a Certificate, once cert-manager has made it. */
  async function requestFor(certificate: string): Promise<CertificateRequest> {
    const name = `${certificate}-1`;
    await expect.poll(() => getRequest(name), { timeout: 20_000 }).toBeDefined();
    return expectSuccess(
      "get",
      await kubeRequest(controlPlane, "GET", `${REQUESTS}/${name}`),
    ) as CertificateRequest;
  }

  const approved = async (name: string) =>
    (await getRequest(name))?.status?.conditions?.find(({ type }) => type === "Approved");

  /** HTTP statuses of what cert-manager's own identity wrote to the request's status. */
  async function statusWrites(name: string): Promise<readonly (number | undefined)[]> {
    const events = await readAuditLog(controlPlane.auditLogPath ?? "");
    return events
      .filter(
        ({ objectRef, user }) =>
          objectRef?.name === name &&
          objectRef.subresource === "status" &&
          user.username === "system:serviceaccount:cert-manager:cert-manager",
      )
      .map(({ responseStatus }) => responseStatus?.code);
  }

  test("a Certificate of an external issuer leads to a CertificateRequest that names it", async () => {
    await createCertificate("plain", "granted.example.com");
    const request = await requestFor("plain");
    expect(request.spec.issuerRef).toEqual(issuerRef("granted.example.com"));
    expect(Buffer.from(request.spec.request, "base64").toString()).toMatch(
      /^-----BEGIN CERTIFICATE REQUEST-----/,
    );
    expect(request.spec.username).toBe("system:serviceaccount:cert-manager:cert-manager");
    expect(request.metadata.annotations).toMatchObject({
      "cert-manager.io/certificate-name": "plain",
      "cert-manager.io/certificate-revision": "1",
      "example.com/profile": "short",
    });
    expect(request.metadata.ownerReferences).toMatchObject([{ kind: "Certificate", name: "plain" }]);
  });

  test("the webhook rejects a request that holds no CSR", async () => {
    const body = {
      apiVersion: "cert-manager.io/v1",
      kind: "CertificateRequest",
      metadata: { name: "broken" },
      spec: {
        request: Buffer.from("nonsense").toString("base64"),
        issuerRef: issuerRef("granted.example.com"),
      },
    };
    const answer = await kubeRequest(controlPlane, "POST", REQUESTS, { body });
    expect(answer).toMatchObject({
      status: 403,
      body: { message: expect.stringContaining("error decoding certificate request PEM block") },
    });
  });

  test("the webhook stamps the requester, whatever name the request claims, and keeps the spec", async () => {
    await createCertificate("source", "granted.example.com");
    const { spec } = await requestFor("source");
    const body = {
      apiVersion: "cert-manager.io/v1",
      kind: "CertificateRequest",
      metadata: { name: "stamped" },
      spec: { request: spec.request, issuerRef: spec.issuerRef, username: "somebody-else" },
    };
    const created = expectSuccess("create", await kubeRequest(controlPlane, "POST", REQUESTS, { body }));
    expect(created).toMatchObject({
      spec: { username: "admin", groups: expect.arrayContaining(["system:masters"]) },
    });

    const patch = await kubeRequest(controlPlane, "PATCH", `${REQUESTS}/stamped`, {
      body: { spec: { isCA: true } },
      contentType: "application/merge-patch+json",
    });
    expect(patch).toMatchObject({ status: 403 });
  });

  test("the approver approves where RBAC grants the signer and its CRD is installed", async () => {
    await createCertificate("approved", "granted.example.com");
    await requestFor("approved");
    await expect
      .poll(() => approved("approved-1"), { timeout: 20_000 })
      .toMatchObject({
        status: "True",
        reason: "cert-manager.io",
      });
    expect(await statusWrites("approved-1")).toContain(200);
  });

  test("the approver is refused where RBAC does not grant the signer", async () => {
    await createCertificate("not-granted", "not-granted.example.com");
    await requestFor("not-granted");
    await expect.poll(() => statusWrites("not-granted-1"), { timeout: 20_000 }).toContain(403);
    expect(await logTail(certManager.logPath, 1000)).toContain(
      "does not have permissions to set approved/denied conditions for issuer",
    );
    expect(await approved("not-granted-1")).toBeUndefined();
  });

  test("the approver is refused where the issuer's CRD is not installed", async () => {
    await createCertificate("no-crd", "no-crd.example.com");
    await requestFor("no-crd");
    await expect.poll(() => statusWrites("no-crd-1"), { timeout: 20_000 }).toContain(403);
    expect(await logTail(certManager.logPath, 1000)).toContain("referenced signer resource does not exist");
    expect(await approved("no-crd-1")).toBeUndefined();
  });

  test("a failed issuance is retried after the configured back-off with a new request", async () => {
    await createCertificate("failing", "granted.example.com");
    const first = await requestFor("failing");
    const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
    const failed = {
      type: "Ready",
      status: "False",
      reason: "Failed",
      message: "no",
      lastTransitionTime: now,
    };
    const patch = await kubeRequest(controlPlane, "PATCH", `${REQUESTS}/failing-1/status?fieldManager=test`, {
      body: {
        apiVersion: "cert-manager.io/v1",
        kind: "CertificateRequest",
        status: { failureTime: now, conditions: [failed] },
      },
      contentType: "application/apply-patch+yaml",
    });
    expectSuccess("fail", patch);
    await expect
      .poll(async () => (await getRequest("failing-1"))?.metadata.uid ?? first.metadata.uid, {
        timeout: 20_000,
      })
      .not.toBe(first.metadata.uid);
  });

  test("a stopped one leaves its webhook required, and a new one takes over", async () => {
    await certManager.stop();
    expect(await logTail(certManager.logPath)).toContain("--- PASS");
    await expect(createCertificate("orphan", "granted.example.com")).rejects.toThrow(
      "failed calling webhook",
    );
    certManager = await startCertManager(controlPlane, options);
    await createCertificate("adopted", "granted.example.com");
    await expect.poll(() => approved("adopted-1"), { timeout: 20_000 }).toMatchObject({ status: "True" });
  });
});
