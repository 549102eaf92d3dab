import { PermanentError } from "../errors.ts";
import { quoteForeign } from "./refusal.ts";

/** KeyUsage bits 0 to 8 (RFC 5280 §4.2.1.3) in cert-manager's words; the index is the bit. */
export const keyUsageWords: readonly string[] = Object.freeze([
  "digital signature",
  "content commitment",
  "key encipherment",
  "data encipherment",
  "key agreement",
  "cert sign",
  "crl sign",
  "encipher only",
  "decipher only",
]);

/** Extended key usages that cert-manager has a word for. */
export const extendedKeyUsageOids: Readonly<Record<string, string>> = Object.freeze({
  any: "2.5.29.37.0",
  "server auth": "1.3.6.1.5.5.7.3.1",
  "client auth": "1.3.6.1.5.5.7.3.2",
  "code signing": "1.3.6.1.5.5.7.3.3",
  "email protection": "1.3.6.1.5.5.7.3.4",
  "ipsec end system": "1.3.6.1.5.5.7.3.5",
  "ipsec tunnel": "1.3.6.1.5.5.7.3.6",
  "ipsec user": "1.3.6.1.5.5.7.3.7",
  timestamping: "1.3.6.1.5.5.7.3.8",
  "ocsp signing": "1.3.6.1.5.5.7.3.9",
  "microsoft sgc": "1.3.6.1.4.1.311.10.3.3",
  "netscape sgc": "2.16.840.1.113730.4.1",
});

const extendedKeyUsageWordsByOid: ReadonlyMap<string, string> = new Map(
  Object.entries(extendedKeyUsageOids).map(([word, oid]) => [oid, word]),
);

/** cert-manager's second words for the same usage. */
const aliases: ReadonlyMap<string, string> = new Map([
  ["signing", "digital signature"],
  ["s/mime", "email protection"],
]);

/** What cert-manager assumes where a request names no usages. */
export const defaultUsages: readonly string[] = Object.freeze(["digital signature", "key encipherment"]);

/** Usages sorted into the two extensions; words without aliases and repetitions. */
export interface ResolvedUsages {
  /** In the order of the bits. */
  readonly keyUsage: readonly string[];
  /** In the order asked for. */
  readonly extendedKeyUsage: readonly string[];
  /** The same with its repetitions: what cert-manager writes into a CSR and compares with one. */
  readonly requestedExtendedKeyUsage: readonly string[];
}

/**
 * Sorts cert-manager's usage words into key usages and extended key usages. Empty means {@link defaultUsages}; `isCA` adds
 * `cert sign`. Throws a {@link PermanentError} for a word that cert-manager does not know.
 */
export function resolveUsages(usages: readonly string[] | undefined, isCA: boolean): ResolvedUsages {
  const keyUsage = new Set<string>(isCA ? ["cert sign"] : []);
  const requestedExtendedKeyUsage: string[] = [];
  for (const usage of usages === undefined || usages.length === 0 ? defaultUsages : usages) {
    const word = aliases.get(usage) ?? usage;
    if (keyUsageWords.includes(word)) keyUsage.add(word);
    else if (Object.hasOwn(extendedKeyUsageOids, word)) requestedExtendedKeyUsage.push(word);
    else
      throw new PermanentError(`unknown usage ${quoteForeign(usage)}; use the words of cert-manager's API`);
  }
  return {
    keyUsage: keyUsageWords.filter((word) => keyUsage.has(word)),
    extendedKeyUsage: [...new Set(requestedExtendedKeyUsage)],
    requestedExtendedKeyUsage,
  };
}

/** cert-manager's word for an extended key usage, or the dotted OID itself. */
export function extendedKeyUsageWord(oid: string): string {
  return extendedKeyUsageWordsByOid.get(oid) ?? oid;
}
