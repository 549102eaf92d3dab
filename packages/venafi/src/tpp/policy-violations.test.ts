import type { Csr } from "@countersign/issuer-signer";
import { buildCsr, newPrivateKey, parseCsr } from "@countersign/issuer-signer";
import { type SignRequestForOptions, signRequestFor } from "@countersign/issuer-signer/testing";
import { describe, expect, test } from "vitest";
import { policyAnswer, type TppPolicy } from "../../../../test/rigs/venafi/tpp/policy.ts";
import type { VenafiAnswer } from "../answer.ts";
import { policyViolations } from "./policy-violations.ts";
import { readZonePolicy } from "./zone-policy.ts";

function answering(json: Readonly<Record<string, unknown>> | undefined): VenafiAnswer {
  const answer = { status: 200, statusText: "OK", host: "tpp", body: Buffer.alloc(0) };
  return { ...answer, json, retryAfterMs: undefined, shown: [] };
}

function violationsOf(policy: TppPolicy, csr: Csr): readonly string[] {
  const read = readZonePolicy(answering({ Policy: policyAnswer(policy) }));
  if (read === undefined) throw new Error("no policy");
  return policyViolations(read, csr);
}

async function csrFor(options: SignRequestForOptions & { readonly subject?: Record<string, string> }) {
  const { subject, keyAlgorithm = { name: "EC", curve: "P-256" }, ...names } = options;
  if (subject === undefined) return (await signRequestFor(options)).parsedCsr;
  const attributes = Object.entries(subject).map(([type, value]) => ({ type, value }));
  return parseCsr(
    await buildCsr({
      key: newPrivateKey(keyAlgorithm),
      subject: attributes,
      ...(names.commonName === undefined ? {} : { commonName: names.commonName }),
      dnsNames: names.dnsNames ?? ["www.example.com"],
    }),
  );
}

const locked = <Value>(value: Value) => ({ value, locked: true });
const rsa = (modulusLength: number) => ({ name: "RSA", modulusLength }) as const;

describe("policyViolations", () => {
  test.each<[string, TppPolicy, Parameters<typeof csrFor>[0], string]>([
    [
      "an organization",
      { organization: locked("Example Corp") },
      { subject: { O: "Other, Inc." } },
      'the organization is locked to "Example Corp", not "Other, Inc."',
    ],
    [
      "a unit",
      { organizationalUnits: locked(["Web", "Shop"]) },
      { subject: { OU: "Lab" } },
      'the organizational unit is locked to "Web", "Shop", not "Lab"',
    ],
    [
      "a city",
      { city: locked("Salt Lake") },
      { subject: { L: "Provo" } },
      'the city is locked to "Salt Lake"',
    ],
    [
      "a state",
      { state: locked("Utah") },
      { subject: { ST: "Ohio" } },
      'the state is locked to "Utah", not "Ohio"',
    ],
    [
      "a country",
      { country: locked("GB") },
      { subject: { C: "US" } },
      'the country is locked to "GB", not "US"',
    ],
    [
      "a kind of key",
      { keyAlgorithm: locked("RSA" as const) },
      {},
      `the key algorithm is locked to "RSA", and the request's is EC`,
    ],
    [
      "a size of key",
      { keySize: locked(3072) },
      { keyAlgorithm: rsa(2048) },
      "the key must have at least 3072 bits, not 2048",
    ],
    [
      "a curve",
      { ellipticCurve: locked("P384" as const) },
      {},
      'the elliptic curve is locked to "P384", not P-256',
    ],
    [
      "a wildcard",
      { wildcards: false },
      { dnsNames: ["*.example.com"] },
      'wildcards are not allowed, such as "*.example.com"',
    ],
    [
      "a domain",
      { domains: ["example.com", ".example.net"] },
      { dnsNames: ["www.example.com", "notexample.com"] },
      '"notexample.com" is in none of the allowed domains, which are "example.com", ".example.net"',
    ],
    [
      "a common name's domain",
      { domains: ["example.com"] },
      { commonName: "www.example.org" },
      '"www.example.org" is in none of the allowed domains, which are "example.com"',
    ],
    ["DNS names", { sans: [] }, {}, "DNS names are not allowed as subject alternative names"],
    [
      "IP addresses",
      { sans: ["dns"] },
      { ipAddresses: ["10.0.0.1"] },
      "IP addresses are not allowed as subject alternative names",
    ],
    [
      "e-mail addresses",
      { sans: ["dns"] },
      { emails: ["a@b.example"] },
      "e-mail addresses are not allowed as subject alternative names",
    ],
    ["URIs", { sans: ["dns"] }, { uris: ["urn:x:y"] }, "URIs are not allowed as subject alternative names"],
  ])("refuses %s, in words", async (_, policy, options, words) => {
    const [violation, ...more] = violationsOf(policy, await csrFor(options));
    expect(violation).toContain(words);
    expect(more).toEqual([]);
  });

  test("names everything at once", async () => {
    const policy = { organization: locked("A"), country: locked("GB"), wildcards: false };
    const csr = await csrFor({ subject: { O: "B", C: "US" }, dnsNames: ["*.example.com"] });
    expect(violationsOf(policy, csr)).toHaveLength(3);
  });

  test("lets pass what is as the policy says, what is only a default, and what TPP decides", async () => {
    const policy: TppPolicy = {
      organization: locked("Example Corp"),
      city: { value: "Salt Lake" },
      keyAlgorithm: locked("RSA" as const),
      keySize: locked(2048),
      domains: [".example.com"],
    };
    const names = { dnsNames: ["example.com", "WWW.EXAMPLE.COM", "*.a.example.com"] };
    const csr = await csrFor({
      subject: { O: "Example Corp", L: "Provo" },
      keyAlgorithm: rsa(3072),
      ...names,
    });
    expect(violationsOf(policy, csr)).toEqual([]);
    expect(violationsOf(policy, await csrFor({ keyAlgorithm: rsa(2048), ...names }))).toEqual([]);
  });

  test("takes a policy that says nothing, or nonsense, for an open one", async () => {
    const csr = await csrFor({ commonName: "x", ipAddresses: ["10.0.0.1"] });
    for (const policy of [{}, { Subject: 1, KeyPair: [], WhitelistedDomains: [7, "", null] }]) {
      const read = readZonePolicy(answering({ Policy: policy }));
      expect(read && policyViolations(read, csr)).toEqual([]);
    }
    expect(readZonePolicy(answering({}))).toBeUndefined();
    expect(readZonePolicy(answering(undefined))).toBeUndefined();
  });
});
