import { toHex } from "./bytes.ts";
import type { X509 } from "./certificate.ts";
import type { Csr } from "./certification-request.ts";
import { resolveUsages } from "./usages.ts";

/** One thing that the PKI issued otherwise than asked. It may be the PKI's policy; say it, do not hide it. */
export interface IssuedMismatch {
  readonly field:
    | "subject"
    | "dnsNames"
    | "ipAddresses"
    | "uris"
    | "emailAddresses"
    | "otherNames"
    | "keyUsage"
    | "extendedKeyUsage"
    | "isCA"
    | "duration";
  /** For people: printable ASCII, at most 256 characters. */
  readonly requested: string;
  readonly issued: string;
  /**
   * What of it nobody asked for, and lends power: a name, or the right to sign certificates, CRLs or OCSP answers. For
   * people too; empty where nothing does.
   */
  readonly excess: string;
}

/** What a certificate is compared with. */
export interface RequestedCertificate {
  readonly csr: Csr;
  readonly isCA: boolean;
  /** cert-manager's words; empty or left out means `digital signature` and `key encipherment`. */
  readonly usages?: readonly string[] | undefined;
  readonly durationSeconds: number;
}

/** As cert-manager's conformance suite tolerates. */
const durationToleranceSeconds = 30;
/** Usages by which a certificate speaks for others'. */
const powers: ReadonlySet<string> = new Set(["cert sign", "crl sign", "ocsp signing"]);

/** How a certificate differs from what was requested. DNS names are compared without case, everything without order. */
export function mismatchesOf(
  leaf: X509,
  { csr, isCA, usages, durationSeconds }: RequestedCertificate,
): IssuedMismatch[] {
  const mismatches: IssuedMismatch[] = [];
  /** `lends` picks the values that must not come unasked. */
  const compare = (
    field: IssuedMismatch["field"],
    requested: readonly string[],
    issued: readonly string[],
    lends: (value: string) => boolean,
  ): void => {
    const [a, b] = [new Set(requested), new Set(issued)];
    const extra = [...b].filter((value) => !a.has(value));
    if (extra.length === 0 && a.size === b.size) return;
    const excess = shown(extra.filter(lends).map((value) => value || '""'));
    mismatches.push({ field, requested: shown(requested), issued: shown(issued), excess });
  };
  const asked = resolveUsages(usages, isCA);
  // A common name is a name that was asked for, in whichever place a PKI puts it, and so is any other name in its place.
  const commonName = csr.commonName?.toLowerCase();
  const isNew = (value: string) => value.toLowerCase() !== commonName;
  const everyName = [csr.names.dns, csr.names.ip, csr.names.uri, csr.names.email].flat();
  const named = new Set(lower([...everyName, csr.commonName ?? ""]));
  const newCommonName = leaf.commonName !== undefined && !named.has(leaf.commonName.toLowerCase());
  const power = (usage: string) => powers.has(usage) && !(isCA && usage === "crl sign");

  compare("subject", [csr.subject], [leaf.subject], () => newCommonName);
  compare("dnsNames", lower(csr.names.dns), lower(leaf.names.dns), isNew);
  compare("ipAddresses", csr.names.ip, leaf.names.ip, isNew);
  compare("uris", csr.names.uri, leaf.names.uri, isNew);
  compare("emailAddresses", csr.names.email, leaf.names.email, isNew);
  compare("otherNames", otherNames(csr), otherNames(leaf), () => true);
  compare("keyUsage", asked.keyUsage, leaf.keyUsage ?? [], power);
  compare("extendedKeyUsage", asked.extendedKeyUsage, leaf.extendedKeyUsage ?? [], power);
  compare("isCA", [String(isCA)], [String(leaf.isCA)], (value) => value === "true");
  const issuedSeconds = (leaf.notAfter.getTime() - leaf.notBefore.getTime()) / 1000;
  if (Math.abs(issuedSeconds - durationSeconds) > durationToleranceSeconds) {
    const [requested, issued] = [`${durationSeconds}s`, `${issuedSeconds}s`];
    mismatches.push({ field: "duration", requested, issued, excess: "" });
  }
  return mismatches;
}

/** Values for people: printable ASCII, at most 256 characters. */
export function shown(values: readonly string[]): string {
  const text = values
    .join(", ")
    .slice(0, 257)
    .replace(/[^\x20-\x7e]/g, "?");
  return text.length > 256 ? `${text.slice(0, 253)}...` : text;
}

function lower(values: readonly string[]): string[] {
  return values.map((value) => value.toLowerCase());
}

function otherNames({ names }: Pick<X509, "names">): string[] {
  return names.other.map(({ type, der }) => `${type}:${toHex(der)}`);
}
