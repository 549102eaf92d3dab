import { access, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { readAuditLog } from "./audit-log.ts";
import { type ControlPlane, kubectl, serviceAccountToken, startControlPlane } from "./control-plane.ts";
import { expectSuccess, kubeRequest } from "./kube-request.ts";
import { CONTROL_PLANE, describeWithRigs } from "./rigs.ts";

describeWithRigs(CONTROL_PLANE, "control plane", () => {
  let controlPlane: ControlPlane;
  beforeAll(async () => {
    controlPlane = await startControlPlane({ auditLog: true });
  });
  afterAll(() => controlPlane?.stop());

  const configMaps = "/api/v1/namespaces/default/configmaps";
  const configMap = (name: string) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name } });

  test("answers the administrator, over kubectl as well, with the version of its binary", async () => {
    const version = expectSuccess("version", await kubeRequest(controlPlane, "GET", "/version"));
    expect(version).toMatchObject({ major: "1", gitVersion: expect.stringMatching(/^v1\.\d+\.\d+$/) });
    expect(await kubectl(controlPlane, "config", "get-contexts", "-o", "name")).toBe("admin\n");
    expect(JSON.parse(await kubectl(controlPlane, "version", "-o", "json"))).toMatchObject({
      serverVersion: version,
    });
  });

  test("refuses an unknown token with 401", async () => {
    expect(await kubeRequest(controlPlane, "GET", configMaps, { token: "nobody" })).toMatchObject({
      status: 401,
    });
  });

  test("gives a ServiceAccount by TokenRequest exactly the rights that RBAC grants", async () => {
    await kubectl(controlPlane, "create", "serviceaccount", "issuer", "--namespace=default");
    const token = await serviceAccountToken(controlPlane, "default", "issuer", { expirationSeconds: 600 });
    expect(await kubeRequest(controlPlane, "GET", configMaps, { token })).toMatchObject({
      status: 403,
      body: { message: expect.stringContaining('"system:serviceaccount:default:issuer" cannot list') },
    });

    await kubectl(
      controlPlane,
      "create",
      "role",
      "reader",
      "--verb=list",
      "--resource=configmaps",
      "-n",
      "default",
    );
    const binding = ["--role=reader", "--serviceaccount=default:issuer", "-n", "default"];
    await kubectl(controlPlane, "create", "rolebinding", "reader", ...binding);
    await expect
      .poll(async () => (await kubeRequest(controlPlane, "GET", configMaps, { token })).status)
      .toBe(200);
    expect(
      await kubeRequest(controlPlane, "POST", configMaps, { token, body: configMap("x") }),
    ).toMatchObject({
      status: 403,
    });
  });

  test("issues a token for another audience that its own audience check refuses", async () => {
    await kubectl(controlPlane, "create", "serviceaccount", "vault-client", "--namespace=default");
    const token = await serviceAccountToken(controlPlane, "default", "vault-client", {
      audiences: ["vault"],
    });
    expect(await kubeRequest(controlPlane, "GET", configMaps, { token })).toMatchObject({ status: 401 });
    const review = {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenReview",
      spec: { token, audiences: ["vault"] },
    };
    const path = "/apis/authentication.k8s.io/v1/tokenreviews";
    expect(await kubeRequest(controlPlane, "POST", path, { body: review })).toMatchObject({
      body: {
        status: { authenticated: true, user: { username: "system:serviceaccount:default:vault-client" } },
      },
    });
  });

  test("writes one audit event per request, with user, verb, object and status", async () => {
    const name = "audited";
    await kubeRequest(controlPlane, "POST", configMaps, { body: configMap(name) });
    await kubeRequest(controlPlane, "DELETE", `${configMaps}/${name}`);
    const log = await readAuditLog(controlPlane.auditLogPath ?? "");
    const events = log.filter((event) => event.objectRef?.name === name);
    expect(events).toMatchObject([
      {
        verb: "create",
        stage: "ResponseComplete",
        user: { username: "admin" },
        responseStatus: { code: 201 },
      },
      {
        verb: "delete",
        stage: "ResponseComplete",
        user: { username: "admin" },
        responseStatus: { code: 200 },
      },
    ]);
    expect(log.some((event) => event.stage === "RequestReceived")).toBe(false);
  });

  test.each(["SIGTERM", "SIGKILL"] as const)(
    "keeps its data and address over %s and a restart",
    async (signal) => {
      const name = `kept-${signal.toLowerCase()}`;
      expectSuccess("create", await kubeRequest(controlPlane, "POST", configMaps, { body: configMap(name) }));
      await controlPlane.stopApiServer(signal);
      await expect(kubeRequest(controlPlane, "GET", "/readyz")).rejects.toThrow("ECONNREFUSED");
      await controlPlane.startApiServer();
      expect(await kubeRequest(controlPlane, "GET", `${configMaps}/${name}`)).toMatchObject({ status: 200 });
    },
  );

  test("two run at once without meeting, and a stopped one leaves nothing behind", async () => {
    const second = await startControlPlane();
    try {
      expect(second.url).not.toBe(controlPlane.url);
      expectSuccess(
        "create",
        await kubeRequest(controlPlane, "POST", configMaps, { body: configMap("mine") }),
      );
      expect(await kubeRequest(second, "GET", `${configMaps}/mine`)).toMatchObject({ status: 404 });
    } finally {
      await second.stop();
    }
    await expect(access(second.directory)).rejects.toThrow("ENOENT");
    await expect(kubeRequest(second, "GET", "/readyz")).rejects.toThrow("ECONNREFUSED");
  });

  test("a failed start names the server and shows the end of its log, in a folder that the caller keeps", async () => {
    const directory = await mkdtemp(join(tmpdir(), "countersign-control-plane-test-"));
    const etcd = join(directory, "broken-etcd");
    await writeFile(etcd, "#!/bin/sh\nseq 1 30\necho no quorum >&2\nexit 7\n", { mode: 0o755 });
    vi.stubEnv("ETCD_BIN", etcd);
    try {
      const failure = await startControlPlane({ directory }).catch((error: Error) => error.message);
      expect(failure).toMatch(/^etcd ended \(exit code 7\); its log ends:\n12\n(.*\n)*no quorum$/);
      await access(join(directory, "kube-apiserver.log"));
    } finally {
      vi.unstubAllEnvs();
      await rm(directory, { recursive: true });
    }
  });
});
