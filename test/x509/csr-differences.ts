/** Requests on which this project and cert-manager differ, under what docs/concepts/x509.md says of them. */
export interface Difference {
  /** Words of the page. */
  readonly documented: string;
  /** How this project says it, where it refuses. */
  readonly refusals?: RegExp;
  /** Names of the cases. */
  readonly cases: readonly string[];
}

/** cert-manager issues, this project refuses. */
export const stricter: readonly Difference[] = [
  {
    documented: "fields, parameters and values that the standards have no place for",
    refusals:
      /not valid DER|the version is|has (a )?malformed|is malformed|unexpected ASN\.1 type|is missing|unknown bits|the path length|limits the path|parameters that do not belong|oversized number/,
    cases: [
      "a fourth element",
      "a fifth field",
      "an extension with a fourth field",
      "an OID with a padded arc",
      "RSA with a trailing INTEGER",
      "ECDSA with NULL parameters",
      "version 1",
      "version 5",
      "version -1",
      "nesting of 33",
      "nesting of 3,000",
      "a path length without CA",
      "a path length below 0",
    ],
  },
  {
    documented: "not exactly one list of requested extensions",
    refusals: /not exactly one extension request/,
    cases: [
      "two extension requests",
      "an extension request of two values",
      "an extension request without value",
    ],
  },
  {
    documented: "text around the PEM block",
    refusals: /PEM|text outside|base64/,
    cases: [
      "text before the block",
      "text behind the block",
      "two blocks",
      "a PEM header",
      "a certificate's label",
      "blanks inside the base64",
    ],
  },
  {
    documented: "RSA below 2048 bits, P-224",
    refusals: /the RSA key has \d+ bits|unsupported curve/,
    cases: ["RSA of 1024 bits", "P-224"],
  },
  {
    documented: "a proof of possession by SHA-1",
    refusals: /weak or unsupported/,
    cases: ["RSA by a sound SHA-1 signature", "ECDSA by a sound SHA-1 signature"],
  },
  {
    documented: "an RSA modulus with a small factor",
    refusals: /the RSA modulus/,
    cases: ["RSA with a factor of 10 bits", "RSA with the ROCA fingerprint", "RSA of neighbouring primes"],
  },
  {
    documented: "a request that names nothing at all, a CA without a subject",
    refusals: /names nothing|needs a subject|empty relative name|contains a NUL/,
    cases: [
      "no subject and no SAN",
      "isCA without a subject",
      "isCA with a SAN, without a subject",
      "an empty relative name",
      "NUL in the common name",
    ],
  },
  {
    documented: "a SAN extension that is empty",
    refusals:
      /(the subject alternative name extension|a directoryName|an otherName|a registeredID|a name of type \w+) /,
    cases: [
      "an empty SAN",
      "a SAN with trailing garbage",
      "a SAN of an unknown type",
      "a DNS name of universal type",
      "a constructed DNS name",
      "an x400Address",
      "an ediPartyName",
      "an otherName without value",
      "an otherName of two values",
      "an otherName without explicit tag",
      "an otherName whose type is a SEQUENCE",
      "a directoryName that is no name",
    ],
  },
  {
    documented: "a DNS name, e-mail address or URI that is not of that shape",
    refusals: /the (DNS name|e-mail address|URI) "/,
    cases: [
      "an empty DNS name",
      "a DNS name with NUL",
      "a DNS name with a space",
      "a DNS name with a comma",
      "a DNS name with a slash",
      "a DNS name with an empty label",
      "a DNS name with a leading dot",
      "a DNS name of 254 characters",
      "a DNS label of 64 characters",
      "an empty e-mail address",
      "an e-mail address without @",
      "an e-mail address with a newline",
      "an empty URI",
      "a URI without scheme",
      "a URI with a zone in its host",
    ],
  },
  {
    documented: "critical extensions that are not known, and extended key usages that are not known",
    refusals: /the critical extension|its extended key usages \[[^\]]*\d(\.\d+)+[^\]]*\] are/,
    cases: ["an unknown critical extension", "an unknown extended usage beside a known one"],
  },
  {
    documented: "name constraints on a certificate that is not a CA",
    refusals: /name constraints, which only CA|name constraints extension has a malformed subtree/,
    cases: ["name constraints without isCA", "name constraints with a minimum"],
  },
];

/** The words of the page for what this project refuses and cert-manager issues; undefined where it has none. */
export function documentedRefusal(message: string): string | undefined {
  return stricter.findLast(({ refusals }) => refusals?.test(message))?.documented;
}

/** This project issues, cert-manager refuses. */
export const laxer: readonly Difference[] = [
  {
    documented: "RSA keys under `id-RSASSA-PSS`, and PSS salts of any length",
    cases: ["an id-RSASSA-PSS key", "RSA-PSS with a salt of 20", "RSA-PSS with the longest salt"],
  },
];

/** Both issue, with extensions that are not the same bytes. */
export const encodedOtherwise: readonly Difference[] = [
  { documented: "a repeated extended key usage comes once", cases: ["an extended usage twice in both"] },
  {
    documented: "name constraints are copied from the CSR and critical",
    cases: ["name constraints that are not critical", "name constraints of every form"],
  },
];
