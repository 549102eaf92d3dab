import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { evaluate } from "./evaluate.ts";
import { parsePolicy } from "./parse-policy.ts";
import { type CsrParts, dnsName, emailName, subjectWith, uriName } from "./request-fixture.ts";

/** Policies of the kinds that approver-policy documents. */
const everything = `
apiVersion: policy.cert-manager.io/v1alpha1
kind: CertificateRequestPolicy
metadata: { name: allow-everything }
spec:
  allowed:
    commonName: { value: "*" }
    dnsNames: { values: ["*"] }
    uris: { values: ["*"] }
    emailAddresses: { values: ["*"] }
    isCA: true
    usages: [server auth, client auth, cert sign]
  selector: { issuerRef: {} }
`;
const nothing = `
apiVersion: policy.cert-manager.io/v1alpha1
kind: CertificateRequestPolicy
metadata: { name: deny-by-default }
spec:
  allowed:
    dnsNames: { values: [], required: true }
  selector: { issuerRef: {} }
`;
const domain = `
apiVersion: policy.cert-manager.io/v1alpha1
kind: CertificateRequestPolicy
metadata: { name: our-domain }
spec:
  allowed:
    commonName: { value: "example.com" }
    dnsNames: { values: ["example.com", "*.example.com"], required: true }
    usages: [server auth]
  constraints:
    maxDuration: 24h
    privateKey: { algorithm: ECDSA, minSize: 256 }
  selector:
    issuerRef: { name: "acme", kind: "*Issuer" }
`;
const spiffe = `
apiVersion: policy.cert-manager.io/v1alpha1
kind: CertificateRequestPolicy
metadata: { name: spiffe }
spec:
  allowed:
    uris:
      required: true
      values: ["spiffe://example.org/ns/*/sa/*"]
      validations:
        - rule: self.startsWith('spiffe://%s/ns/%s/sa/'.format(['example.org', cr.namespace]))
          message: the URI must be of the request's namespace
    emailAddresses:
      validations:
        - rule: self.size() <= 24
  selector:
    namespace: { matchNames: ["*"] }
`;

const noWildcards = `
apiVersion: policy.cert-manager.io/v1alpha1
kind: CertificateRequestPolicy
metadata: { name: no-wildcards }
spec:
  allowed:
    dnsNames:
      values: ["*.example.com"]
      validations:
        - rule: "!self.contains('*')"
          message: no wildcard certificates
  selector: { issuerRef: { name: acme } }
`;

describe("a documented kind of policy", () => {
  const dns = (...names: readonly string[]): CsrParts => ({ sans: names.map(dnsName) });
  it.each([
    ["everything", everything, dns("a"), {}, "approved"],
    [
      "everything, with an organization that nobody listed",
      everything,
      { subject: [["2.5.4.10", "A"]] },
      {},
      "denied",
    ],
    ["a default denial", nothing, dns("a"), {}, "denied"],
    ["a default denial of an empty request", nothing, {}, {}, "denied"],
    ["a domain", domain, dns("a.example.com"), { usages: ["server auth"], duration: "24h" }, "approved"],
    ["a domain, another name", domain, dns("example.org"), { duration: "24h" }, "denied"],
    ["a domain, no name", domain, {}, { duration: "24h" }, "denied"],
    ["a domain, too long", domain, dns("example.com"), { duration: "25h" }, "denied"],
    ["a domain, no duration", domain, dns("example.com"), {}, "denied"],
    ["a domain, another issuer", domain, dns("example.com"), { issuerRef: { name: "x" } }, "unprocessed"],
    ["no wildcards", noWildcards, dns("a.example.com"), {}, "approved"],
    ["no wildcards, one asked for", noWildcards, dns("*.example.com"), {}, "denied"],
    ["spiffe", spiffe, { sans: [uriName("spiffe://example.org/ns/shop/sa/a")] }, {}, "approved"],
    [
      "spiffe of another namespace",
      spiffe,
      { sans: [uriName("spiffe://example.org/ns/bank/sa/a")] },
      {},
      "denied",
    ],
    [
      "an address that is too long",
      spiffe,
      { sans: [uriName("spiffe://example.org/ns/shop/sa/a"), emailName(`${"a".repeat(30)}@b`)] },
      {},
      "denied",
    ],
  ] as const)("%s", (_what, yaml, parts, request, decision) => {
    expect(evaluate([parsePolicy(parse(yaml))], subjectWith(parts as CsrParts, request)).decision).toBe(
      decision,
    );
  });

  it("of default denial beside a lenient one denies nothing", () => {
    const policies = [nothing, everything].map((yaml) => parsePolicy(parse(yaml)));
    expect(evaluate(policies, subjectWith(dns("a"))).policy).toBe("allow-everything");
  });
});
