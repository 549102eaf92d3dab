import type { LintFinding } from "../rigs/x509-oracle.ts";
import type { Specimen } from "./certificate-corpus.ts";

/** A finding that is to be expected, and where. */
interface Noise {
  readonly linter: LintFinding["linter"];
  readonly code: string;
  /** Why it is no defect of the certificate, or why the certificate is so all the same. */
  readonly because: string;
  readonly where: (specimen: Specimen) => boolean;
}

const hasEcKey = ({ certificate }: Specimen) => certificate.keyAlgorithm.name === "EC";
const uses = (usage: string) => (specimen: Specimen) => (specimen.certificate.keyUsage ?? []).includes(usage);

/** Everything of severity `warning` or worse that the linters may find in certificates of this toolkit. */
export const lintNoise: readonly Noise[] = [
  {
    linter: "zlint",
    code: "e_ecdsa_allowed_ku",
    because:
      "cert-manager's default usages have key encipherment, whatever the key; it is issued as asked for",
    where: (specimen) => hasEcKey(specimen) && uses("key encipherment")(specimen),
  },
  {
    linter: "pkilint",
    code: "pkix.key_usage_value_prohibited_for_ec",
    because: "as before",
    where: (specimen) => hasEcKey(specimen) && uses("key encipherment")(specimen),
  },
  {
    linter: "pkilint",
    code: "pkix.key_usage_value_prohibited_for_edwards_curve",
    because: "as before; so is key agreement",
    where: (specimen) =>
      specimen.certificate.keyAlgorithm.name === "Ed25519" &&
      (uses("key encipherment")(specimen) || uses("key agreement")(specimen)),
  },
  {
    linter: "zlint",
    code: "e_rsa_allowed_ku_ee",
    because: "key agreement with an RSA key is issued as asked for, as cert-manager does",
    where: (specimen) => specimen.certificate.keyAlgorithm.name === "RSA" && uses("key agreement")(specimen),
  },
  {
    linter: "pkilint",
    code: "pkix.key_usage_value_prohibited_for_rsa",
    because: "as before",
    where: (specimen) => specimen.certificate.keyAlgorithm.name === "RSA" && uses("key agreement")(specimen),
  },
  {
    linter: "pkilint",
    code: "pkix.extended_key_usage_extension_with_timestamping_not_critical",
    because: "RFC 3161 §2.3 wants it critical; cert-manager has extended key usages never critical",
    where: ({ asked }) => asked.usages?.includes("timestamping") ?? false,
  },
  {
    linter: "pkilint",
    code: "pkix.invalid_domain_name_syntax",
    because: "pkilint knows no wildcards",
    where: ({ certificate }) => certificate.names.dns.some((name) => name.startsWith("*.")),
  },
  {
    linter: "pkilint",
    code: "pkix.invalid_uri_syntax",
    because: "pkilint does not know the scheme",
    where: ({ certificate }) => certificate.names.uri.some((uri) => uri.startsWith("spiffe://")),
  },
  {
    linter: "pkilint",
    code: "pkix.signature_verification_failed",
    because: "pkilint verifies every RSA signature as PKCS#1 v1.5; Go and OpenSSL verify these",
    where: ({ choices }) => choices.ca === "RSA-3072 by PSS",
  },
];
