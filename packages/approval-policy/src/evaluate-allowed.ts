import { policyRuleCost, type RuleBudget, type RuleRequest } from "./cel/rules.ts";
import type { ValuesByOid } from "./csr-names.ts";
import type { Policy } from "./parse-policy.ts";
import {
  type AllowedText,
  type AllowedTexts,
  namedAttributes,
  type ValidationRule,
} from "./policy-schema.ts";
import type { Subject, SubjectCsr } from "./subject.ts";
import { type Violation, violation } from "./violation.ts";
import { wildcardMatches, wildcardSubset } from "./wildcard.ts";

type Check = { readonly rules: Policy["rules"]; readonly cr: RuleRequest; readonly budget: RuleBudget };

const fieldsOfMany = [
  "organizations",
  "countries",
  "organizationalUnits",
  "localities",
  "provinces",
  "streetAddresses",
  "postalCodes",
] as const satisfies readonly (keyof typeof namedAttributes)[];
const namedOids: ReadonlySet<string> = new Set(Object.values(namedAttributes));

/** Everything the request asks for that `spec.allowed` does not allow; what is left out of a policy is not allowed. */
export function allowedViolations(policy: Policy, subject: Subject, csr: SubjectCsr): Violation[] {
  const allowed = policy.spec.allowed ?? {};
  const root = "spec.allowed";
  const { name, namespace, requester } = subject;
  const { username, groups } = requester;
  const check: Check = {
    rules: policy.rules,
    cr: { name, namespace, username, groups },
    budget: { left: policyRuleCost },
  };
  const { names } = csr.parsed;
  const attribute = (field: keyof typeof namedAttributes) => csr.subject.get(namedAttributes[field]) ?? [];
  const of = allowed.subject ?? {};
  const unnamed = new Map([...csr.subject].filter(([oid]) => !namedOids.has(oid)));
  return [
    ...textViolations(check, attribute("commonName"), allowed.commonName, `${root}.commonName`),
    ...textsViolations(check, names.dns, allowed.dnsNames, `${root}.dnsNames`),
    ...textsViolations(check, csr.ipAddresses, allowed.ipAddresses, `${root}.ipAddresses`),
    ...textsViolations(check, names.uri, allowed.uris, `${root}.uris`),
    ...textsViolations(check, names.email, allowed.emailAddresses, `${root}.emailAddresses`),
    ...(subject.isCA && allowed.isCA !== true ? [violation(`${root}.isCA`, "false", "true")] : []),
    ...usageViolations(subject.usages, allowed.usages, `${root}.usages`),
    ...csr.neverAllowed.map((type) =>
      violation(`${root}.subjectAltName.${type}`, "none, as no field allows one", type),
    ),
    ...oidViolations(check, csr.otherNames, allowed.otherNames, `${root}.otherNames`),
    ...fieldsOfMany.flatMap((field) =>
      textsViolations(check, attribute(field), of[field], `${root}.subject.${field}`),
    ),
    ...textViolations(check, attribute("serialNumber"), of.serialNumber, `${root}.subject.serialNumber`),
    ...oidViolations(check, unnamed, of.otherAttributes, `${root}.subject.otherAttributes`),
  ];
}

/** A name may repeat the attribute, so that each value is checked: a verifier may read any of them. */
function textViolations(
  check: Check,
  values: readonly string[],
  allowed: AllowedText | undefined,
  path: string,
): Violation[] {
  if (values.length > 1)
    return values.flatMap((value, index) => textViolations(check, [value], allowed, `${path}[${index}]`));
  const [value = ""] = values;
  if (value === "") return allowed?.required === true ? [violation(`${path}.required`, "a value", [])] : [];
  const { value: pattern, validations = [] } = allowed ?? {};
  if (pattern === undefined && validations.length === 0) return [violation(path, "none", value)];
  const found = ruleViolations(check, [value], validations, `${path}.validations`);
  if (pattern !== undefined && !wildcardMatches(pattern, value))
    found.unshift(violation(`${path}.value`, `"${pattern}"`, value));
  return found;
}

function textsViolations(
  check: Check,
  values: readonly string[],
  allowed: AllowedTexts | undefined,
  path: string,
): Violation[] {
  if (values.length === 0)
    return allowed?.required === true ? [violation(`${path}.required`, "a value", [])] : [];
  const { values: patterns, validations = [] } = allowed ?? {};
  if (patterns === undefined && validations.length === 0) return [violation(path, "none", values)];
  const found = ruleViolations(check, values, validations, `${path}.validations`);
  if (patterns !== undefined && !wildcardSubset(patterns, values)) {
    const others = values.filter((value) => !wildcardSubset(patterns, [value]));
    found.unshift(violation(`${path}.values`, anyOf(patterns), others));
  }
  return found;
}

function oidViolations(
  check: Check,
  values: ValuesByOid,
  allowed: readonly (AllowedTexts & { readonly oid: string })[] = [],
  path: string,
): Violation[] {
  const found = [...values].flatMap(([oid, texts]) =>
    textsViolations(
      check,
      texts,
      allowed.find((entry) => entry.oid === oid),
      `${path}[${oid}]`,
    ),
  );
  const missing = allowed.filter(({ oid, required }) => required === true && !values.has(oid));
  return [...found, ...missing.map(({ oid }) => violation(`${path}[${oid}].required`, "a value", []))];
}

function usageViolations(
  usages: readonly string[],
  allowed: readonly string[] | undefined,
  path: string,
): Violation[] {
  const others = usages.filter((usage) => !(allowed ?? []).includes(usage));
  return others.length === 0 ? [] : [violation(path, anyOf(allowed ?? []), others)];
}

function ruleViolations(
  { rules, cr, budget }: Check,
  values: readonly string[],
  validations: readonly ValidationRule[],
  path: string,
): Violation[] {
  return values.flatMap((value) =>
    validations.flatMap(({ rule, message }, index) => {
      const at = `${path}[${index}]`;
      try {
        // parsePolicy has compiled every rule of the spec.
        if (rules.get(rule)?.(value, cr, budget) === true) return [];
      } catch (error) {
        return [violation(at, `an answer of the rule ${rule} (${(error as Error).message})`, value)];
      }
      return [violation(at, message ?? `what passes the rule ${rule}`, value)];
    }),
  );
}

function anyOf(patterns: readonly string[]): string {
  return patterns.length === 0 ? "none" : `only ${patterns.map((pattern) => `"${pattern}"`).join(", ")}`;
}
