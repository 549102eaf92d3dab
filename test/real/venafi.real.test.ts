import {
  buildCsr,
  type CertificateRequest,
  newPrivateKey,
  parseCertificates,
  type RunningIssuer,
  startIssuer,
} from "@countersign/issuer-core";
import { type CertificateForOptions, certificateFor, waitForReady } from "@countersign/issuer-testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { venafi as definition } from "../../examples/venafi/src/venafi.ts";
import { AuditTail } from "../e2e/audit-tail.ts";
import { findCondition } from "../e2e/conditions.ts";
import { eventually } from "../e2e/eventually.ts";
import { type IssuerProgram, startIssuerProgram } from "../e2e/fixtures/issuer-program.ts";
import { certificateRequests, certificates } from "../e2e/resources.ts";
import { CERT_MANAGER, describeWithRigs } from "../rigs/rigs.ts";
import { issuerNamespace, teamNamespace } from "./issuer-scene.ts";
import {
  byRefreshToken,
  bySaasAccount,
  byServiceAccount,
  startVenafiScene,
  type VenafiScene,
} from "./venafi-scene.ts";

const patience = { timeout: 60_000, interval: 200 };
const user = `system:serviceaccount:${issuerNamespace}:venafi-issuer`;

describeWithRigs(CERT_MANAGER, "the Venafi issuer on a real kube-apiserver, with both simulators", () => {
  let scene: VenafiScene;
  let issuer: RunningIssuer | undefined;

  beforeAll(async () => {
    scene = await startVenafiScene();
    issuer = startIssuer(definition, {
      connection: await scene.issuerConnection(),
      clusterResourceNamespace: issuerNamespace,
    });
    await issuer.synced;
    await scene.issuer("VenafiIssuer", "refresh", "Open", byRefreshToken);
    await scene.issuer("VenafiIssuer", "jwt", "Open", byServiceAccount);
    await scene.issuer("VenafiIssuer", "strict", "Certificates\\Strict", byServiceAccount);
    await scene.issuer("VenafiIssuer", "workflow", "Certificates\\Workflow", byServiceAccount);
    await scene.issuer("VenafiClusterIssuer", "saas", "Open\\Default", bySaasAccount(scene));
  });
  afterAll(async () => {
    await issuer?.stop();
    await scene?.[Symbol.asyncDispose]();
  });

  const count = (kind: string) => scene.tpp.ledger.entries.filter((entry) => entry.kind === kind).length;
  const ref = (name: string) => {
    const kind = name === "saas" ? "VenafiClusterIssuer" : "VenafiIssuer";
    return { group: definition.group, kind, name };
  };

  async function certificate(options: Omit<CertificateForOptions, "namespace">) {
    const object = certificateFor({ namespace: teamNamespace, duration: "24h", ...options });
    await scene.kube.create(certificates, object as never);
  }

  const requestsOf = async (name: string) => {
    const all = await scene.kube.list<CertificateRequest>(certificateRequests, teamNamespace);
    return all.filter(({ metadata }) => metadata.name.startsWith(name));
  };
  const said = (name: string, reason: string, words: string) =>
    eventually(
      patience,
      `${name}: ${words}`,
      async () => (await requestsOf(name)).map((request) => findCondition(request, "Ready")),
      (all) => all.some((ready) => ready?.reason === reason && ready.message.includes(words)),
    );

  test.each(["refresh", "jwt", "saas"])("a Certificate becomes Ready: %s", async (name) => {
    const usages = ["digital signature", "key encipherment", "server auth", "client auth"] as const;
    await certificate({ name, issuerRef: ref(name), usages, commonName: `${name}.example.com` });
    const secret = await waitForReady(scene.connection, { namespace: teamNamespace, name });
    expect(await scene.openssl(secret["tls.crt"])).toContain("OK");
    expect(parseCertificates(secret["tls.crt"])).toHaveLength(2);
    expect(parseCertificates(secret["ca.crt"] ?? "")[0]?.isSelfSigned).toBe(true);
  });

  test("what the policy forbids fails the request, in the policy's words", async () => {
    await certificate({ name: "refused", issuerRef: ref("strict"), dnsNames: ["www.example.net"] });
    await said("refused", "Failed", 'is in none of the allowed domains, which are "example.com"');
  });

  test("an approval is waited for, and what is rejected fails with the approver's words", async () => {
    for (const name of ["approved", "rejected"]) {
      await certificate({ name, issuerRef: ref("workflow") });
      await said(name, "Pending", "which waits for an approval there");
    }
    const dn = (name: string) =>
      scene.tpp.control.waiting.find((each) => each.includes(`${name}.example.com`));
    scene.tpp.control.reject("no such project", dn("rejected"));
    scene.tpp.control.approve(dn("approved"));
    await said("rejected", "Failed", "no such project");
    await waitForReady(scene.connection, { namespace: teamNamespace, name: "approved" });
  });

  test("expired access tokens lead to one refresh under 20 requests, and the Secret has the next token", async () => {
    const before = await scene.refreshToken();
    scene.tpp.control.expireAccessTokens();
    const names = Array.from({ length: 20 }, (_, at) => `burst-${at}`);
    await Promise.all(names.map((name) => certificate({ name, issuerRef: ref("refresh") })));
    await Promise.all(
      names.map((name) => waitForReady(scene.connection, { namespace: teamNamespace, name })),
    );
    expect([count("refresh"), count("refresh-refused")]).toEqual([1, 0]);
    expect(await scene.refreshToken()).not.toBe(before);
  });

  test("the API server refused it nothing, though it may write to one Secret by name only", async () => {
    await issuer?.stop();
    issuer = undefined;
    const audit = new AuditTail(scene.controlPlane.auditLogPath ?? "");
    const mine = (await audit.read()).filter((entry) => entry.user === user);
    expect(mine.length).toBeGreaterThan(20);
    expect(mine.filter(({ code }) => code === 401 || code === 403)).toEqual([]);
    const writes = mine.filter(
      ({ resource, verb }) => resource === "secrets" && !/^(list|watch)$/.test(verb),
    );
    expect(writes.map(({ verb, namespace, name }) => ({ verb, namespace, name }))).toEqual([
      { verb: "patch", namespace: teamNamespace, name: "venafi-refresh" },
    ]);
  });

  test("killed six times, it has TPP issue each certificate once", async (context) => {
    const [rounds, batch] = [6, 30];
    const names = new Set<string>();
    const kubeconfigPath = await scene.issuerKubeconfig();
    const argv = ["--kubeconfig", kubeconfigPath, "--no-leader-elect"];
    const create = async (name: string) => {
      names.add(name);
      const key = newPrivateKey({ name: "EC", curve: "P-256" });
      const csr = await buildCsr({ key, dnsNames: [`${name}.example.com`] });
      await scene.kube.create(certificateRequests, {
        ...{ apiVersion: "cert-manager.io/v1", kind: "CertificateRequest" },
        metadata: { name, namespace: teamNamespace },
        spec: {
          ...{ issuerRef: ref("refresh"), duration: "24h", request: btoa(csr) },
          usages: ["digital signature"],
        },
      });
    };
    const orders = () => count("order");
    const before = [orders(), count("certificate")];
    const programs: IssuerProgram[] = [];
    for (let round = 0; round < rounds; round += 1) {
      for (let at = 0; at < batch; at += 1) await create(`kill-${round}-${at}`);
      const program = startIssuerProgram(context, "venafi/src/main.ts", argv);
      programs.push(program);
      const seen = orders();
      await eventually(
        { timeout: 30_000, interval: 2 },
        "orders",
        async () => orders(),
        (now) => now > seen + round,
      );
      await program.stop("SIGKILL");
    }
    const last = startIssuerProgram(context, "venafi/src/main.ts", argv);
    programs.push(last);
    await eventually(
      { timeout: 100_000, interval: 500 },
      "all requests issued",
      async () =>
        (await requestsOf("kill-")).filter((request) => findCondition(request, "Ready")?.reason === "Issued")
          .length,
      (issued) => issued === names.size,
    );
    expect((await last.stop("SIGTERM")).code).toBe(0);
    const lines = programs.flatMap((program) => program.lines);
    expect(lines.filter(({ msg }) => msg.includes("may have issued a certificate"))).toEqual([]);
    expect([orders(), count("certificate")]).toEqual(before.map((number) => number + names.size));
    expect(count("refresh-refused")).toBe(0);
  }, 240_000);
});
