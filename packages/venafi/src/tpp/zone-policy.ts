import { numberField, objectField, textField, textList, type VenafiAnswer } from "../answer.ts";

type Json = Readonly<Record<string, unknown>>;

/** A value of a zone: a default, or what every request must have. */
export interface PolicyValue<Value = string> {
  readonly locked: boolean;
  /** Undefined where the zone has none. */
  readonly value: Value | undefined;
}

/** What a zone's policy says that an issuer can judge beforehand. */
export interface ZonePolicy {
  readonly certificateAuthority: PolicyValue;
  readonly csrGeneration: PolicyValue;
  readonly keyAlgorithm: PolicyValue;
  /** Bits. */
  readonly keySize: PolicyValue<number>;
  readonly ellipticCurve: PolicyValue;
  readonly organization: PolicyValue;
  readonly organizationalUnits: { readonly locked: boolean; readonly values: readonly string[] };
  readonly city: PolicyValue;
  readonly state: PolicyValue;
  readonly country: PolicyValue;
  readonly allowsDns: boolean;
  readonly allowsEmail: boolean;
  readonly allowsIp: boolean;
  readonly allowsUpn: boolean;
  readonly allowsUri: boolean;
  readonly allowsWildcards: boolean;
  /** Domains below which names must be; empty where any may be. */
  readonly domains: readonly string[];
}

/** Reads the answer to `checkpolicy`; what it does not say is open. Undefined where it has no policy. */
export function readZonePolicy({ json }: VenafiAnswer): ZonePolicy | undefined {
  const policy = objectField(json, "Policy");
  if (policy === undefined) return undefined;
  const [subject, key] = [objectField(policy, "Subject"), objectField(policy, "KeyPair")];
  const units = objectField(subject, "OrganizationalUnit");
  return {
    certificateAuthority: text(policy, "CertificateAuthority"),
    csrGeneration: text(policy, "CsrGeneration"),
    keyAlgorithm: text(key, "KeyAlgorithm"),
    keySize: { ...lock(key, "KeySize"), value: numberField(objectField(key, "KeySize"), "Value") },
    ellipticCurve: text(key, "EllipticCurve"),
    organization: text(subject, "Organization"),
    organizationalUnits: { ...lock(subject, "OrganizationalUnit"), values: textList(units, "Values") },
    city: text(subject, "City"),
    state: text(subject, "State"),
    country: text(subject, "Country"),
    allowsDns: policy.SubjAltNameDnsAllowed !== false,
    allowsEmail: policy.SubjAltNameEmailAllowed !== false,
    allowsIp: policy.SubjAltNameIpAllowed !== false,
    allowsUpn: policy.SubjAltNameUpnAllowed !== false,
    allowsUri: policy.SubjAltNameUriAllowed !== false,
    allowsWildcards: policy.WildcardsAllowed !== false,
    domains: textList(policy, "WhitelistedDomains").filter((domain) => domain.trim() !== ""),
  };
}

function lock(json: Json | undefined, name: string): { readonly locked: boolean } {
  return { locked: objectField(json, name)?.Locked === true };
}

function text(json: Json | undefined, name: string): PolicyValue {
  return { ...lock(json, name), value: textField(objectField(json, name), "Value") };
}
