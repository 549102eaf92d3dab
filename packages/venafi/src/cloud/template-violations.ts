import type { Csr } from "@countersign/issuer-signer";
import { subjectValues } from "../subject.ts";
import { inQuotes } from "../words.ts";
import type { AllowedKeys, IssuingTemplate, TemplatePattern } from "./template.ts";
import { matchesPattern } from "./vendor-pattern.ts";

/** Most patterns that are shown. */
const maxShown = 5;

/** What a template does not allow in a CSR, one clause each; only what is certain, since the SaaS judges all of it. */
export function templateViolations(template: IssuingTemplate, csr: Csr): readonly string[] {
  const values: readonly (readonly [string, TemplatePattern, readonly string[]])[] = [
    ["the common name", "commonName", csr.commonName === undefined ? [] : [csr.commonName]],
    ["the organization", "organization", subjectValues(csr, "O")],
    ["the organizational unit", "organizationalUnit", subjectValues(csr, "OU")],
    ["the state", "state", subjectValues(csr, "ST")],
    ["the locality", "locality", subjectValues(csr, "L")],
    ["the country", "country", subjectValues(csr, "C")],
    ["the DNS name", "dns", csr.names.dns],
    ["the e-mail address", "email", csr.names.email],
    ["the IP address", "ip", csr.names.ip],
    ["the URI", "uri", csr.names.uri],
  ];
  const violations = values.flatMap(([label, name, given]) => {
    const patterns = template.patterns[name];
    if (patterns === undefined) return [];
    const stranger = given.find((value) => isRefused(patterns, value));
    if (stranger === undefined) return [];
    if (patterns.length === 0) return [`${label} ${inQuotes(stranger)} is of a kind that it does not allow`];
    const more = patterns.length > maxShown ? " and others" : "";
    const list = patterns.slice(0, maxShown).map(inQuotes).join(", ");
    return [`${label} ${inQuotes(stranger)} matches none of ${list}${more}`];
  });
  const key = keyViolation(template, csr);
  return key === undefined ? violations : [...violations, key];
}

/** Certain only where every pattern could be tried. */
function isRefused(patterns: readonly string[], value: string): boolean {
  return patterns.every((pattern) => matchesPattern(pattern, value) === false);
}

function keyViolation({ keyTypes }: IssuingTemplate, { keyAlgorithm: key }: Csr): string | undefined {
  if (keyTypes.length === 0) return undefined;
  const isAllowed = keyTypes.some((allowed) => fits(key, allowed));
  if (isAllowed) return undefined;
  const allowed = keyTypes.map(
    ({ keyType, lengths, curves }) => `${keyType} ${[...lengths, ...curves].join("/")}`,
  );
  return `the key is ${spoken(key)}, and it allows ${inQuotes(allowed.join(", "))}`;
}

function fits(key: Csr["keyAlgorithm"], { keyType, lengths, curves }: AllowedKeys): boolean {
  switch (key.name) {
    case "RSA":
    case "RSA-PSS":
      return keyType.toUpperCase() === "RSA" && (lengths.length === 0 || lengths.includes(key.modulusLength));
    case "EC":
      return (
        isEc(keyType) && (curves.length === 0 || curves.some((curve) => plain(curve) === plain(key.curve)))
      );
    case "Ed25519":
      return isEc(keyType) && curves.some((curve) => plain(curve) === "ED25519");
  }
}

function isEc(keyType: string): boolean {
  return /^ECC?$|^ED25519$/i.test(keyType);
}

function plain(curve: string): string {
  return curve.replace(/[^A-Za-z0-9]/g, "").toUpperCase();
}

function spoken(key: Csr["keyAlgorithm"]): string {
  switch (key.name) {
    case "RSA":
    case "RSA-PSS":
      return `RSA of ${key.modulusLength} bits`;
    case "EC":
      return `EC on ${key.curve}`;
    case "Ed25519":
      return "Ed25519";
  }
}
