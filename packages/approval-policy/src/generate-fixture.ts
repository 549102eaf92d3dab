import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { tags } from "@countersign/issuer-signer/der";
import {
  type CsrParts,
  certificateRequest,
  dnsName,
  emailName,
  type FixtureAttribute,
  ipName,
  otherName,
  policyObjectOf,
  uriName,
} from "./request-fixture.ts";

/** For tests: a situation that approver-policy and this package are both asked about. */
export interface GeneratedCase {
  readonly policies: readonly ReturnType<typeof policyObjectOf>[];
  readonly request: ReturnType<typeof certificateRequest>;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly mayUse: readonly string[];
}

const pem = (key: { export(options: { type: "pkcs8"; format: "pem" }): string | Buffer }) =>
  createPrivateKey(key.export({ type: "pkcs8", format: "pem" }));
const keys = [
  pem(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey),
  pem(generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey),
  pem(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey),
  pem(generateKeyPairSync("ed25519").privateKey),
];
const names = ["a.example.com", "b.example.com", "*.example.com", "a.b.example.com", "shop.svc", "evil.test"];
const patterns = ["*", "*.example.com", "a*", "*.svc", "a.example.com", "", "*b*c*"];
const upn = "1.3.6.1.4.1.311.20.2.3";
const domainComponent = "0.9.2342.19200300.100.1.25";
const rules = [
  "self.endsWith('.com')",
  "size(self) < 14",
  "self.contains(cr.namespace) || self.startsWith('a')",
  "self.matches('^[a-z.]+$')",
  "!self.startsWith('*')",
  "cr.groups.exists(g, g == 'team-a')",
  "isServiceAccount(cr.username) && serviceAccount(cr.username).getNamespace() == 'cert-manager'",
  "self.split('.').all(l, size(l) <= 7)",
  "'%s.example.com'.format([self.substring(0, 1)]) == self",
  "self.indexOf('.') == 1 ? self.charAt(0) == 'a' : true",
  "cr.name in ['web-1', 'web-2'] && self.lowerAscii() == self",
  "self.replace('.', '').reverse() != 'x'",
  "int(self) > 1",
  "self.substring(3, 1) == ''",
];
const usages = ["server auth", "client auth", "digital signature", "cert sign", "any"];
const listFields = ["dnsNames", "ipAddresses", "uris", "emailAddresses"];
const subjectFields: readonly (readonly [field: string, oid: string])[] = [
  ["organizations", "2.5.4.10"],
  ["countries", "2.5.4.6"],
  ["organizationalUnits", "2.5.4.11"],
  ["localities", "2.5.4.7"],
  ["provinces", "2.5.4.8"],
  ["streetAddresses", "2.5.4.9"],
  ["postalCodes", "2.5.4.17"],
];

/** A situation of one to three policies and a request, which are near enough to each other to meet often. */
export function generateCase(random: () => number): GeneratedCase {
  const chance = (probability: number): boolean => random() < probability;
  const one = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const some = <T>(values: readonly T[], most: number): T[] =>
    Array.from({ length: Math.floor(random() * (most + 1)) }, () => one(values));
  const distinct = <T>(values: readonly T[], most: number): T[] => [...new Set(some(values, most))];
  // Half of the situations are lenient: otherwise hardly a request would be approved.
  const lenient = chance(0.5);
  const maybe = <T>(probability: number, make: () => T): T | undefined =>
    chance(probability) ? make() : undefined;
  const likely = <T>(probability: number, make: () => T) => maybe(lenient ? 1 : probability, make);

  const checks = (value: object) => {
    const validations = maybe(lenient ? 0.05 : 0.3, () => distinct(rules, 2).map((rule) => ({ rule })));
    const satisfiable = Object.keys(value).length > 0 || (validations ?? []).length > 0;
    return {
      ...value,
      ...(validations && { validations }),
      ...(satisfiable && chance(0.15) && { required: true }),
    };
  };
  const texts = () =>
    checks(
      chance(lenient ? 1 : 0.9)
        ? { values: chance(lenient ? 0.95 : 0.6) ? ["*"] : distinct(patterns, 3) }
        : {},
    );
  const text = () =>
    checks(chance(lenient ? 1 : 0.9) ? { value: chance(lenient ? 0.95 : 0.6) ? "*" : one(patterns) } : {});
  const allowed = () => ({
    commonName: likely(0.8, text),
    ...Object.fromEntries(listFields.map((field) => [field, likely(0.8, texts)])),
    otherNames: likely(0.5, () => [{ oid: upn, ...texts() }]),
    isCA: likely(0.5, () => chance(0.7)),
    usages: likely(0.85, () => (chance(0.7) ? usages : distinct(usages, 4))),
    subject: likely(0.8, () => ({
      ...Object.fromEntries(subjectFields.map(([field]) => [field, likely(0.85, texts)])),
      serialNumber: likely(0.6, text),
      otherAttributes: likely(0.5, () => [{ oid: domainComponent, ...texts() }]),
    })),
  });
  const privateKey = () => ({
    algorithm: maybe(0.4, () => one(["RSA", "ECDSA"])),
    minSize: maybe(0.3, () => one([0, 256, 384])),
    maxSize: maybe(0.3, () => one([384, 2048, 4096])),
  });
  const policy = (name: string) => {
    const made = policyObjectOf(
      {
        selector: chance(0.7)
          ? {
              issuerRef: { name: maybe(0.2, () => one(["ac*", "other"])), kind: maybe(0.2, () => "*Issuer") },
            }
          : {
              namespace: {
                matchNames: maybe(0.5, () => ["sh*", "x"]),
                matchLabels: maybe(0.3, () => ({ env: "prod" })),
              },
            },
        allowed: maybe(0.95, allowed),
        constraints: maybe(0.4, () => ({
          minDuration: maybe(0.3, () => one(["1h", "30m"])),
          maxDuration: maybe(0.4, () => one(["1h", "24h", "2160h0m0s"])),
          privateKey: maybe(0.5, privateKey),
        })),
      },
      name,
    );
    const status = one(["True", "True", "True", "True", "False", undefined]);
    const conditions =
      status === undefined
        ? []
        : [{ type: "Ready", status, reason: "x", message: "", lastTransitionTime: "2026-01-01T00:00:00Z" }];
    return JSON.parse(JSON.stringify({ ...made, status: { conditions } })) as typeof made;
  };

  const attributes: FixtureAttribute[] = [
    ...some(names, chance(0.9) ? 1 : 3).map((name) => ["2.5.4.3", name] as const),
    ...subjectFields.flatMap(([, oid]) => (chance(0.15) ? [[oid, one(names)] as const] : [])),
    ...(chance(0.15) ? [["2.5.4.5", "a1"] as const] : []),
    ...(chance(0.03) ? [["2.5.4.5", "b2"] as const] : []),
    ...(chance(0.15) ? [[domainComponent, "a", tags.ia5String] as const] : []),
  ];
  const parts: CsrParts = {
    key: one(keys),
    subject: attributes,
    sans: [
      ...some(names, 2).map(dnsName),
      ...(chance(0.2) ? [ipName(10, 0, 0, 1)] : []),
      ...(chance(0.1) ? [ipName(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2)] : []),
      ...(chance(0.1) ? [ipName(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)] : []),
      ...(chance(0.2) ? [uriName(one(["spiffe://td/ns/shop/sa/a", "https://a.example.com/x?y#z"]))] : []),
      ...(chance(0.2) ? [emailName("a@b.example.com")] : []),
      ...(chance(0.15) ? [otherName(upn, one(["a@example.com", "root@evil.test"]))] : []),
      ...(chance(0.03) ? [Uint8Array.of(0x88, 2, 0x2a, 3)] : []),
    ],
  };
  const policies = Array.from({ length: 1 + Math.floor(random() * 3) }, (_, index) =>
    policy(`policy-${index}`),
  );
  const spec = {
    isCA: chance(0.1),
    usages: distinct(usages, 2),
    ...(chance(0.7) && { duration: one(["30m0s", "1h0m0s", "24h0m0s", "2160h0m0s", "8760h0m0s"]) }),
    ...(chance(0.2) && { issuerRef: { name: "acme" } }),
    ...(chance(0.3) && { groups: ["team-a"], username: "alice" }),
  };
  return {
    policies,
    request: certificateRequest(parts, spec),
    namespaceLabels: chance(0.5) ? { env: "prod" } : { env: "dev", team: "a" },
    mayUse: policies.map(({ metadata }) => metadata.name).filter(() => chance(0.9)),
  };
}
