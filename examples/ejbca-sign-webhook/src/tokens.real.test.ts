import { createPrivateKey, sign } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  connectionTo,
  issuerManifests,
  parseCertificates,
  startIssuer,
  toYaml,
} from "@countersign/issuer-core";
import { certificateFor, waitForReady } from "@countersign/issuer-testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AdminKube } from "../../../test/e2e/admin-kube.ts";
import { certificates, configMaps, issuerType, serviceAccounts } from "../../../test/e2e/resources.ts";
import { type CertManager, startCertManager } from "../../../test/rigs/cert-manager.ts";
import {
  type ControlPlane,
  kubeconfig,
  kubectl,
  serviceAccountToken,
  startControlPlane,
} from "../../../test/rigs/control-plane.ts";
import { CERT_MANAGER, describeWithRigs } from "../../../test/rigs/rigs.ts";
import { webhook as definition } from "../../webhook/src/webhook.ts";
import { type CurlClient, curlClient, newBody, type Program, startProgram } from "./program-fixture.ts";

const samples = join(import.meta.dirname, "..", "samples");
const namespace = "sign-webhook";
const audience = "sign-webhook";
const username = "system:serviceaccount:default:sign-webhook-client";

/** A token that the cluster's own key has signed, and whose time is over: Kubernetes issues none for less than ten minutes. */
async function expiredToken(controlPlane: ControlPlane, uid: string): Promise<string> {
  const key = createPrivateKey(await readFile(join(controlPlane.directory, "service-account.key"), "utf8"));
  const good = await serviceAccountToken(controlPlane, "default", "sign-webhook-client", {
    audiences: [audience],
  });
  const [head = ""] = good.split(".");
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    aud: [audience],
    iss: "https://kubernetes.default.svc",
    ...{ iat: now - 7_200, nbf: now - 7_200, exp: now - 3_600 },
    sub: username,
    "kubernetes.io": { namespace: "default", serviceaccount: { name: "sign-webhook-client", uid } },
  };
  const signed = `${head}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}`;
  return `${signed}.${sign("sha256", Buffer.from(signed), key).toString("base64url")}`;
}

describeWithRigs(CERT_MANAGER, "tokens that the real kube-apiserver reviews", () => {
  let controlPlane: ControlPlane;
  let certManager: CertManager;
  let kube: AdminKube;
  let program: Program;
  let curl: CurlClient;
  let clientUid: string;

  beforeAll(async () => {
    controlPlane = await startControlPlane();
    certManager = await startCertManager(controlPlane, {
      autoApprove: true,
      minBackoff: "1s",
      maxBackoff: "2s",
    });
    const { url: server, adminToken: token, caPem: ca } = controlPlane;
    kube = new AdminKube(connectionTo({ server, token, ca }));
    await kubectl(controlPlane, "apply", "--filename", join(samples, "kubernetes.yaml"));
    const account = await kube.create(serviceAccounts, {
      ...{ apiVersion: "v1", kind: "ServiceAccount" },
      metadata: { namespace: "default", name: "sign-webhook-client" },
    });
    clientUid = account.metadata.uid ?? "";
    await kube.create(serviceAccounts, {
      ...{ apiVersion: "v1", kind: "ServiceAccount", metadata: { namespace: "default", name: "stranger" } },
    });
    const kubeconfigPath = join(controlPlane.directory, "sign-webhook.kubeconfig");
    const reviewer = await serviceAccountToken(controlPlane, namespace, "sign-webhook");
    await writeFile(kubeconfigPath, kubeconfig(controlPlane, "sign-webhook", reviewer), { mode: 0o600 });
    program = await startProgram(
      { clients: undefined, tokens: { audiences: [audience], usernames: [username], keepFor: "1s" } },
      ["--kubeconfig", kubeconfigPath],
    );
    curl = await curlClient(program.files.ca.pem);
  });
  afterAll(async () => {
    await curl?.[Symbol.asyncDispose]();
    await program?.[Symbol.asyncDispose]();
    kube?.[Symbol.dispose]();
    await certManager?.[Symbol.asyncDispose]();
    await controlPlane?.stop();
  });

  const post = async (token: string) =>
    curl.run(
      ...["--header", "Content-Type: application/json", "--header", `Authorization: Bearer ${token}`],
      ...["--data-binary", await newBody(), `${program.url}/sign`],
    );
  const tokenOf = (name: string, ...audiences: readonly string[]) =>
    serviceAccountToken(controlPlane, "default", name, audiences.length > 0 ? { audiences } : {});

  test("a token for the service's audience, alone or among others, has a certificate signed", async () => {
    expect((await post(await tokenOf("sign-webhook-client", audience))).status).toBe(200);
    expect((await post(await tokenOf("sign-webhook-client", "other", audience))).status).toBe(200);
    expect(program.lines.at(-1)).toMatchObject({ msg: "issued", caller: username });
  });

  test("another audience, the API server's own, garbage, a changed claim, an expired one: 401, nothing signed", async () => {
    const before = program.files.ejbca.ledger.entries.length;
    const good = await tokenOf("sign-webhook-client", audience);
    const [head = "", claims = "", signature = ""] = good.split(".");
    const changed = Buffer.from(claims, "base64url")
      .toString()
      .replace("sign-webhook-client", "sign-webhook-admins");
    const tokens = {
      "another audience": await tokenOf("sign-webhook-client", "vault"),
      "the API server's audience": await tokenOf("sign-webhook-client"),
      garbage: "garbage",
      "a changed claim": `${head}.${Buffer.from(changed).toString("base64url")}.${signature}`,
      "no signature": `${head}.${claims}.`,
      expired: await expiredToken(controlPlane, clientUid),
    };
    for (const [name, token] of Object.entries(tokens)) {
      const { status, headers, body } = await post(token);
      expect([name, status, JSON.parse(body).error.code]).toEqual([name, 401, "unauthenticated"]);
      expect(headers).toMatch(/^www-authenticate: Bearer error="invalid_(token|request)"$/im);
    }
    expect(program.files.ejbca.ledger.entries.length).toBe(before);
    expect(JSON.stringify(program.lines)).not.toContain(signature);
  });

  test("somebody else's good token is a 403", async () => {
    expect((await post(await tokenOf("stranger", audience))).status).toBe(403);
  });

  test("a deleted service account's token works no longer than its review is kept", async () => {
    await kube.create(serviceAccounts, {
      ...{ apiVersion: "v1", kind: "ServiceAccount", metadata: { namespace: "default", name: "passing" } },
    });
    const token = await tokenOf("passing", audience);
    expect((await post(token)).status).toBe(403);
    await kubectl(controlPlane, "delete", "serviceaccount", "passing", "--namespace", "default");
    // The API server itself believes a token for ten seconds.
    await expect.poll(async () => (await post(token)).status, { timeout: 30_000, interval: 500 }).toBe(401);
  });

  test("an issuer with such a token: a Certificate becomes Ready through cert-manager, issuer, service and EJBCA", async () => {
    const account = { namespace: "default", name: "webhook-issuer" };
    const manifests = join(controlPlane.directory, "manifests.yaml");
    await writeFile(manifests, toYaml(issuerManifests(definition, { serviceAccount: account })));
    await kubectl(controlPlane, "apply", "--filename", manifests);
    await kubectl(controlPlane, "wait", "--for=condition=Established", "crd", "--all", "--timeout=30s");
    await kube.create(configMaps, {
      ...{ apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: "default", name: "sign-webhook-ca" } },
      data: { "ca.crt": program.files.ca.pem },
    });
    const { url: server, caPem: ca } = controlPlane;
    const token = await serviceAccountToken(controlPlane, account.namespace, account.name);
    await using _issuer = startIssuer(definition, {
      connection: connectionTo({ server, token, ca, namespace: "default" }),
      clusterResourceNamespace: "default",
    });
    await kube.create(issuerType(definition, "WebhookIssuer"), {
      ...{ apiVersion: `${definition.group}/${definition.version}`, kind: "WebhookIssuer" },
      metadata: { namespace: "default", name: "web" },
      spec: {
        webhook: {
          ...{ url: program.url, healthPath: "/health" },
          caBundleConfigMapRef: { name: "sign-webhook-ca" },
          auth: { serviceAccountRef: { name: "sign-webhook-client", audiences: [audience] } },
        },
      },
    });
    const issuerRef = { group: definition.group, kind: "WebhookIssuer", name: "web" };
    const options = { namespace: "default", name: "real", issuerRef, dnsNames: ["real.example.com"] };
    await kube.create(certificates, certificateFor(options) as never);
    const connection = connectionTo({ server, token: controlPlane.adminToken, ca });
    const secret = await waitForReady(
      connection,
      { namespace: "default", name: "real" },
      { timeoutMs: 60_000 },
    );
    expect(parseCertificates(secret["tls.crt"])[0]?.names.dns).toEqual(["real.example.com"]);
    const entry = program.files.ejbca.ledger.entries.at(-1);
    expect(parseCertificates(secret["tls.crt"])[0]?.serialHex.toUpperCase()).toBe(entry?.serial);
    expect(program.files.ejbca.ledger.duplicates()).toEqual([]);
  });

  test("a service that may not have tokens reviewed says 503, and its log says what it lacks", async () => {
    await kubectl(controlPlane, "delete", "clusterrolebinding", "sign-webhook-token-reviews");
    const reply = async () => post(await tokenOf("sign-webhook-client", audience));
    await expect.poll(async () => (await reply()).status, { timeout: 10_000, interval: 200 }).toBe(503);
    const line = program.lines.find(({ msg }) => msg === "a token cannot be reviewed");
    expect(line?.error).toContain('cannot create resource "tokenreviews"');
    await kubectl(controlPlane, "apply", "--filename", join(samples, "kubernetes.yaml"));
    await expect.poll(async () => (await reply()).status, { timeout: 10_000, interval: 200 }).toBe(200);
  });
});
