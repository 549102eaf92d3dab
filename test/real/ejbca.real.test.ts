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
import { ejbca as definition } from "../../examples/ejbca/src/ejbca.ts";
import { AuditTail } from "../e2e/audit-tail.ts";
import { findCondition } from "../e2e/conditions.ts";
import { eventually } from "../e2e/eventually.ts";
import { type IssuerProgram, startIssuerProgram } from "../e2e/fixtures/issuer-program.ts";
import { opensslVerdict } from "../e2e/fixtures/openssl-verdict.ts";
import { certificateRequests, certificates, issuerType } from "../e2e/resources.ts";
import { CERT_MANAGER, describeWithRigs } from "../rigs/rigs.ts";
import { account, type EjbcaRealScene, issuerName, startEjbcaRealScene } from "./ejbca-scene.ts";
import { issuerNamespace, teamNamespace } from "./issuer-scene.ts";

const patience = { timeout: 60_000, interval: 100 };
const user = `system:serviceaccount:${account.namespace}:${account.name}`;

describeWithRigs(CERT_MANAGER, "the EJBCA issuer on a real kube-apiserver, with the simulator", () => {
  let scene: EjbcaRealScene;
  let issuer: RunningIssuer | undefined;

  beforeAll(async () => {
    scene = await startEjbcaRealScene();
    issuer = startIssuer(definition, {
      connection: await scene.issuerConnection(),
      clusterResourceNamespace: issuerNamespace,
    });
    await issuer.synced;
    for (const kind of ["EJBCAIssuer", "EJBCAClusterIssuer"]) {
      const metadata = { name: issuerName, ...(kind === "EJBCAIssuer" && { namespace: teamNamespace }) };
      await scene.kube.create(issuerType(definition, kind), {
        ...{ apiVersion: `${definition.group}/${definition.version}`, kind, metadata },
        spec: scene.spec,
      });
    }
  });
  afterAll(async () => {
    await issuer?.stop();
    await scene?.[Symbol.asyncDispose]();
  });

  const issuerRef = (kind: string) => ({ group: definition.group, kind, name: issuerName });

  async function certificate(options: Omit<CertificateForOptions, "namespace">) {
    const object = certificateFor({ namespace: teamNamespace, ...options });
    await scene.kube.create(certificates, object as never);
  }

  async function requestsOf(name: string) {
    const all = await scene.kube.list<CertificateRequest>(certificateRequests, teamNamespace);
    return all.filter(({ metadata }) => metadata.name.startsWith(name));
  }

  test.each(["EJBCAIssuer", "EJBCAClusterIssuer"])("%s: a Certificate becomes Ready", async (kind) => {
    const name = kind.toLowerCase();
    const host = `${name}.example.com`;
    const usages = ["digital signature", "key encipherment", "server auth"] as const;
    await certificate({ name, issuerRef: issuerRef(kind), usages, commonName: host, dnsNames: [host] });
    const secret = await waitForReady(scene.connection, { namespace: teamNamespace, name });
    await opensslVerdict({ chain: secret["tls.crt"], ca: secret["ca.crt"] });
    expect(parseCertificates(secret["tls.crt"])).toHaveLength(2);
    expect(parseCertificates(secret["ca.crt"] ?? "")[0]?.commonName).toBe("LabRootCA");
  });

  test("what a profile refuses fails the request, with what to change", async () => {
    const dnsNames = Array.from({ length: 9 }, (_, at) => `${at}.example.com`);
    await certificate({ name: "refused", issuerRef: issuerRef("EJBCAIssuer"), dnsNames });
    const [failed] = await eventually(
      patience,
      "a failed request",
      () => requestsOf("refused"),
      (all) => all.some((request) => findCondition(request, "Ready")?.reason === "Failed"),
    );
    expect(findCondition(failed, "Ready")?.message).toContain("so many fields DNSNAME");
  });

  test("a lifetime that EJBCA takes from its profile is told on the request", async () => {
    const [name, host] = ["shortened", "shortened.example.com"];
    const lifetime = { duration: "24h", renewBefore: "1h" };
    await certificate({
      ...{ name, commonName: host, dnsNames: [host], issuerRef: issuerRef("EJBCAIssuer") },
      ...lifetime,
    });
    await waitForReady(scene.connection, { namespace: teamNamespace, name });
    const [request] = await requestsOf(name);
    expect(findCondition(request, "EJBCAPolicyApplied")).toMatchObject({ reason: "LifetimeDiffers" });
  });

  test("the CRD refuses what the schema does not allow", async () => {
    const { ejbca } = scene.spec as { readonly ejbca: object };
    const create = (more: object) =>
      scene.kube.create(issuerType(definition, "EJBCAIssuer"), {
        ...{ apiVersion: `${definition.group}/${definition.version}`, kind: "EJBCAIssuer" },
        metadata: { name: "wrong", namespace: teamNamespace },
        spec: { ejbca: { ...ejbca, ...more } },
      });
    await expect(create({ url: "https://ejbca.example.com" })).rejects.toThrow("exactly one of url, urls");
    await expect(create({ auth: {} })).rejects.toThrow("exactly one of clientCertificate, oauth2");
    await expect(create({ mode: "magic" })).rejects.toThrow("mode");
  });

  test("the API server refused the issuer nothing", async () => {
    const audit = new AuditTail(scene.controlPlane.auditLogPath ?? "");
    const mine = (await audit.read()).filter((entry) => entry.user === user);
    expect(mine.length).toBeGreaterThan(20);
    expect(mine.filter(({ code }) => code === 401 || code === 403)).toEqual([]);
  });

  test("killed five times, it has EJBCA issue each certificate once, though answers are lost as well", async (context) => {
    await issuer?.stop();
    issuer = undefined;
    const [rounds, batch] = [5, 40];
    const before = scene.ejbca.ledger.entries.length;
    const argv = ["--kubeconfig", await scene.issuerKubeconfig(), "--no-leader-elect"];
    const finished = async () =>
      (await requestsOf("killed-")).filter((request) => findCondition(request, "Ready")?.reason === "Issued")
        .length;
    async function create(at: number) {
      const key = newPrivateKey({ name: "EC", curve: "P-256" });
      const csr = await buildCsr({ key, dnsNames: [`killed-${at}.example.com`] });
      await scene.kube.create(certificateRequests, {
        ...{ apiVersion: "cert-manager.io/v1", kind: "CertificateRequest" },
        metadata: { name: `killed-${at}`, namespace: teamNamespace },
        spec: {
          ...{ issuerRef: issuerRef("EJBCAIssuer"), request: btoa(csr) },
          usages: ["digital signature", "key encipherment", "server auth"],
        },
      });
    }
    const programs: IssuerProgram[] = [];
    const start = () => {
      const program = startIssuerProgram(context, "ejbca/src/main.ts", argv);
      programs.push(program);
      return program;
    };
    for (let round = 0; round < rounds; round += 1) {
      for (let at = 0; at < batch; at += 1) await create(round * batch + at);
      scene.ejbca.faults.add({ route: "pkcs10enroll", times: 2, action: { kind: "lose" } });
      const program = start();
      const signed = async () =>
        program.lines.filter(({ msg }) => msg.startsWith("Succeeded signing")).length;
      await eventually({ timeout: 20_000, interval: 2 }, "progress", signed, (count) => count > round);
      await program.stop("SIGKILL");
    }
    const last = start();
    await eventually(patience, "all requests issued", finished, (now) => now === rounds * batch);
    expect((await last.stop("SIGTERM")).code).toBe(0);
    const lines = programs.flatMap((program) => program.lines);
    const reported = lines.filter(({ msg }) => msg.includes("may have issued a certificate"));
    const extra = scene.ejbca.ledger.entries.length - before - rounds * batch;
    await context.annotate(
      `${rounds * batch} requests, ${rounds} kills, ${extra} extra, ${reported.length} reported`,
    );
    expect({ extra, reported, duplicates: scene.ejbca.ledger.duplicates() }).toEqual({
      ...{ extra: 0, reported: [], duplicates: [] },
    });
  });
});
