/** A condition of the signer's own that the SDK keeps on the request, beside `Ready`. */
export interface SignerCondition {
  /** CamelCase, not one of cert-manager's (`Ready`, `Approved`, `Denied`, `InvalidRequest`). */
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  /** CamelCase, machine-readable. */
  readonly reason: string;
  readonly message: string;
}

/** The PKI has issued the certificate. */
export interface Issued {
  readonly status: "issued";
  /** PEM certificates in any order: the leaf, its intermediates and, if at hand, the root. The SDK orders and checks them. */
  readonly chain: string;
  /** PEM of the CA to publish as `status.ca`; by default the top of the chain. */
  readonly ca?: string | undefined;
  readonly conditions?: readonly SignerCondition[] | undefined;
}

/** The PKI has taken the request but has not issued yet. */
export interface Pending<Op = undefined> {
  readonly status: "pending";
  /** Kept by the SDK and handed to the next `sign` of this request, also after a restart. JSON, at most 4 KiB. */
  readonly operation: Op;
  /** When to ask again, in milliseconds. */
  readonly retryAfterMs: number;
  /**
   * The request fails when the PKI has not issued so long after the first `pending` of it, in milliseconds. The program's
   * bound (7 days by default) holds where a signer does not know better, and that of the issuer object goes before both.
   */
  readonly giveUpAfterMs?: number | undefined;
  /** What is being waited for, for people: at most 1 KiB, no PKI body, no secret. */
  readonly message?: string | undefined;
  readonly conditions?: readonly SignerCondition[] | undefined;
}

/** What `sign` and `find` answer. */
export type SignOutcome<Op = undefined> = Issued | Pending<Op>;

/** The PKI cannot say, or may not, whether it issued anything for an attempt: what `find` answers beside an outcome. */
export interface CannotTell {
  readonly status: "cannot-tell";
  /** Why, as a clause for people, such as `the token may not list certificates`: no PKI body, no secret. */
  readonly reason: string;
}

/** How often a pending request is looked at when the signer does not say, in milliseconds. */
export const defaultPendingRetryMs = 10_000;

/** Makes an {@link Issued} outcome. */
export function issued(result: Omit<Issued, "status">): Issued {
  return { status: "issued", ...result };
}

/** Makes a {@link CannotTell}. */
export function cannotTell(reason: string): CannotTell {
  return { status: "cannot-tell", reason };
}

/** Makes a {@link Pending} outcome; `retryAfterMs` defaults to {@link defaultPendingRetryMs}. */
export function pending<Op>(
  result: Omit<Pending<Op>, "status" | "retryAfterMs"> & { readonly retryAfterMs?: number | undefined },
): Pending<Op> {
  return { ...result, status: "pending", retryAfterMs: result.retryAfterMs ?? defaultPendingRetryMs };
}
