import { contextTag, tags } from "../../packages/signer/src/x509/der-reader.ts";
import {
  der,
  derNull,
  derOctetString,
  derOid,
  derSequence,
  derSmallInteger,
  derTrue,
} from "../../packages/signer/src/x509/der-writer.ts";
import { encodeBasicConstraints, encodeExtension } from "../../packages/signer/src/x509/extensions.ts";
import { ec } from "../../packages/signer/src/x509/hostile-csr-fixture.ts";
import { oids } from "../../packages/signer/src/x509/oid.ts";
import {
  attribute,
  attributesField,
  extensionRequest,
  generalName,
  sanExtension,
} from "../../packages/signer/src/x509/request-fixture.ts";
import type { CsrCase } from "./csr-case.ts";
import { extensions } from "./csr-case-usages.ts";

const basicConstraints = (isCA: boolean, pathLength?: number) =>
  encodeExtension(oids.basicConstraints, true, encodeBasicConstraints({ isCA, pathLength }));
const permitting = (base: Uint8Array, ...bounds: readonly Uint8Array[]) =>
  derSequence(der(contextTag(0, true), derSequence(base, ...bounds)));
const nameConstraints = (value: Uint8Array, critical = true) =>
  encodeExtension(oids.nameConstraints, critical, value);
const forDomain = permitting(generalName(2, "example.com"));
const unknownCritical = encodeExtension("1.2.3.4", true, derNull);

const issued = "issued" as const;

/** CA certificates, name constraints and other extensions, against what the CertificateRequest asks for. */
export const profileCases: readonly CsrCase[] = [
  extensions("CA:TRUE without isCA", [basicConstraints(true)], { ours: /CA:true/ }),
  extensions("CA:FALSE with isCA", [basicConstraints(false)], { isCA: true, ours: /CA:false/ }),
  extensions("CA:FALSE without isCA", [basicConstraints(false)], { ours: issued }),
  extensions("CA:TRUE with isCA", [basicConstraints(true)], { isCA: true, ours: issued }),
  extensions("isCA without basic constraints", [], { isCA: true, ours: issued }),
  extensions("a path length with isCA", [basicConstraints(true, 3)], { isCA: true, ours: issued }),
  extensions("a path length of 0 with isCA", [basicConstraints(true, 0)], { isCA: true, ours: issued }),
  extensions(
    "a path length below 0",
    [
      encodeExtension(
        oids.basicConstraints,
        true,
        derSequence(derTrue, der(tags.integer, Uint8Array.of(0xff))),
      ),
    ],
    {
      isCA: true,
      ours: /out of range/,
    },
  ),
  extensions(
    "CA:FALSE written out",
    [encodeExtension(oids.basicConstraints, true, derSequence(Uint8Array.of(1, 1, 0)))],
    {
      ours: issued,
    },
  ),
  {
    name: "isCA without a subject",
    request: () => ec({ subject: derSequence() }),
    isCA: true,
    ours: /names nothing/,
  },
  {
    name: "isCA with a SAN, without a subject",
    request: () => ec({ subject: derSequence(), extensions: [sanExtension(generalName(2, "a.example"))] }),
    isCA: true,
    ours: /needs a subject/,
  },
  extensions("name constraints with isCA", [nameConstraints(forDomain)], { isCA: true, ours: issued }),
  extensions("name constraints that are not critical", [nameConstraints(forDomain, false)], {
    isCA: true,
    ours: issued,
  }),
  extensions("name constraints without isCA", [nameConstraints(forDomain)], { ours: /only CA certificates/ }),
  extensions(
    "name constraints of every form",
    [
      nameConstraints(
        derSequence(
          der(
            contextTag(0, true),
            derSequence(generalName(1, "example.com")),
            derSequence(generalName(6, ".example.com")),
            derSequence(generalName(7, Uint8Array.of(10, 0, 0, 0, 255, 0, 0, 0))),
          ),
          der(contextTag(1, true), derSequence(generalName(2, "evil.example.com"))),
        ),
      ),
    ],
    { isCA: true, ours: issued },
  ),
  extensions(
    "name constraints with a minimum",
    [nameConstraints(permitting(generalName(2, "a"), der(contextTag(0, false), Uint8Array.of(0))))],
    {
      isCA: true,
      ours: /subtree/,
    },
  ),
  extensions(
    "name constraints on a directoryName",
    [nameConstraints(permitting(der(contextTag(4, true), derSequence())))],
    {
      isCA: true,
      ours: /not supported/,
    },
  ),
  extensions(
    "name constraints with holes in a mask",
    [nameConstraints(permitting(generalName(7, Uint8Array.of(10, 0, 0, 0, 255, 0, 255, 0))))],
    {
      isCA: true,
      ours: /IP range/,
    },
  ),
  extensions("an unknown critical extension", [unknownCritical], { ours: /critical extension/ }),
  extensions("an unknown critical extension that may be dropped", [unknownCritical], {
    unknownCriticalExtensions: "drop",
    ours: issued,
  }),
  extensions("an unknown extension", [encodeExtension("1.2.3.4", false, derNull)], { ours: issued }),
  extensions(
    "a subject key identifier",
    [encodeExtension("2.5.29.14", false, derOctetString(new Uint8Array(20)))],
    {
      ours: issued,
    },
  ),
  extensions(
    "an extension that says that it is not critical",
    [derSequence(derOid("1.2.3.4"), Uint8Array.of(1, 1, 0), derOctetString(derNull))],
    {
      ours: issued,
    },
  ),
  {
    name: "a challenge password",
    request: () =>
      ec({
        attributes: attributesField(
          attribute("1.2.840.113549.1.9.7", der(tags.utf8String, Buffer.from("secret"))),
        ),
      }),
    ours: issued,
  },
  {
    name: "two extension requests that both ask for something",
    request: () =>
      ec({
        attributes: attributesField(
          extensionRequest(encodeExtension("1.2.3.4", false, derNull)),
          extensionRequest(encodeExtension("1.2.3.4", false, derNull)),
        ),
      }),
    ours: /exactly one extension request/,
  },
  {
    name: "an extension request whose value is a path length",
    request: () => ec({ attributes: attributesField(attribute(oids.extensionRequest, derSmallInteger(1))) }),
    ours: /unexpected ASN.1 type/,
  },
];
