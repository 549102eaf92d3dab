import { createHash } from "node:crypto";
import type { Csr } from "@countersign/issuer-signer";
import type { Caller } from "./caller.ts";
import type { ProblemCode } from "./http-problem.ts";

/** What became of one request, for the audit log: never a CSR, a certificate, a token or a key. */
export interface Decision {
  /** RFC 3339. */
  readonly time: string;
  /** `issued`; `pending`; `possible-duplicate` beside the request's own end; `denied` for 401 and 403; else `refused` or `failed`. */
  readonly decision: "issued" | "pending" | "denied" | "refused" | "failed" | "possible-duplicate";
  readonly requestId: string;
  /** HTTP status; 0 beside a `possible-duplicate`. */
  readonly status: number;
  readonly code?: ProblemCode | undefined;
  readonly message?: string | undefined;
  readonly caller?: string | undefined;
  /** How the caller logged in. */
  readonly method?: Caller["method"] | undefined;
  /** IP address of the other end of the connection, which may be a proxy. */
  readonly address?: string | undefined;
  /** The same for every repeat, and the idempotency key at the PKI. */
  readonly attempt?: string | undefined;
  readonly csr?: CsrSummary | undefined;
  /** Lower-case hexadecimal. */
  readonly serial?: string | undefined;
  /** RFC 3339. */
  readonly notAfter?: string | undefined;
  /** Where the certificate is not as asked for. */
  readonly differences?: readonly string[] | undefined;
  /** From the head of the request to its answer, in milliseconds. */
  readonly ms: number;
}

/** What was asked for, without the CSR itself. */
export interface CsrSummary {
  /** Of the DER, in lower-case hexadecimal. */
  readonly sha256: string;
  readonly subject: string;
  /** The first of the alternative names. */
  readonly names: readonly string[];
  /** How many there are. */
  readonly nameCount: number;
}

const maxNames = 10;
const maxText = 512;

/** The summary of a CSR, bounded. */
export function summaryOf({ der, subject, names }: Csr): CsrSummary {
  const { dns, ip, uri, email, other } = names;
  const all = [...dns, ...ip, ...uri, ...email];
  return {
    sha256: createHash("sha256").update(der).digest("hex"),
    subject: subject.slice(0, maxText),
    names: all.slice(0, maxNames).map((name) => name.slice(0, maxText)),
    nameCount: all.length + other.length,
  };
}
