import { describe, expect, it } from "vitest";
import { evaluate } from "./evaluate.ts";
import { csrOf, dnsName, ipName, policyOf, subjectWith } from "./request-fixture.ts";
import { issuerOfSigner, subjectOfKubernetesCsr } from "./subject.ts";

const kinds = {
  acmeissuers: { kind: "AcmeIssuer", namespaced: true },
  acmeclusterissuers: { kind: "AcmeClusterIssuer", namespaced: false },
};

describe("a Kubernetes CSR", () => {
  const csr = {
    metadata: { name: "csr-1" },
    spec: {
      request: csrOf({ sans: [dnsName("a.x")] }),
      signerName: "acmeissuers.pki.example.com/shop.acme",
      expirationSeconds: 3600,
      usages: ["server auth"],
      username: "alice",
      groups: ["team-a"],
    },
  };
  const issuer = issuerOfSigner(csr.spec.signerName, kinds);
  const policy = policyOf({
    selector: { issuerRef: { kind: "AcmeIssuer", name: "acme" }, namespace: { matchNames: ["shop"] } },
    allowed: {
      dnsNames: {
        values: ["*"],
        validations: [{ rule: "cr.username == 'alice' && cr.namespace == 'shop'" }],
      },
      usages: ["server auth"],
    },
    constraints: { maxDuration: "1h" },
  });

  it("is evaluated by the same policies", () => {
    expect(issuer).toBeDefined();
    if (issuer === undefined) return;
    expect(evaluate([policy], subjectOfKubernetesCsr(csr, issuer)).decision).toBe("approved");
    const longer = { ...csr, spec: { ...csr.spec, expirationSeconds: 3601 } };
    expect(evaluate([policy], subjectOfKubernetesCsr(longer, issuer)).decision).toBe("denied");
    const bob = { ...csr, spec: { ...csr.spec, username: "bob" } };
    expect(evaluate([policy], subjectOfKubernetesCsr(bob, issuer)).decision).toBe("denied");
  });

  it.each([
    [
      "acmeclusterissuers.pki.example.com/acme",
      { name: "acme", kind: "AcmeClusterIssuer", group: "pki.example.com" },
      undefined,
    ],
    [
      "acmeissuers.pki.example.com/shop.acme.v2",
      { name: "acme.v2", kind: "AcmeIssuer", group: "pki.example.com" },
      "shop",
    ],
    ["acmeissuers.pki.example.com/acme", undefined, undefined],
    ["acmeissuers.pki.example.com/.acme", undefined, undefined],
    ["kubernetes.io/kube-apiserver-client", undefined, undefined],
    ["constructor.pki.example.com/a", undefined, undefined],
    ["", undefined, undefined],
  ])("for the signer %j means the issuer %j in %j", (signer, issuerRef, namespace) => {
    expect(issuerOfSigner(signer, kinds)).toEqual(
      issuerRef && (namespace === undefined ? { issuerRef } : { issuerRef, namespace }),
    );
  });

  it("for cert-manager's own signers means its kinds", () => {
    expect(issuerOfSigner("clusterissuers.cert-manager.io/ca")?.issuerRef.kind).toBe("ClusterIssuer");
  });
});

describe("a CertificateRequest", () => {
  it("has its addresses as approver-policy writes them", () => {
    const mapped = ipName(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2);
    const { csr } = subjectWith({ sans: [mapped] });
    expect(csr).toMatchObject({ ipAddresses: ["10.0.0.2"] });
  });

  it("with a duration that no API server stores is refused", () => {
    expect(() => subjectWith({}, { duration: "90d" })).toThrow(RangeError);
  });
});
