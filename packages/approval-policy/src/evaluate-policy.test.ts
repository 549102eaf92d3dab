import { generateKeyPairSync } from "node:crypto";
import { der, derSequence, tags } from "@countersign/issuer-signer/der";
import { describe, expect, it } from "vitest";
import { evaluate } from "./evaluate.ts";
import {
  type CsrParts,
  dnsName,
  emailName,
  ipName,
  otherName,
  policyOf,
  subjectWith,
  uriName,
} from "./request-fixture.ts";

type Row = readonly [
  name: string,
  parts: CsrParts,
  spec: object,
  request: object,
  violated: readonly string[],
];

const upn = "1.3.6.1.4.1.311.20.2.3";
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const ed25519 = generateKeyPairSync("ed25519").privateKey;
const cn = (...values: readonly string[]): CsrParts => ({
  subject: values.map((value) => ["2.5.4.3", value]),
});
const serial = (...values: readonly string[]): CsrParts => ({
  subject: values.map((value) => ["2.5.4.5", value]),
});
const dns = (...names: readonly string[]): CsrParts => ({ sans: names.map(dnsName) });
const allow = (allowed: object) => ({ allowed });

/** Rows of `allowed` that behave alike: the field, a request with the value, and the policy's way to the field. */
const listFields: readonly (readonly [field: string, of: (value: string) => CsrParts, value: string])[] = [
  ["dnsNames", (value) => dns(value), "a.example.com"],
  ["ipAddresses", () => ({ sans: [ipName(10, 0, 0, 1)] }), "10.0.0.1"],
  ["uris", (value) => ({ sans: [uriName(value)] }), "spiffe://td/ns/shop"],
  ["emailAddresses", (value) => ({ sans: [emailName(value)] }), "a@example.com"],
  ["subject.organizations", (value) => ({ subject: [["2.5.4.10", value]] }), "Acme"],
  ["subject.countries", (value) => ({ subject: [["2.5.4.6", value]] }), "DE"],
  ["subject.organizationalUnits", (value) => ({ subject: [["2.5.4.11", value]] }), "Shop"],
  ["subject.localities", (value) => ({ subject: [["2.5.4.7", value]] }), "Berlin"],
  ["subject.provinces", (value) => ({ subject: [["2.5.4.8", value]] }), "BE"],
  ["subject.streetAddresses", (value) => ({ subject: [["2.5.4.9", value]] }), "Street 1"],
  ["subject.postalCodes", (value) => ({ subject: [["2.5.4.17", value]] }), "10115"],
];

function allowedAt(field: string, value: object): object {
  const [first = "", second] = field.split(".");
  return allow(second === undefined ? { [first]: value } : { [first]: { [second]: value } });
}

const listRows: readonly Row[] = listFields.flatMap(([field, of, value]): Row[] => {
  const path = `spec.allowed.${field}`;
  return [
    [`allowed.${field} omitted denies it`, of(value), {}, {}, [path]],
    [
      `allowed.${field} without values and validations denies it`,
      of(value),
      allowedAt(field, {}),
      {},
      [path],
    ],
    [
      `allowed.${field}.values allows what matches`,
      of(value),
      allowedAt(field, { values: [`${value.slice(0, 1)}*`] }),
      {},
      [],
    ],
    [
      `allowed.${field}.values denies the rest`,
      of(value),
      allowedAt(field, { values: ["zzz"] }),
      {},
      [`${path}.values`],
    ],
    [`allowed.${field}.values allows absence`, {}, allowedAt(field, { values: ["*"] }), {}, []],
    [
      `allowed.${field}.required wants one`,
      {},
      allowedAt(field, { values: ["*"], required: true }),
      {},
      [`${path}.required`],
    ],
    [
      `allowed.${field}.validations is asked for each value`,
      of(value),
      allowedAt(field, { validations: [{ rule: "self == 'no'" }] }),
      {},
      [`${path}.validations[0]`],
    ],
    [
      `allowed.${field}.validations is not asked for an absent value`,
      {},
      allowedAt(field, { validations: [{ rule: "false" }] }),
      {},
      [],
    ],
    [
      `allowed.${field}: values and validations must both hold`,
      of(value),
      allowedAt(field, { values: ["zzz"], validations: [{ rule: "false" }, { rule: "true" }] }),
      {},
      [`${path}.values`, `${path}.validations[0]`],
    ],
    [
      `allowed.${field}: no values and required never approves`,
      of(value),
      allowedAt(field, { values: [], required: true }),
      {},
      [`${path}.values`],
    ],
  ];
});

const rows: readonly Row[] = [
  ...listRows,
  ["allowed.commonName omitted denies it", cn("a"), {}, {}, ["spec.allowed.commonName"]],
  [
    "allowed.commonName.value allows what matches",
    cn("a.b"),
    allow({ commonName: { value: "*.b" } }),
    {},
    [],
  ],
  [
    "allowed.commonName.value denies the rest",
    cn("a.c"),
    allow({ commonName: { value: "*.b" } }),
    {},
    ["spec.allowed.commonName.value"],
  ],
  [
    "allowed.commonName: every occurrence is evaluated",
    cn("evil", "a.b"),
    allow({ commonName: { value: "*.b" } }),
    {},
    ["spec.allowed.commonName[0].value"],
  ],
  [
    "allowed.commonName.required wants one",
    {},
    allow({ commonName: { value: "*", required: true } }),
    {},
    ["spec.allowed.commonName.required"],
  ],
  [
    "allowed.commonName.validations must hold",
    cn("a"),
    allow({ commonName: { value: "*", validations: [{ rule: "size(self) > 1" }] } }),
    {},
    ["spec.allowed.commonName.validations[0]"],
  ],
  [
    "allowed.subject.serialNumber: every occurrence is evaluated",
    serial("1", "2"),
    allow({ subject: { serialNumber: { value: "2" } } }),
    {},
    ["spec.allowed.subject.serialNumber[0].value"],
  ],
  [
    "allowed.subject.serialNumber omitted denies it",
    serial("1"),
    {},
    {},
    ["spec.allowed.subject.serialNumber"],
  ],
  [
    "allowed.otherNames: an OID that is not listed is denied",
    { sans: [otherName(upn, "a@b")] },
    {},
    {},
    [`spec.allowed.otherNames[${upn}]`],
  ],
  [
    "allowed.otherNames allows the values of a listed OID",
    { sans: [otherName(upn, "a@b")] },
    allow({ otherNames: [{ oid: upn, values: ["*@b"] }] }),
    {},
    [],
  ],
  [
    "allowed.otherNames denies other values, wherever they stand",
    { sans: [otherName(upn, "a@b"), otherName(upn, "root@evil")] },
    allow({ otherNames: [{ oid: upn, values: ["*@b"] }] }),
    {},
    [`spec.allowed.otherNames[${upn}].values`],
  ],
  [
    "allowed.otherNames.required wants one",
    dns("a"),
    allow({ dnsNames: { values: ["*"] }, otherNames: [{ oid: upn, values: ["*"], required: true }] }),
    {},
    [`spec.allowed.otherNames[${upn}].required`],
  ],
  [
    "an otherName that is no text is compared as the hexadecimal of its encoding",
    { sans: [otherName(upn, "\x05", tags.integer)] },
    allow({ otherNames: [{ oid: upn, values: ["020105"] }] }),
    {},
    [],
  ],
  [
    "directoryName is always denied",
    { sans: [der(0xa4, derSequence())] },
    allow({ otherNames: [] }),
    {},
    ["spec.allowed.subjectAltName.directoryName"],
  ],
  [
    "registeredID is always denied",
    { sans: [der(0x88, Uint8Array.of(0x2a, 3))] },
    {},
    {},
    ["spec.allowed.subjectAltName.registeredID"],
  ],
  [
    "allowed.subject.otherAttributes: an OID that is not listed is denied",
    { subject: [["0.9.2342.19200300.100.1.25", "com", tags.ia5String]] },
    {},
    {},
    ["spec.allowed.subject.otherAttributes[0.9.2342.19200300.100.1.25]"],
  ],
  [
    "allowed.subject.otherAttributes allows the values of a listed OID",
    { subject: [["1.2.840.113549.1.9.1", "a@b", tags.ia5String]] },
    allow({ subject: { otherAttributes: [{ oid: "1.2.840.113549.1.9.1", values: ["*@b"] }] } }),
    {},
    [],
  ],
  ["allowed.isCA omitted denies it", {}, {}, { isCA: true }, ["spec.allowed.isCA"]],
  ["allowed.isCA false denies it", {}, allow({ isCA: false }), { isCA: true }, ["spec.allowed.isCA"]],
  ["allowed.isCA true allows both", {}, allow({ isCA: true }), { isCA: true }, []],
  ["allowed.usages omitted denies every usage", {}, {}, { usages: ["server auth"] }, ["spec.allowed.usages"]],
  [
    "allowed.usages empty denies every usage",
    {},
    allow({ usages: [] }),
    { usages: ["any"] },
    ["spec.allowed.usages"],
  ],
  [
    "allowed.usages allows a subset",
    {},
    allow({ usages: ["server auth", "client auth"] }),
    { usages: ["client auth"] },
    [],
  ],
  [
    "allowed.usages looks at spec.usages alone: none asked for is allowed",
    {},
    allow({ usages: [] }),
    { usages: [] },
    [],
  ],
  ["constraints omitted allow", { key: ed25519 }, {}, { duration: "1h" }, []],
  [
    "constraints.maxDuration is inclusive",
    {},
    { constraints: { maxDuration: "24h" } },
    { duration: "24h0m0s" },
    [],
  ],
  [
    "constraints.maxDuration denies more",
    {},
    { constraints: { maxDuration: "24h" } },
    { duration: "24h0m1s" },
    ["spec.constraints.maxDuration"],
  ],
  [
    "constraints.minDuration is inclusive",
    {},
    { constraints: { minDuration: "1h" } },
    { duration: "60m" },
    [],
  ],
  [
    "constraints.minDuration denies less",
    {},
    { constraints: { minDuration: "1h" } },
    { duration: "59m" },
    ["spec.constraints.minDuration"],
  ],
  [
    "constraints of duration deny a request that names none",
    {},
    { constraints: { minDuration: "1h", maxDuration: "2h" } },
    {},
    ["spec.constraints.maxDuration", "spec.constraints.minDuration"],
  ],
  [
    "constraints.privateKey.algorithm",
    {},
    { constraints: { privateKey: { algorithm: "RSA" } } },
    {},
    ["spec.constraints.privateKey.algorithm"],
  ],
  [
    "constraints.privateKey.minSize is inclusive",
    { key: rsa },
    { constraints: { privateKey: { algorithm: "RSA", minSize: 2048, maxSize: 2048 } } },
    {},
    [],
  ],
  [
    "constraints.privateKey.minSize denies less",
    {},
    { constraints: { privateKey: { minSize: 384 } } },
    {},
    ["spec.constraints.privateKey.minSize"],
  ],
  [
    "constraints.privateKey.maxSize denies more",
    { key: rsa },
    { constraints: { privateKey: { maxSize: 2047 } } },
    {},
    ["spec.constraints.privateKey.maxSize"],
  ],
  [
    "constraints.privateKey.minSize without algorithm denies Ed25519, whose size counts as -1",
    { key: ed25519 },
    { constraints: { privateKey: { minSize: 0 } } },
    {},
    ["spec.constraints.privateKey.minSize"],
  ],
  [
    "a wildcard crosses dots and admits the literal wildcard name",
    dns("a.b.x", "*.x"),
    allow({ dnsNames: { values: ["*.x"] } }),
    {},
    [],
  ],
];

describe("a row of approver-policy's table", () => {
  it.each(rows)("%s", (_name, parts, spec, request, violated) => {
    const { decision, policies } = evaluate([policyOf(spec)], subjectWith(parts, request));
    expect(policies[0]?.violations.map(({ path }) => path)).toEqual(violated);
    expect(decision).toBe(violated.length === 0 ? "approved" : "denied");
  });
});
