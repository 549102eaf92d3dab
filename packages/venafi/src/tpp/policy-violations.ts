import type { Csr } from "@countersign/issuer-signer";
import { subjectValues } from "../subject.ts";
import { inQuotes } from "../words.ts";
import type { PolicyValue, ZonePolicy } from "./zone-policy.ts";

/** Longest list of domains that is shown. */
const maxDomains = 8;

/**
 * What a zone does not allow in a CSR, one clause each. Only what TPP is certain to refuse: where sources leave open what a
 * locked value means, such as for a CSR that lacks it, TPP has the last word.
 */
export function policyViolations(policy: ZonePolicy, csr: Csr): readonly string[] {
  return [...subjectViolations(policy, csr), ...keyViolations(policy, csr), ...nameViolations(policy, csr)];
}

function subjectViolations(policy: ZonePolicy, csr: Csr): readonly string[] {
  const rules: readonly (readonly [string, string, PolicyValue])[] = [
    ["organization", "O", policy.organization],
    ["city", "L", policy.city],
    ["state", "ST", policy.state],
    ["country", "C", policy.country],
  ];
  const violations = rules.flatMap(([label, type, { locked, value }]) => {
    if (!locked || value === undefined) return [];
    const other = subjectValues(csr, type).find((asked) => asked !== value);
    return other === undefined
      ? []
      : [`the ${label} is locked to ${inQuotes(value)}, not ${inQuotes(other)}`];
  });
  const { locked, values } = policy.organizationalUnits;
  const unit = subjectValues(csr, "OU").find((asked) => !values.includes(asked));
  if (!locked || values.length === 0 || unit === undefined) return violations;
  const list = values.map(inQuotes).join(", ");
  return [...violations, `the organizational unit is locked to ${list}, not ${inQuotes(unit)}`];
}

function keyViolations(policy: ZonePolicy, { keyAlgorithm: key }: Csr): readonly string[] {
  const { keyAlgorithm, keySize, ellipticCurve } = policy;
  const isRsa = key.name === "RSA" || key.name === "RSA-PSS";
  const wanted = keyAlgorithm.locked ? keyAlgorithm.value : undefined;
  if (wanted !== undefined && isRsa !== /^rsa$/i.test(wanted))
    return [`the key algorithm is locked to ${inQuotes(wanted)}, and the request's is ${key.name}`];
  if (isRsa && keySize.locked && keySize.value !== undefined && key.modulusLength < keySize.value)
    return [`the key must have at least ${keySize.value} bits, not ${key.modulusLength}`];
  const curve = ellipticCurve.locked ? ellipticCurve.value : undefined;
  if (key.name === "EC" && curve !== undefined && plain(curve) !== plain(key.curve))
    return [`the elliptic curve is locked to ${inQuotes(curve)}, not ${key.curve}`];
  return [];
}

function plain(curve: string): string {
  return curve.replace(/[^A-Za-z0-9]/g, "").toUpperCase();
}

function nameViolations(policy: ZonePolicy, { commonName, names }: Csr): readonly string[] {
  const kinds: readonly (readonly [string, readonly unknown[], boolean])[] = [
    ["DNS names", names.dns, policy.allowsDns],
    ["IP addresses", names.ip, policy.allowsIp],
    ["e-mail addresses", names.email, policy.allowsEmail],
    ["URIs", names.uri, policy.allowsUri],
    ["other names (UPN)", names.other, policy.allowsUpn],
  ];
  const violations = kinds.flatMap(([label, given, isAllowed]) =>
    given.length > 0 && !isAllowed ? [`${label} are not allowed as subject alternative names`] : [],
  );
  const hosts = [...new Set([...(commonName === undefined ? [] : [commonName]), ...names.dns])];
  const wildcard = policy.allowsWildcards ? undefined : hosts.find((host) => host.includes("*"));
  if (wildcard !== undefined) violations.push(`wildcards are not allowed, such as ${inQuotes(wildcard)}`);
  const { domains } = policy;
  const stranger = hosts.find((host) => domains.length > 0 && !domains.some((each) => isWithin(host, each)));
  if (stranger !== undefined) {
    const list = domains.slice(0, maxDomains).map(inQuotes).join(", ");
    const more = domains.length > maxDomains ? " and others" : "";
    violations.push(`${inQuotes(stranger)} is in none of the allowed domains, which are ${list}${more}`);
  }
  return violations;
}

/** A domain with a leading dot may be meant to leave itself out or not: TPP decides. */
function isWithin(host: string, domain: string): boolean {
  const [name, parent] = [host.toLowerCase(), domain.toLowerCase().replace(/^\./, "")];
  return name === parent || name.endsWith(`.${parent}`);
}
