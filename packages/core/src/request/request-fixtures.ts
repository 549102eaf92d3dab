import type { CertificateRequest, Condition, IssuerObject } from "../kube/types.ts";

/** Fixtures of the tests of this folder: a fixed clock, an issuer and a request as the API server returns them. */
export const group = "pki.example.com";
export const now = Date.parse("2026-05-01T12:00:00Z");
const earlier = "2026-05-01T11:59:00Z";

export function condition(
  type: string,
  status: Condition["status"],
  reason = "Test",
  message = "test",
): Condition {
  return { type, status, reason, message, lastTransitionTime: earlier };
}

export function requestWith(
  conditions: readonly Condition[],
  more: Partial<CertificateRequest["metadata"]> = {},
) {
  return {
    apiVersion: "cert-manager.io/v1",
    kind: "CertificateRequest",
    metadata: {
      name: "web-1",
      namespace: "team",
      uid: "uid-1",
      resourceVersion: "7",
      creationTimestamp: earlier,
      ...more,
    },
    spec: { issuerRef: { group, kind: "AcmeIssuer", name: "acme" }, request: "" },
    status: { conditions },
  } satisfies CertificateRequest;
}

export function issuerWith(conditions: readonly Condition[], generation = 2): IssuerObject {
  return {
    apiVersion: `${group}/v1alpha1`,
    kind: "AcmeIssuer",
    metadata: {
      name: "acme",
      namespace: "team",
      uid: "uid-i",
      resourceVersion: "3",
      generation,
      creationTimestamp: earlier,
    },
    spec: {},
    status: { conditions },
  };
}

export const readyIssuer = issuerWith([{ ...condition("Ready", "True", "Checked"), observedGeneration: 2 }]);
export const approved = condition("Approved", "True", "cert-manager.io");
