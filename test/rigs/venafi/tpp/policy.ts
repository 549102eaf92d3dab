import type { Csr } from "@countersign/issuer-core";
import { subjectValues } from "../subject.ts";

/** A value of a policy folder: a default, or what every request must say. */
export interface PolicyValue<Value = string> {
  readonly value: Value;
  readonly locked?: boolean | undefined;
}

/** A custom field that the folder knows. */
export interface CustomFieldRule {
  readonly label: string;
  readonly mandatory?: boolean | undefined;
  /** A list field: nothing else may be said. */
  readonly allowed?: readonly string[] | undefined;
}

/** What a policy folder says; all that is left out is open. */
export interface TppPolicy {
  /** DN of the CA template. Without one, requests must bring `CADN`. */
  readonly certificateAuthority?: PolicyValue | undefined;
  readonly organization?: PolicyValue | undefined;
  readonly organizationalUnits?: PolicyValue<readonly string[]> | undefined;
  readonly city?: PolicyValue | undefined;
  readonly state?: PolicyValue | undefined;
  readonly country?: PolicyValue | undefined;
  readonly keyAlgorithm?: PolicyValue<"RSA" | "ECC"> | undefined;
  /** Bits; the least that is allowed where it is locked. */
  readonly keySize?: PolicyValue<number> | undefined;
  readonly ellipticCurve?: PolicyValue<"P256" | "P384" | "P521"> | undefined;
  /** Who makes key and CSR. */
  readonly csrGeneration?: PolicyValue<"UserProvided" | "ServiceGenerated"> | undefined;
  /** Domains below which names must be; one with a leading dot does not itself count. */
  readonly domains?: readonly string[] | undefined;
  /** True unless given. */
  readonly wildcards?: boolean | undefined;
  /** The kinds of subject alternative name that are allowed; all unless given. */
  readonly sans?: readonly ("dns" | "ip" | "email" | "uri" | "upn")[] | undefined;
  /** False unless given. */
  readonly keyReuse?: boolean | undefined;
  readonly managementType?: PolicyValue | undefined;
  readonly customFields?: readonly CustomFieldRule[] | undefined;
  /** Prefixed universal ids of the folder's contacts. */
  readonly contacts?: readonly string[] | undefined;
  /** Days that a certificate is valid; 365 unless given. */
  readonly validityDays?: number | undefined;
  /** Whether the CA template lets a request say its end; true unless given. Otherwise it is passed over. */
  readonly endDates?: boolean | undefined;
  /** Every request waits for approval. */
  readonly workflow?: boolean | undefined;
}

const value = <Value>(given: PolicyValue<Value> | undefined, unset: Value) => ({
  Locked: given?.locked ?? false,
  Value: given?.value ?? unset,
});

/** The `Policy` of a `checkpolicy` answer. */
export function policyAnswer(policy: TppPolicy): Readonly<Record<string, unknown>> {
  const allows = (kind: NonNullable<TppPolicy["sans"]>[number]) => policy.sans?.includes(kind) ?? true;
  const { organizationalUnits: units } = policy;
  return {
    CertificateAuthority: value(policy.certificateAuthority, ""),
    CsrGeneration: value<string>(policy.csrGeneration, "UserProvided"),
    KeyGeneration: value(undefined, "Central"),
    KeyPair: {
      KeyAlgorithm: value<string>(policy.keyAlgorithm, "RSA"),
      KeySize: value(policy.keySize, 2048),
      // Nothing where keys are RSA by default, as the zones of the vendor's own tests have it.
      EllipticCurve: value<string>(policy.ellipticCurve, policy.keyAlgorithm?.value === "ECC" ? "P256" : ""),
    },
    ManagementType: value(policy.managementType, "Enrollment"),
    PrivateKeyReuseAllowed: policy.keyReuse ?? false,
    SubjAltNameDnsAllowed: allows("dns"),
    SubjAltNameEmailAllowed: allows("email"),
    SubjAltNameIpAllowed: allows("ip"),
    SubjAltNameUpnAllowed: allows("upn"),
    SubjAltNameUriAllowed: allows("uri"),
    Subject: {
      City: value(policy.city, ""),
      Country: value(policy.country, ""),
      Organization: value(policy.organization, ""),
      OrganizationalUnit: { Locked: units?.locked ?? false, Values: units?.value ?? [] },
      State: value(policy.state, ""),
    },
    UniqueSubjectEnforced: false,
    WhitelistedDomains: policy.domains ?? [],
    WildcardsAllowed: policy.wildcards ?? true,
  };
}

/** What in a CSR the policy does not allow, one sentence each. The words are this simulator's: no source has TPP's. */
export function policyViolations(policy: TppPolicy, csr: Csr): string[] {
  return [...subjectViolations(policy, csr), ...keyViolations(policy, csr), ...nameViolations(policy, csr)];
}

function subjectViolations(policy: TppPolicy, csr: Csr): string[] {
  const rules = [
    ["Organization", "O", policy.organization],
    ["City", "L", policy.city],
    ["State", "ST", policy.state],
    ["Country", "C", policy.country],
  ] as const;
  const violations: string[] = [];
  for (const [label, type, rule] of rules) {
    if (rule?.locked !== true) continue;
    const found = subjectValues(csr, type);
    if (found.length !== 1 || found[0] !== rule.value)
      violations.push(`${label} must be "${rule.value}", not "${found.join(", ")}".`);
  }
  const units = policy.organizationalUnits;
  const found = subjectValues(csr, "OU");
  if (units?.locked === true && found.some((unit) => !units.value.includes(unit)))
    violations.push(`Organizational Unit must be of "${units.value.join(", ")}", not "${found.join(", ")}".`);
  return violations;
}

function keyViolations(policy: TppPolicy, { keyAlgorithm: key }: Csr): string[] {
  if (key.name !== "RSA" && key.name !== "EC") return [`Key Algorithm ${key.name} is not supported.`];
  const { keyAlgorithm, keySize, ellipticCurve } = policy;
  const algorithm = key.name === "RSA" ? "RSA" : "ECC";
  if (keyAlgorithm?.locked === true && algorithm !== keyAlgorithm.value)
    return [`Key Algorithm must be ${keyAlgorithm.value}, not ${algorithm}.`];
  if (key.name === "RSA" && keySize?.locked === true && key.modulusLength < keySize.value)
    return [`Key Size must be at least ${keySize.value}, not ${key.modulusLength}.`];
  const curve = key.name === "EC" ? key.curve.replace("-", "") : undefined;
  if (curve !== undefined && ellipticCurve?.locked === true && curve !== ellipticCurve.value)
    return [`Elliptic Curve must be ${ellipticCurve.value}, not ${curve}.`];
  return [];
}

function nameViolations(policy: TppPolicy, { commonName, names }: Csr): string[] {
  const violations: string[] = [];
  const kinds = [
    ["dns", "DNS", names.dns],
    ["ip", "IP Address", names.ip],
    ["email", "Email", names.email],
    ["uri", "URI", names.uri],
    ["upn", "UPN", names.other],
  ] as const;
  for (const [kind, label, given] of kinds)
    if (given.length > 0 && policy.sans?.includes(kind) === false)
      violations.push(`Subject Alternative Name type ${label} is prohibited.`);
  const hosts = [...new Set([...(commonName === undefined ? [] : [commonName]), ...names.dns])];
  for (const host of hosts) {
    if (policy.wildcards === false && host.includes("*"))
      violations.push(`Wildcard "${host}" is prohibited.`);
    if (policy.domains !== undefined && !policy.domains.some((domain) => isBelow(host, domain)))
      violations.push(`"${host}" is not in the domain whitelist: ${policy.domains.join(", ")}.`);
  }
  return violations;
}

function isBelow(host: string, domain: string): boolean {
  const [name, parent] = [host.toLowerCase(), domain.toLowerCase()];
  return parent.startsWith(".") ? name.endsWith(parent) : name === parent || name.endsWith(`.${parent}`);
}
