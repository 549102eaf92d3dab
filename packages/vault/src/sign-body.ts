import { resolveUsages, type SignRequest } from "@countersign/issuer-signer";
import type { SignMode } from "./sign-path.ts";

/** Go's names where they are not cert-manager's words without spaces. */
const otherNames: Readonly<Record<string, string>> = Object.freeze({
  "microsoft sgc": "MicrosoftServerGatedCrypto",
  "netscape sgc": "NetscapeServerGatedCrypto",
});

/**
 * What is posted for a request. Never `not_after`, which lets a request outlive the role's `max_ttl`, and never another
 * `format`: a bundle would hold the root.
 */
export function signBody(request: SignRequest, mode: SignMode): Readonly<Record<string, unknown>> {
  const { csr, parsedCsr, durationSeconds } = request;
  const common = { csr, ttl: `${durationSeconds}s`, format: "pem" };
  switch (mode) {
    case "sign":
      return { ...common, ...namesOf(request) };
    case "sign-verbatim":
      return { ...common, ...usagesOf(request) };
    case "sign-intermediate": {
      // Vault copies the CSR's basic constraints but for the path length.
      const length = parsedCsr.basicConstraints?.pathLength;
      return {
        ...common,
        use_csr_values: true,
        ...(length === undefined ? {} : { max_path_length: length }),
      };
    }
  }
}

/**
 * The names of the CSR, for roles that do not take them from it (`use_csr_common_name`, `use_csr_sans`); e-mail
 * addresses are alternative names to Vault. Other roles answer with a warning that they are not needed.
 */
function namesOf({ parsedCsr: { commonName, names } }: SignRequest) {
  const list = (name: string, values: readonly string[]) =>
    values.length === 0 ? {} : { [name]: values.join(",") };
  return {
    ...(commonName === undefined ? {} : { common_name: commonName }),
    ...list("alt_names", [...names.dns, ...names.email]),
    ...list("ip_sans", names.ip),
    ...list("uri_sans", names.uri),
    exclude_cn_from_sans: true,
  };
}

/** For a CSR that names no usages, such as one of a Kubernetes CertificateSigningRequest: Vault prefers the CSR's own. */
function usagesOf({ usages, isCA }: SignRequest) {
  const { keyUsage, extendedKeyUsage } = resolveUsages(usages, isCA);
  const nameOf = (word: string) => otherNames[word] ?? word.replaceAll(" ", "");
  return { key_usage: keyUsage.map(nameOf), ext_key_usage: extendedKeyUsage.map(nameOf) };
}
