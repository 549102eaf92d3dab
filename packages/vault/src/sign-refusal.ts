import { type Csr, quoted } from "@countersign/issuer-signer";
import type { VaultAnswer } from "./vault-answer.ts";

/** Why a role refuses a CSR: the request can never succeed unless the role changes. */
export interface SignRefusal {
  /** A sentence without its subject: `does not allow …`. */
  readonly problem: string;
  /** Fields of the role that decide on it. */
  readonly fields: readonly string[];
  /** What to do beside changing those fields. */
  readonly remedy?: string | undefined;
}

interface Rule {
  readonly pattern: RegExp;
  /** What the role does not allow; `%` stands for the name, where the CSR has it. */
  readonly problem: string;
  readonly fields: readonly string[];
  readonly remedy?: string;
}

const nameFields = [
  "allowed_domains",
  "allow_subdomains",
  "allow_bare_domains",
  "allow_glob_domains",
  "allow_wildcard_certificates",
  "allow_any_name",
  "enforce_hostnames",
  "cn_validations",
];

/** Vault's and OpenBao's words for what a role refuses; both have them from the same source. */
const rules: readonly Rule[] = [
  {
    pattern: /^common name (.+) not allowed by this role/i,
    problem: "does not allow the common name %",
    fields: nameFields,
  },
  {
    pattern: /^subject alternate name (.+) not allowed by this role/i,
    problem: "does not allow the DNS name %",
    fields: nameFields,
  },
  {
    pattern: /^email address (.+) not allowed by this role/i,
    problem: "does not allow the e-mail address %",
    fields: nameFields,
  },
  {
    pattern: /^IP Subject Alternative Name/i,
    problem: "does not allow the request's IP addresses",
    fields: ["allow_ip_sans", "allowed_ip_sans_cidr"],
  },
  {
    pattern: /^URI Subject Alternative Name/i,
    problem: "does not allow the request's URIs",
    fields: ["allowed_uri_sans"],
  },
  {
    pattern: /^other SAN|could not parse requested other SAN/i,
    problem: "does not allow the request's other names",
    fields: ["allowed_other_sans"],
  },
  {
    pattern: /^serial_number (.+) not allowed by this role/i,
    problem: "does not allow the subject's serial number",
    fields: ["allowed_serial_numbers"],
  },
  {
    pattern: /^user_id (.+) is not allowed by this role|type for user_id/i,
    problem: "does not allow the subject's user id",
    fields: ["allowed_user_ids"],
  },
  {
    pattern: /common_name field is required/i,
    problem: "wants a common name, and the request has none",
    fields: ["require_cn", "use_csr_common_name"],
    remedy: "Set require_cn=false on the role, or a commonName on the Certificate.",
  },
  {
    pattern: /role requires keys of type|requires a minimum of a|RSA keys < 2048|key type in CSR/i,
    problem: "does not allow the request's kind or size of key",
    fields: ["key_type", "key_bits"],
    remedy: 'Set key_type to "any" on the role, or another privateKey on the Certificate.',
  },
  {
    pattern:
      /csr contains no data|"csr" is empty|certificate request could not be parsed|could not parse CSR|sign CSR with empty/i,
    problem: "cannot read the request",
    fields: [],
    remedy: "Ask for another kind of key or for fewer extensions.",
  },
  { pattern: /^idna: /i, problem: "takes one of the names for no DNS name", fields: ["enforce_hostnames"] },
  {
    pattern: /not allowed (by|in) (this )?role/i,
    problem: "does not allow something in the request",
    fields: [],
    remedy: "Vault's audit log has its words.",
  },
];

/** What a 400 says that only the request, or the role for all its requests, can change; undefined for anything else. */
export function signRefusal(answer: VaultAnswer, csr: Csr): SignRefusal | undefined {
  if (answer.status !== 400) return undefined;
  for (const { pattern, problem, fields, remedy } of rules) {
    for (const text of answer.errors) {
      const match = pattern.exec(text.trim());
      if (match === null) continue;
      return { problem: problem.replace(/ ?%/, named(match[1], csr)), fields, remedy };
    }
  }
  return undefined;
}

/** Only what the request says itself is repeated: anything else in the text may come from anywhere. */
function named(name: string | undefined, csr: Csr): string {
  const { dns, email } = csr.names;
  const known = [...dns, ...email, ...(csr.commonName === undefined ? [] : [csr.commonName])];
  return name !== undefined && known.includes(name) ? ` ${quoted(name)}` : "";
}
