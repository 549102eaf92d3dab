import { parseGoDuration } from "@countersign/issuer-signer";
import { z } from "zod";
import { usageWords } from "./usage-words.ts";

/** OIDs that have fields of their own: commonName and the attributes below `allowed.subject`. */
export const namedAttributes = Object.freeze({
  commonName: "2.5.4.3",
  serialNumber: "2.5.4.5",
  countries: "2.5.4.6",
  localities: "2.5.4.7",
  provinces: "2.5.4.8",
  streetAddresses: "2.5.4.9",
  organizations: "2.5.4.10",
  organizationalUnits: "2.5.4.11",
  postalCodes: "2.5.4.17",
});

const namedOids: ReadonlySet<string> = new Set(Object.values(namedAttributes));

const duration = z
  .string()
  .refine((text) => parseGoDuration(text) !== undefined, "must be a Go duration of 0 or more, such as 2160h");

const rule = z.strictObject({ rule: z.string(), message: z.string().optional() });
const validations = z
  .array(rule)
  .refine((rules) => isUnique(rules.map((each) => each.rule)), "must not have the same rule twice");
const checks = { required: z.boolean().optional(), validations: validations.optional() };
const neededBeside = "must be given, or validations, where required is true";

const oneText = z
  .strictObject({ value: z.string().optional(), ...checks })
  .refine((allowed) => isSatisfiable(allowed, allowed.value), { path: ["value"], message: neededBeside });
const texts = z
  .strictObject({ values: z.array(z.string()).optional(), ...checks })
  .refine((allowed) => isSatisfiable(allowed, allowed.values), { path: ["values"], message: neededBeside });

const oid = z
  .string()
  .refine(isCanonicalOid, "must be a dotted OID without leading zeros, such as 1.3.6.1.4.1.311.20.2.3");
const byOid = z
  .strictObject({ oid, values: z.array(z.string()).optional(), ...checks })
  .refine((allowed) => isSatisfiable(allowed, allowed.values), { path: ["values"], message: neededBeside });
const listByOid = z
  .array(byOid)
  .refine((entries) => isUnique(entries.map((entry) => entry.oid)), "must not have the same oid twice");
const otherAttributes = listByOid.refine(
  (entries) => entries.every((entry) => !namedOids.has(entry.oid)),
  `must not have an OID that has a field of its own: ${Object.keys(namedAttributes).join(", ")}`,
);

const allowed = z.strictObject({
  commonName: oneText.optional(),
  dnsNames: texts.optional(),
  ipAddresses: texts.optional(),
  uris: texts.optional(),
  emailAddresses: texts.optional(),
  otherNames: listByOid.optional(),
  isCA: z.boolean().optional(),
  usages: z.array(z.enum(usageWords)).optional(),
  subject: z
    .strictObject({
      organizations: texts.optional(),
      countries: texts.optional(),
      organizationalUnits: texts.optional(),
      localities: texts.optional(),
      provinces: texts.optional(),
      streetAddresses: texts.optional(),
      postalCodes: texts.optional(),
      serialNumber: oneText.optional(),
      otherAttributes: otherAttributes.optional(),
    })
    .optional(),
});

const size = z.int("must be an integer").min(0, "must be from 0 to 8192").max(8192, "must be from 0 to 8192");
const privateKey = z
  .strictObject({
    algorithm: z.enum(["RSA", "ECDSA", "Ed25519"]).optional(),
    minSize: size.optional(),
    maxSize: size.optional(),
  })
  .refine(({ minSize, maxSize }) => minSize === undefined || maxSize === undefined || maxSize >= minSize, {
    path: ["maxSize"],
    message: "must not be less than minSize",
  })
  .refine(
    ({ algorithm, minSize, maxSize }) =>
      algorithm !== "Ed25519" || (minSize === undefined && maxSize === undefined),
    "must not have minSize or maxSize where algorithm is Ed25519, whose keys have one size",
  );

const constraints = z
  .strictObject({
    minDuration: duration.optional(),
    maxDuration: duration.optional(),
    privateKey: privateKey.optional(),
  })
  .refine(({ minDuration, maxDuration }) => isAtLeast(maxDuration, minDuration), {
    path: ["maxDuration"],
    message: "must not be less than minDuration",
  });

const selector = z
  .strictObject({
    issuerRef: z
      .strictObject({
        name: z.string().optional(),
        kind: z.string().optional(),
        group: z.string().optional(),
      })
      .optional(),
    namespace: z
      .strictObject({
        matchNames: z.array(z.string()).optional(),
        matchLabels: z.record(z.string(), z.string()).optional(),
      })
      .optional(),
  })
  .refine(
    ({ issuerRef, namespace }) => issuerRef !== undefined || namespace !== undefined,
    "must have issuerRef or namespace; {} in either matches everything",
  );

/** The spec of a CertificateRequestPolicy, with the checks of approver-policy's webhook; fields it lacks are refused. */
export const policySpec = z.strictObject({
  selector,
  allowed: allowed.optional(),
  constraints: constraints.optional(),
  plugins: z
    .record(z.string(), z.strictObject({ values: z.record(z.string(), z.string()).optional() }))
    .optional(),
});

/** The spec of a CertificateRequestPolicy. */
export type PolicySpec = z.output<typeof policySpec>;
/** A CEL rule and what to say where it does not hold. */
export type ValidationRule = z.output<typeof rule>;
/** What may stand in an attribute of one value. */
export type AllowedText = z.output<typeof oneText>;
/** What may stand in an attribute of many values. */
export type AllowedTexts = z.output<typeof texts>;

/** An object of kind CertificateRequestPolicy; its status is not read. */
export const policyObject = z.object({
  apiVersion: z.literal("policy.cert-manager.io/v1alpha1"),
  kind: z.literal("CertificateRequestPolicy"),
  metadata: z.object({
    name: z.string().min(1, "must be given"),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
  spec: policySpec,
});

function isSatisfiable(
  {
    required,
    validations,
  }: { readonly required?: boolean | undefined; readonly validations?: readonly unknown[] | undefined },
  value: unknown,
): boolean {
  return required !== true || value !== undefined || (validations ?? []).length > 0;
}

function isUnique(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}

function isAtLeast(greater: string | undefined, less: string | undefined): boolean {
  const [most, least] = [greater, less].map((text) =>
    text === undefined ? undefined : parseGoDuration(text),
  );
  return most === undefined || least === undefined || most >= least;
}

function isCanonicalOid(text: string): boolean {
  const [root, second, ...rest] = text.split(".");
  return (
    /^[0-2]$/.test(root ?? "") &&
    second !== undefined &&
    [second, ...rest].every((arc) => /^(0|[1-9]\d{0,9})$/.test(arc) && Number(arc) < 2 ** 31) &&
    (root === "2" || Number(second) < 40)
  );
}
