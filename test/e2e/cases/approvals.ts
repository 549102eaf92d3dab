import {
  approveRequest,
  type CertificateRequest,
  checkApprovalPermission,
  denyRequest,
  type PolicyRule,
  type RequestToApprove,
  waitForApproval,
} from "@countersign/issuer-core";
import { KubeTransport } from "@countersign/issuer-core/kube";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import { newTestCa } from "../fixtures/test-ca.ts";
import { manualIssuer, softwareCaIssuer } from "../identities.ts";
import { manifestTypes, serviceAccounts } from "../resources.ts";
import { beginScene, type IssuerReference, type Scene } from "../scene.ts";
import { serveIssuers } from "../serve-issuers.ts";
import { SigningRequests, signerName } from "../signing-requests.ts";
import type { TargetOf } from "../target.ts";

const rbac = "rbac.authorization.k8s.io";
const why = { reason: "E2eApprover", message: "the test decides" };

/** Core's helpers for approvers. */
export function approvalCases(target: TargetOf): void {
  describe("an approver made of core's helpers", () => {
    const ledger = serveIssuers(target, manualIssuer, softwareCaIssuer);
    let scene: Scene;
    let issuerRef: IssuerReference;
    let transport: KubeTransport;
    beforeAll(async () => {
      scene = await beginScene(target(), "approvals");
      issuerRef = await scene.caIssuer(manualIssuer, "Cluster", newTestCa("Approvals CA"));
      transport = new KubeTransport({ connection: target().connection, userAgent: "e2e-approver" });
    });
    afterAll(() => transport?.close());

    const named = (name: string) =>
      ({ kind: "CertificateRequest", namespace: scene.namespace, name }) as const;
    const signal = () => AbortSignal.timeout(target().patience.timeout);

    /** A transport of somebody who may read requests, and what `grant` adds. */
    async function somebody(name: string) {
      const account = { namespace: scene.namespace, name };
      const { kube } = target();
      const metadata = { namespace: scene.namespace, name };
      await kube.apply(serviceAccounts, { apiVersion: "v1", kind: "ServiceAccount", metadata });
      const type = (kind: string) => {
        const found = manifestTypes.find((each) => each.kind === kind);
        if (found === undefined) throw new Error(`no resource is known for the kind ${kind}`);
        return found;
      };
      const apiVersion = `${rbac}/v1`;
      const role = `${scene.namespace}-${name}`;
      const grant = async (...added: readonly PolicyRule[]) => {
        const read = ["certificaterequests", "certificatesigningrequests"].map((resource, index) => ({
          apiGroups: [index === 0 ? "cert-manager.io" : "certificates.k8s.io"],
          resources: [resource],
          verbs: ["get", "list", "watch"],
        }));
        await kube.apply(type("ClusterRole"), {
          apiVersion,
          kind: "ClusterRole",
          metadata: { name: role },
          rules: [...read, ...added],
        });
      };
      await grant();
      await kube.apply(type("ClusterRoleBinding"), {
        apiVersion,
        kind: "ClusterRoleBinding",
        metadata: { name: role },
        roleRef: { apiGroup: rbac, kind: "ClusterRole", name: role },
        subjects: [{ kind: "ServiceAccount", ...account }],
      });
      const connection = await target().issuerConnection(account);
      return { grant, transport: new KubeTransport({ connection, userAgent: "e2e-somebody" }) };
    }

    /** By its own rules the permission must come about: what is missing is granted, and then nothing is missing. */
    async function grantsWhatIsMissing(name: string, request: RequestToApprove): Promise<void> {
      const { grant, transport } = await somebody(name);
      try {
        const check = () => checkApprovalPermission({ transport, request });
        // The authorizer learns of a binding a moment after it is stored; before that not even reading is allowed.
        const before = await eventually(
          target().patience,
          "a permission to read",
          () => check().catch(() => undefined),
          (answer) => answer !== undefined,
        );
        expect(before).toMatchObject({ allowed: false, unknownIssuer: false });
        expect(before?.missing.map(({ verbs }) => verbs)).toEqual([["approve"], ["update"]]);
        await expect(approveRequest({ transport, request, ...why })).rejects.toMatchObject({ status: 403 });

        const [approve, write] = before?.missing ?? [];
        if (approve === undefined || write === undefined) throw new TypeError("two rules were expected");
        await grant(write);
        const half = await eventually(
          target().patience,
          "the write",
          check,
          ({ missing }) => missing.length === 1,
        );
        expect(half.missing).toEqual([approve]);
        // Who may write but not approve is refused by cert-manager's webhook, or by the API server's admission.
        if (target().hasWebhook) {
          await expect(approveRequest({ transport, request, ...why })).rejects.toMatchObject({ status: 403 });
        }
        await grant(approve, write);
        const after = await eventually(target().patience, "the right", check, ({ allowed }) => allowed);
        expect(after.missing).toEqual([]);
        // cert-manager's webhook remembers a refusal for a second.
        const decision = await eventually(
          target().patience,
          "the decision",
          () => approveRequest({ transport, request, ...why }).catch(() => undefined),
          (answer) => answer !== undefined,
        );
        expect(decision?.condition).toMatchObject({ type: "Approved", status: "True", ...why });
      } finally {
        transport.close();
      }
    }

    test.concurrent("approves once: the second time is told of the first, and nothing is written", async (context) => {
      await scene.createRequest({ name: "once", issuerRef });
      const request = named("once");
      const waiting = waitForApproval({ transport, request, signal: signal() });
      const first = await approveRequest({ transport, request, ...why });
      context.expect(first.written).toBe(true);
      context.expect((await waiting).decision).toBe("approved");
      await scene.issued("once");

      const second = await approveRequest({ transport, request, reason: "Another", message: "again" });
      context.expect(second).toMatchObject({ written: false, condition: { type: "Approved", ...why } });
      await context
        .expect(denyRequest({ transport, request, ...why }))
        .rejects.toMatchObject({ code: "APPROVAL", failure: "decided" });
      const { status } = (await scene.request("once")) as CertificateRequest;
      context.expect(status?.conditions?.map(({ type }) => type).sort()).toEqual(["Approved", "Ready"]);
      context.expect(ledger.calls(scene.namespace, "once")).toBe(1);
    });

    test.concurrent("denies once, and nobody approves afterwards: the PKI hears nothing", async (context) => {
      await scene.createRequest({ name: "denied", issuerRef });
      const request = named("denied");
      context.expect((await denyRequest({ transport, request, ...why })).written).toBe(true);
      context
        .expect((await waitForApproval({ transport, request, signal: signal() })).decision)
        .toBe("denied");
      await scene.untilReason("denied", "Denied");
      context.expect((await denyRequest({ transport, request, ...why })).written).toBe(false);
      await context
        .expect(approveRequest({ transport, request, ...why }))
        .rejects.toMatchObject({ code: "APPROVAL", failure: "decided" });
      context.expect(ledger.calls(scene.namespace, "denied")).toBe(0);
    });

    test.concurrent("of many who decide at once one is heard, and never both decisions are stored", async (context) => {
      const decide = [approveRequest, denyRequest, approveRequest, denyRequest, approveRequest, denyRequest];
      for (const name of ["race-1", "race-2", "race-3"]) {
        await scene.createRequest({ name, issuerRef });
        const request = named(name);
        const results = await Promise.allSettled(decide.map((each) => each({ transport, request, ...why })));
        const written = results.filter((each) => each.status === "fulfilled" && each.value.written);
        context.expect(written).toHaveLength(1);
        const conditions = (await scene.request(name))?.status?.conditions ?? [];
        context
          .expect(conditions.filter(({ type }) => type === "Approved" || type === "Denied"))
          .toHaveLength(1);
      }
    });

    test.concurrent("decides about the object that was seen, and about no later one of its name", async (context) => {
      await scene.createRequest({ name: "seen", issuerRef });
      const options = { transport, request: named("seen"), ...why };
      await context
        .expect(approveRequest({ ...options, uid: "00000000-0000-0000-0000-000000000000" }))
        .rejects.toMatchObject({ failure: "replaced" });
      await context
        .expect(approveRequest({ ...options, request: named("never-made") }))
        .rejects.toMatchObject({ failure: "gone" });
      context.expect((await scene.request("seen"))?.status?.conditions ?? []).toEqual([]);
      context.expect(ledger.calls(scene.namespace, "seen")).toBe(0);
    });

    test.concurrent("is told which rules it lacks, and with these it may", async () => {
      await scene.createRequest({ name: "permission", issuerRef });
      await grantsWhatIsMissing("deputy", named("permission"));
    });

    test.concurrent("knows that nobody may approve for a kind that is not there", async (context) => {
      const nowhere = { ...issuerRef, group: "nowhere.example.com" };
      await scene.createRequest({ name: "nowhere", issuerRef: nowhere });
      const answer = await checkApprovalPermission({ transport, request: named("nowhere") });
      context.expect(answer).toMatchObject({ allowed: false, signers: [], unknownIssuer: true });
    });

    test.concurrent("does the same with Kubernetes' own requests, by their subresource", async (context) => {
      const name = `${scene.namespace}-csr`;
      await new SigningRequests(target()).create({
        name,
        signerName: signerName(manualIssuer, "Cluster", scene.namespace),
      });
      const request = { kind: "CertificateSigningRequest", name } as const;
      await grantsWhatIsMissing("csr-deputy", request);
      context
        .expect((await waitForApproval({ transport, request, signal: signal() })).decision)
        .toBe("approved");
      context.expect((await approveRequest({ transport, request, ...why })).written).toBe(false);
      await context
        .expect(denyRequest({ transport, request, ...why }))
        .rejects.toMatchObject({ failure: "decided" });
    });
  });
}
