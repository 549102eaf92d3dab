import type {
  IssuerRef,
  Lifecycle,
  RequestAnswered,
  RequestSigned,
  RequestStep,
} from "../lifecycle/lifecycle.ts";

/** An issuer of the group that the tests use. */
export function issuerRef(name = "acme", namespace = "team"): IssuerRef {
  return { group: "pki.example.com", kind: "AcmeIssuer", namespace, name };
}

/** A step of the request `uid` at an issuer. */
export function step(issuer: IssuerRef = issuerRef(), uid = "uid-1"): RequestStep {
  return {
    request: { kind: "CertificateRequest", namespace: "team", name: "web-1", uid },
    issuer,
    reconcile: 7,
    requester: {
      username: "system:serviceaccount:cert-manager:cert-manager",
      uid: "u-9",
      groups: ["system:authenticated"],
    },
    approval: {
      approved: true,
      reason: "policy.cert-manager.io",
      message: "Approved by CertificateRequestPolicy: web",
    },
  };
}

/** What is written to the request in the end. */
export function written(reason: string, message: string, of: RequestStep = step()) {
  return { ...of, type: "Normal" as const, reason, message };
}

/** The PKI has issued in 40 ms, for 90 days, from a CA of ten years. */
export function signed(of: RequestStep = step()): RequestSigned {
  return {
    ...of,
    attemptId: "attempt-1",
    serial: "0a1b2c",
    signMs: 40,
    notAfterMs: Date.parse("2026-08-01T00:00:00Z"),
    caNotAfterMs: Date.parse("2036-01-01T00:00:00Z"),
    mismatches: [],
  };
}

/** A call that took 40 ms. */
export function answered(more: Partial<RequestAnswered> = {}, of: RequestStep = step()): RequestAnswered {
  return {
    ...of,
    attemptId: "attempt-1",
    ms: 40,
    outcome: "issued",
    code: undefined,
    message: undefined,
    ...more,
  };
}

/** Announces that the issuer exists. */
export function addIssuer(lifecycle: Lifecycle, issuer: IssuerRef = issuerRef()): void {
  lifecycle.announce("issuer:added", { issuer, uid: `uid of ${issuer.name}` });
}
