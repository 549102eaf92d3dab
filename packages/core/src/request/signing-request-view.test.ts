import { PermanentError, pending } from "@countersign/issuer-signer";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineIssuer } from "../definition/define-issuer.ts";
import type { CertificateRequest, CertificateSigningRequest, Condition } from "../kube/types.ts";
import { conclude } from "./conclude.ts";
import { decide } from "./decide.ts";
import { condition, group, issuerWith, now, readyIssuer } from "./request-fixtures.ts";
import { attemptConditionType } from "./request-status.ts";
import { signingRequestStatus, signingRequestView } from "./signing-request-view.ts";

const definition = defineIssuer({
  group,
  version: "v1alpha1",
  kinds: { namespaced: "AcmeIssuer", cluster: "AcmeClusterIssuer" },
  spec: z.object({}),
  connect: () => ({ check: async () => {}, sign: async () => Promise.reject(new Error("not used")) }),
});

function object(
  status: CertificateSigningRequest["status"],
  more: { spec?: object; annotations?: Record<string, string> } = {},
): CertificateSigningRequest {
  return {
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: {
      name: "web",
      uid: "uid-1",
      resourceVersion: "7",
      creationTimestamp: "2026-05-01T11:59:00Z",
      ...(more.annotations && { annotations: more.annotations }),
    },
    spec: {
      signerName: `acmeclusterissuers.${group}/acme`,
      request: "Q1NS",
      usages: ["server auth"],
      username: "jane",
      ...more.spec,
    },
    ...(status && { status }),
  };
}

function view(
  from: CertificateSigningRequest,
  waiting?: Parameters<typeof signingRequestView>[2],
): CertificateRequest {
  const request = signingRequestView(definition, from, waiting);
  if (request === undefined) throw new Error("expected a view");
  return request;
}

const approved = { conditions: [condition("Approved", "True")] };

function decideOn(
  from: CertificateSigningRequest,
  issuer = readyIssuer,
  waiting?: Parameters<typeof signingRequestView>[2],
) {
  return decide({
    group,
    request: view(from, waiting),
    issuerKind: "AcmeClusterIssuer",
    issuerName: "acme",
    issuer,
    connected: true,
    memory: {},
    now,
  });
}

describe("a CertificateSigningRequest", () => {
  test("success-clusterissuer: an approved one is signed", () => {
    expect(decideOn(object(approved))).toEqual({ action: "sign" });
  });

  test("ignore-unless-approved-or-denied", () => {
    expect(decideOn(object(undefined))).toMatchObject({ action: "wait" });
  });

  test.each([
    ["already-ready", { ...approved, certificate: "Q0VSVA==" }],
    ["already-failed", { conditions: [...approved.conditions, condition("Failed", "True")] }],
    ["already-denied", { conditions: [condition("Denied", "True")] }],
  ])("%s: is left alone", (_, status) => {
    expect(decideOn(object(status))).toMatchObject({ action: "ignore" });
  });

  test("another signer's request is not ours", () => {
    const foreign = object(approved, { spec: { signerName: "kubernetes.io/kubelet-serving" } });
    expect(signingRequestView(definition, foreign, undefined)).toBeUndefined();
  });

  test.each([
    ["expirationSeconds", { spec: { expirationSeconds: 3600 } }, "3600s"],
    [
      "cert-manager's annotation, which wins",
      {
        spec: { expirationSeconds: 3600 },
        annotations: { "experimental.cert-manager.io/request-duration": "24h" },
      },
      "24h",
    ],
    ["nothing", {}, undefined],
  ])("takes the duration from %s", (_, more, duration) => {
    expect(view(object(approved, more)).spec.duration).toBe(duration);
  });

  test("takes isCA from cert-manager's annotation", () => {
    expect(view(object(approved)).spec.isCA).toBe(false);
    expect(
      view(object(approved, { annotations: { "experimental.cert-manager.io/request-is-ca": "true" } })).spec
        .isCA,
    ).toBe(true);
  });

  test("waiting for the issuer writes nothing, and is said once", () => {
    const decision = decideOn(object(approved), issuerWith([]));
    if (decision.action !== "write") throw new Error("expected a write");
    expect(signingRequestStatus(group, view(object(approved)), decision.status, now)).toBeUndefined();
    const said = decision.status.conditions.find(({ type }) => type === "Ready");
    expect(decideOn(object(approved), issuerWith([]), said)).toMatchObject({ action: "wait" });
  });

  const concludeOn = (
    result: Parameters<typeof conclude>[0]["result"],
    request: CertificateRequest = view(object(approved)),
  ) => {
    const { status } = conclude({
      group,
      request,
      attemptId: "a",
      result,
      times: { triedSinceMs: now },
      limits: { retryForMs: 60_000, pendingForMs: 60_000 },
      ofIssuer: {},
      now,
    });
    return signingRequestStatus(group, request, status, now);
  };

  test("fail-on-permanent-error: condition Failed, in issuer-lib's words", () => {
    expect(concludeOn({ status: "error", error: new PermanentError("no") })).toEqual({
      conditions: [
        {
          type: "Failed",
          status: "True",
          reason: "Failed",
          message: "CertificateSigningRequest has failed permanently: no",
          lastUpdateTime: "2026-05-01T12:00:00Z",
          lastTransitionTime: "2026-05-01T12:00:00Z",
        },
      ],
    });
  });

  test("retry-on-error: the attempt is recorded, and the same is not written again", () => {
    const failed = { status: "error", error: new Error("reset") } as const;
    const { conditions } = concludeOn(failed) as { conditions: Condition[] };
    expect(conditions.map(({ type }) => type)).toEqual([attemptConditionType(group)]);
    const before = view(object(approved));
    const recorded = {
      ...before,
      status: { conditions: [...(before.status?.conditions ?? []), ...conditions] },
    };
    expect(concludeOn(failed, recorded)).toBeUndefined();
    expect(concludeOn(pending({ operation: { id: "42" } }), recorded)).toBeDefined();
  });

  test("a condition of the signer's that changes is written, with all that are to stay", () => {
    const queued = (message: string) => {
      const condition = { type: "example.com/Queued", status: "True", reason: "Queue", message } as const;
      return pending({ operation: { id: "42" }, conditions: [condition] });
    };
    const { conditions } = concludeOn(queued("place 3")) as { conditions: Condition[] };
    const before = view(object(approved));
    const recorded = {
      ...before,
      status: { conditions: [...(before.status?.conditions ?? []), ...conditions] },
    };
    expect(concludeOn(queued("place 3"), recorded)).toBeUndefined();
    const next = concludeOn(queued("place 2"), recorded) as { conditions: Condition[] };
    expect(next.conditions.map(({ type }) => type)).toEqual([
      "example.com/Queued",
      attemptConditionType(group),
    ]);
  });

  test("pending: the operation is kept in a condition, and dropped with the certificate", () => {
    const written = concludeOn(pending({ operation: { id: "42" } })) as { conditions: { type: string }[] };
    expect(written.conditions.map(({ type }) => type)).toEqual([attemptConditionType(group)]);
    const chain = { chain: [], chainPem: "CHAIN", ca: undefined, caPem: undefined, root: undefined };
    expect(concludeOn({ status: "issued", chain, ca: "CA", mismatches: [] })).toEqual({
      certificate: Buffer.from("CHAIN").toString("base64"),
      conditions: [],
    });
  });
});
