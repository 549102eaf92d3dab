import type { CannotTell, Issued, SignOutcome } from "./outcome.ts";
import type { Csr } from "./x509/index.ts";

/** Who created the request, as the API server authenticated them. */
export interface Requester {
  readonly username: string;
  readonly uid?: string | undefined;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** One request for a certificate, independent of which Kubernetes kind carried it. */
export interface SignRequest {
  /** uid of the Kubernetes object: the same for every attempt, never reused. */
  readonly uid: string;
  readonly kind: "CertificateRequest" | "CertificateSigningRequest";
  /** Empty for cluster-scoped requests. */
  readonly namespace: string;
  readonly name: string;
  /** The PKCS#10 request as PEM: one block. */
  readonly csr: string;
  /** {@link csr}, parsed and its proof of possession verified. */
  readonly parsedCsr: Csr;
  /** Requested lifetime in seconds; cert-manager's default of 90 days where the request names none. */
  readonly durationSeconds: number;
  readonly isCA: boolean;
  /** cert-manager's words, such as `server auth`; never empty. */
  readonly usages: readonly string[];
  /** Mutable between approval and signing: never let them choose what a requester may have (docs: threat model). */
  readonly annotations: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly requester: Requester;
  /**
   * Seconds since the epoch at which the request was approved, or created where that is not known: the same for every
   * attempt, so a CA that derives its dates from it answers a repeated `sign` with the same certificate.
   */
  readonly approvedAt: number;
}

/** What comes with one call of `check`. */
export interface CheckContext {
  /** Fires at the deadline and when the issuer stops or changes. */
  readonly signal: AbortSignal;
}

/** What comes with one call of `sign` or `find`. */
export interface SignContext<Op = undefined> {
  /** What the last `pending` outcome of this request kept; undefined on the first call. */
  readonly operation: Op | undefined;
  /** Fires at the deadline and when the issuer stops. The PKI may still complete the order. */
  readonly signal: AbortSignal;
  /** Derived from uid and CSR: the same for every attempt and every replica. Use it as the PKI's idempotency key. */
  readonly attemptId: string;
}

/**
 * A connection to one PKI for one issuer object. Calls may overlap. `sign` must be safe to repeat with the same
 * `attemptId`; where the PKI cannot tell repeats, implement `find`.
 */
export interface Signer<Op = undefined> {
  /**
   * A repeated `sign` with the same `attemptId` never makes the PKI issue a second certificate: the PKI knows the key, or
   * serial and dates follow from the request. Spares the attempt record, which costs one write for each request.
   */
  readonly idempotent?: boolean | undefined;
  /** Resolves when the PKI is reachable and the credentials are accepted; throws what is wrong otherwise. */
  check(context: CheckContext): Promise<unknown>;
  /** Asks the PKI for the certificate, or for the state of the order that `operation` names. */
  sign(request: SignRequest, context: SignContext<Op>): Promise<SignOutcome<Op>>;
  /**
   * After a crash: what the PKI already issued, or has pending, for this attempt. Undefined if it certainly knows nothing
   * of it; a {@link CannotTell} makes the SDK report the possible duplicate before it signs again.
   */
  find?(
    request: SignRequest,
    context: SignContext<Op>,
  ): Promise<SignOutcome<Op> | Issued | CannotTell | undefined>;
  /** Frees connections. Called once, after the last call has ended. */
  close?(): Promise<void>;
}
