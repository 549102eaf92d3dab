import { setTimeout as delay } from "node:timers/promises";
import {
  type CertificateRequest,
  type IssuerObject,
  parseCertificates,
  type RunningIssuer,
  startIssuer,
} from "@countersign/issuer-core";
import { type CertificateForOptions, certificateFor, waitForReady } from "@countersign/issuer-testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { adcs as definition } from "../../examples/adcs/src/adcs.ts";
import { AuditTail } from "../e2e/audit-tail.ts";
import { findCondition } from "../e2e/conditions.ts";
import { eventually } from "../e2e/eventually.ts";
import { certificateRequests, certificates, issuerType } from "../e2e/resources.ts";
import { describeWithAcceptors } from "../rigs/adcs-tools.ts";
import { CERT_MANAGER, describeWithRigs } from "../rigs/rigs.ts";
import { type AdcsScene, logins, startAdcsScene } from "./adcs-scene.ts";
import { issuerNamespace, teamNamespace } from "./issuer-scene.ts";

const patience = { timeout: 60_000, interval: 200 };
const user = `system:serviceaccount:${issuerNamespace}:adcs-issuer`;

describeWithAcceptors("AD CS behind foreign acceptors with EPA Require", () => {
  describeWithRigs(CERT_MANAGER, "on a real kube-apiserver with the real cert-manager", () => {
    let scene: AdcsScene;
    let issuer: RunningIssuer | undefined;

    beforeAll(async () => {
      scene = await startAdcsScene();
      issuer = startIssuer(definition, {
        connection: await scene.issuerConnection(),
        clusterResourceNamespace: issuerNamespace,
      });
      await issuer.synced;
    });
    afterAll(async () => {
      await issuer?.stop();
      await scene?.[Symbol.asyncDispose]();
    });

    async function certificate(
      kind: string,
      options: Omit<CertificateForOptions, "namespace" | "issuerRef"> & { readonly issuer: string },
    ) {
      const { issuer: name, ...rest } = options;
      const issuerRef = { group: definition.group, kind, name };
      const object = certificateFor({ namespace: teamNamespace, issuerRef, duration: "17520h", ...rest });
      await scene.kube.create(certificates, object as never);
    }

    const requestsOf = async (name: string) => {
      const all = await scene.kube.list<CertificateRequest>(certificateRequests, teamNamespace);
      return all.filter(({ metadata }) => metadata.name.startsWith(`${name}-`));
    };
    const said = (name: string, reason: string, words: string) =>
      eventually(
        patience,
        `${name}: ${words}`,
        () => requestsOf(name),
        (all) =>
          all.some((request) => {
            const ready = findCondition(request, "Ready");
            return ready?.reason === reason && ready.message.includes(words);
          }),
      );

    test.each([
      ["AdcsIssuer", "ntlm"],
      ["AdcsIssuer", "password"],
      ["AdcsIssuer", "keytab"],
      ["AdcsClusterIssuer", "keytab"],
    ] as const)("%s with %s: a Certificate becomes Ready, and every login was bound", async (kind, login) => {
      const name = `${kind.toLowerCase()}-${login}`;
      const before = (await scene.acceptor.ledger()).length;
      await scene.issuer(kind, name, { auth: logins[login](scene) });
      await certificate(kind, { name, issuer: name, commonName: `${name}.example.com` });
      const secret = await waitForReady(
        scene.connection,
        { namespace: teamNamespace, name },
        { timeoutMs: 60_000 },
      );
      expect(await scene.openssl(secret["tls.crt"])).toContain("OK");
      expect(parseCertificates(secret["tls.crt"])).toHaveLength(2);
      expect(secret["ca.crt"]).toBe(scene.certsrv.rootPem);
      const attempts = (await scene.acceptor.ledger()).slice(before);
      expect(attempts.filter(({ outcome }) => outcome === "refused")).toEqual([]);
      const accepted = attempts.filter(({ outcome }) => outcome === "accepted");
      expect(accepted.length).toBeGreaterThan(0);
      for (const attempt of accepted)
        expect(attempt).toMatchObject({ bound: true, mechanism: login === "ntlm" ? "ntlm" : "kerberos" });
    });

    test("what waits for a certificate manager is issued when they agree, from one submission", async () => {
      await scene.issuer("AdcsIssuer", "approval", { auth: logins.ntlm(), template: "WebServerApproval" });
      await certificate("AdcsIssuer", { name: "waits", issuer: "approval" });
      const [request] = await said("waits", "Pending", "waits for a certificate manager");
      const rows = () =>
        scene.certsrv.ca.rows.filter(
          ({ attributes }) => attributes.CertificateManagerUid === request?.metadata.uid,
        );
      await delay(2_000);
      expect(rows()).toHaveLength(1);
      await scene.certsrv.ca.approve(rows()[0]?.id ?? 0);
      await waitForReady(
        scene.connection,
        { namespace: teamNamespace, name: "waits" },
        { timeoutMs: 60_000 },
      );
      expect(rows()).toHaveLength(1);
    });

    test("a template that is not there fails the request, once", async () => {
      await scene.issuer("AdcsIssuer", "nowhere", { auth: logins.password(scene), template: "Nowhere" });
      await certificate("AdcsIssuer", { name: "denied", issuer: "nowhere" });
      const [request] = await said("denied", "Failed", "CERTSRV_E_UNSUPPORTED_CERT_TYPE");
      expect(request?.status?.failureTime).toBeDefined();
      const mine = scene.certsrv.ca.rows.filter(
        ({ attributes }) => attributes.CertificateManagerUid === request?.metadata.uid,
      );
      expect(mine).toHaveLength(1);
    });

    test("a wrong password is shown to the acceptor once, and the right one works without a restart", async () => {
      const before = (await scene.acceptor.ledger()).length;
      const refused = async () =>
        (await scene.acceptor.ledger())
          .slice(before)
          .filter(
            ({ outcome, mechanism, scheme }) => outcome === "refused" && (mechanism ?? scheme) === "NTLM",
          );
      await scene.storePassword("wrong");
      // Of all issuers with this Secret only one shows it: they share the account.
      const conditionOf = async () => {
        const object = await scene.kube.get<IssuerObject>(issuerType(definition, "AdcsIssuer"), {
          namespace: teamNamespace,
          name: "adcsissuer-ntlm",
        });
        return findCondition(object, "Ready");
      };
      await eventually(patience, "not ready", conditionOf, (ready) => ready?.status === "False");
      expect((await conditionOf())?.message).toMatch(/refuses NTLM as CORP\\svc \(401\)/);
      await certificate("AdcsIssuer", { name: "held", issuer: "adcsissuer-ntlm" });
      await delay(5_000);
      expect((await refused()).length).toBeLessThanOrEqual(2);
      const shown = (await refused()).length;
      await delay(3_000);
      expect((await refused()).length).toBe(shown);
      await scene.storePassword("Pässw0rd-1");
      await waitForReady(scene.connection, { namespace: teamNamespace, name: "held" }, { timeoutMs: 60_000 });
    });

    test("the API server refused it nothing, though it may read one Secret and one ConfigMap by name only", async () => {
      await issuer?.stop();
      issuer = undefined;
      const audit = new AuditTail(scene.controlPlane.auditLogPath ?? "");
      const mine = (await audit.read()).filter((entry) => entry.user === user);
      expect(mine.length).toBeGreaterThan(20);
      expect(mine.filter(({ code }) => code === 401 || code === 403)).toEqual([]);
    });
  });
});
