import {
  buildCsr,
  type CertificateRequest,
  newPrivateKey,
  parseCertificates,
  type RunningIssuer,
  startIssuer,
} from "@countersign/issuer-core";
import { type CertificateForOptions, certificateFor, waitForReady } from "@countersign/issuer-testing";
import { afterAll, beforeAll, expect, type TestContext, test } from "vitest";
import { vault as definition } from "../../examples/vault/src/vault.ts";
import { AuditTail } from "../e2e/audit-tail.ts";
import { findCondition } from "../e2e/conditions.ts";
import { eventually } from "../e2e/eventually.ts";
import { type IssuerProgram, startIssuerProgram } from "../e2e/fixtures/issuer-program.ts";
import { certificateRequests, certificates, issuerType } from "../e2e/resources.ts";
import { CERT_MANAGER, describeWithRigs, VAULT } from "../rigs/rigs.ts";
import { VAULT_FLAVOURS } from "../rigs/vault-node.ts";
import { writePolicy } from "../rigs/vault-pki.ts";
import { issuerNamespace, teamNamespace } from "./issuer-scene.ts";
import { issuerName, specOf, startVaultScene, type VaultScene } from "./vault-scene.ts";

const patience = { timeout: 45_000, interval: 100 };
const user = `system:serviceaccount:${issuerNamespace}:vault-issuer`;

for (const flavour of VAULT_FLAVOURS) {
  describeWithRigs(
    [...CERT_MANAGER, ...VAULT[flavour]],
    `${flavour}: the issuer on a real kube-apiserver, with Kubernetes auth`,
    () => {
      let scene: VaultScene;
      let issuer: RunningIssuer | undefined;
      let tokens: number;

      beforeAll(async () => {
        scene = await startVaultScene(flavour);
        tokens = await scene.tokens();
        issuer = startIssuer(definition, {
          connection: await scene.issuerConnection(),
          clusterResourceNamespace: issuerNamespace,
        });
        await issuer.synced;
        for (const [kind, role] of [
          ["VaultIssuer", "team"],
          ["VaultClusterIssuer", "cluster"],
        ] as const) {
          const metadata = { name: issuerName, ...(role === "team" && { namespace: teamNamespace }) };
          await scene.kube.create(issuerType(definition, kind), {
            ...{ apiVersion: `${definition.group}/${definition.version}`, kind, metadata },
            spec: specOf(scene, role),
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

      const requestsOf = async (name: string) => {
        const all = await scene.kube.list<CertificateRequest>(certificateRequests, teamNamespace);
        return all.filter(({ metadata }) => metadata.name.startsWith(name));
      };

      test.each(["VaultIssuer", "VaultClusterIssuer"])("%s: a Certificate becomes Ready", async (kind) => {
        const name = kind.toLowerCase();
        const usages = ["digital signature", "key encipherment", "server auth"] as const;
        await certificate({ name, issuerRef: issuerRef(kind), usages, duration: "24h" });
        const secret = await waitForReady(scene.connection, { namespace: teamNamespace, name });
        expect(await scene.openssl(secret["tls.crt"])).toContain("OK");
        expect(parseCertificates(secret["tls.crt"])).toHaveLength(2);
        expect(parseCertificates(secret["ca.crt"] ?? "")[0]?.isSelfSigned).toBe(true);
      });

      test("what the role refuses fails the request, with what the role says", async () => {
        const dnsNames = ["www.example.net"];
        await certificate({
          name: "refused",
          issuerRef: issuerRef("VaultIssuer"),
          dnsNames,
          duration: "24h",
        });
        const [failed] = await eventually(
          patience,
          "a failed request",
          () => requestsOf("refused"),
          (all) => all.some((request) => findCondition(request, "Ready")?.reason === "Failed"),
        );
        const message = findCondition(failed, "Ready")?.message;
        expect(message).toContain('the role web does not allow the DNS name "www.example.net"');
        expect(message).toContain("allowed_domains=[example.com]");
      });

      test("a lifetime that the role shortens is told on the request", async () => {
        const name = "shortened";
        await certificate({
          name,
          issuerRef: issuerRef("VaultIssuer"),
          duration: "2160h",
          renewBefore: "24h",
        });
        await waitForReady(scene.connection, { namespace: teamNamespace, name });
        const [request] = await requestsOf(name);
        expect(findCondition(request, "VaultPolicyApplied")).toMatchObject({ reason: "LifetimeShortened" });
      });

      test("each issuer object holds one token, the API server refused it nothing, and a stop leaves none", async () => {
        expect((await scene.tokens()) - tokens).toBe(2);
        await issuer?.stop();
        issuer = undefined;
        expect(await scene.tokens()).toBe(tokens);
        const audit = new AuditTail(scene.controlPlane.auditLogPath ?? "");
        const mine = (await audit.read()).filter((entry) => entry.user === user);
        expect(mine.length).toBeGreaterThan(20);
        expect(mine.filter(({ code }) => code === 401 || code === 403)).toEqual([]);
        const tokenRequests = mine.filter(({ subresource }) => subresource === "token");
        expect(tokenRequests.map(({ namespace }) => namespace).sort()).toEqual([
          issuerNamespace,
          teamNamespace,
        ]);
      });

      /** Has requests signed by a program that is killed six times; what it reported, and what Vault issued. */
      async function killing(context: TestContext, name: string) {
        await issuer?.stop();
        const before = await scene.issuedByVault();
        const [rounds, batch] = [6, 60];
        const kubeconfigPath = await scene.issuerKubeconfig();
        const argv = ["--kubeconfig", kubeconfigPath, "--no-leader-elect"];
        const finished = async () =>
          (await requestsOf(`${name}-`)).filter(
            (request) => findCondition(request, "Ready")?.reason === "Issued",
          ).length;
        const create = async (at: number) => {
          const key = newPrivateKey({ name: "EC", curve: "P-256" });
          const csr = await buildCsr({ key, dnsNames: [`${name}-${at}.example.com`] });
          await scene.kube.create(certificateRequests, {
            ...{ apiVersion: "cert-manager.io/v1", kind: "CertificateRequest" },
            metadata: { name: `${name}-${at}`, namespace: teamNamespace },
            spec: {
              ...{ issuerRef: issuerRef("VaultIssuer"), duration: "24h", request: btoa(csr) },
              usages: ["digital signature"],
            },
          });
        };
        const programs: IssuerProgram[] = [];
        const start = () => {
          const program = startIssuerProgram(context, "vault/src/main.ts", argv);
          programs.push(program);
          return program;
        };
        for (let round = 0; round < rounds; round += 1) {
          for (let at = 0; at < batch; at += 1) await create(round * batch + at);
          const program = start();
          const signed = async () =>
            program.lines.filter(({ msg }) => msg.startsWith("Succeeded signing")).length;
          await eventually({ timeout: 20_000, interval: 2 }, "progress", signed, (count) => count > round);
          await program.stop("SIGKILL");
        }
        const last = start();
        await last.logged("watching");
        await eventually(patience, "all requests issued", finished, (now) => now === rounds * batch);
        expect((await last.stop("SIGTERM")).code).toBe(0);
        const lines = programs.flatMap((program) => program.lines);
        const reported = lines.filter(({ msg }) => msg.includes("may have issued a certificate"));
        const extra = (await scene.issuedByVault()) - before - rounds * batch;
        console.info(
          `${flavour}, ${name}: ${rounds * batch} requests, ${rounds} kills, ${extra} extra, ${reported.length} reported`,
        );
        return { extra, reported };
      }

      test("killed six times, it has Vault issue each certificate once", async (context) => {
        expect(await killing(context, "looks")).toEqual({ extra: 0, reported: [] });
      });

      test("killed six times without leave to look, it reports every certificate that may be extra", async (context) => {
        const { vault, pki } = scene;
        await writePolicy(vault, pki.policy, { [pki.signPath]: ["update"] });
        const { extra, reported } = await killing(context, "blind");
        expect(extra).toBeLessThanOrEqual(reported.length);
        // So the six kills of the test before met requests under way as well.
        expect(reported.length).toBeGreaterThan(0);
        for (const line of reported) expect(JSON.stringify(line)).toContain("may not read the role");
      });
    },
  );
}
