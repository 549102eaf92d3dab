import type { Clock } from "@countersign/issuer-signer";
import type { Authenticate } from "./caller.ts";
import type { Decision } from "./decision.ts";
import type { ServedSigner } from "./served-signer.ts";

/** What a {@link SignService} needs. */
export interface SignServiceOptions {
  readonly signer: ServedSigner;
  readonly authenticate: Authenticate;
  /** Those that are left out are {@link signServiceLimits}. */
  readonly limits?: GivenLimits | undefined;
  /** Lifetime to ask for where a request names none, in seconds; 90 days unless given. */
  readonly durationSeconds?: number | undefined;
  /** Whether CA certificates may be asked for; no unless given. */
  readonly allowCA?: boolean | undefined;
  /** Told of every decision, for the audit log. May not throw. */
  readonly onDecision?: ((decision: Decision) => void) | undefined;
  /** Told of what a caller is not told, such as the cause of a 5xx. May not throw. */
  readonly onTrouble?: ((requestId: string, error: unknown) => void) | undefined;
  readonly clock?: Clock | undefined;
}

/** Bounds of a {@link SignService}. */
export interface SignServiceLimits {
  readonly maxBodyBytes: number;
  /** From the head of a request to the last byte of its body, in milliseconds. */
  readonly bodyTimeoutMs: number;
  /** One call of the signer, in milliseconds. */
  readonly signTimeoutMs: number;
  readonly maxConcurrent: number;
  readonly maxConcurrentPerCaller: number;
  readonly maxWaiting: number;
  /** How long requests with an idempotency key are remembered after their last call, in milliseconds. */
  readonly rememberForMs: number;
  /** How long those without a key are, in milliseconds. */
  readonly repeatForMs: number;
  /** How long an accepted request is that nobody asks for, in milliseconds. */
  readonly pendingForMs: number;
  readonly maxRemembered: number;
  /**
   * How long a call that ended without an answer may still issue, in milliseconds: a repeat waits before it looks, and so
   * does a request with a key that comes sooner after the start.
   */
  readonly settleMs: number;
  /** How long the answer of the signer's check is given again, in milliseconds. */
  readonly checkForMs: number;
}

/** Some of the limits. */
export type GivenLimits = { readonly [Name in keyof SignServiceLimits]?: number | undefined };

/** The defaults. */
export const signServiceLimits: SignServiceLimits = Object.freeze({
  /** cert-manager reads requests of at most 36,500 bytes; base64 makes that 49 KiB. */
  maxBodyBytes: 64 * 1024,
  /** 64 KiB come in less on any link that serves. */
  bodyTimeoutMs: 10_000,
  /** As the HTTP client of the signer bounds a call. */
  signTimeoutMs: 60_000,
  maxConcurrent: 32,
  /** Half of it, so that no caller takes all. */
  maxConcurrentPerCaller: 16,
  maxWaiting: 256,
  rememberForMs: 3_600_000,
  /** Longer than a client waits before it connects again. */
  repeatForMs: 10_000,
  pendingForMs: 7 * 24 * 3_600_000,
  /** About 10 KiB each. */
  maxRemembered: 2_000,
  settleMs: 2_000,
  checkForMs: 5_000,
});

/** Fills the gaps. Throws a TypeError that names the limit, what it may be and what it is. */
export function completeLimits(limits: GivenLimits = {}): SignServiceLimits {
  const given = Object.entries(limits).filter(([, value]) => value !== undefined);
  const complete: SignServiceLimits = { ...signServiceLimits, ...Object.fromEntries(given) };
  for (const [name, value] of Object.entries(complete)) {
    if (!(Number.isInteger(value) && value >= 1))
      throw new TypeError(`Expected \`limits.${name}\` to be an integer from 1 up, got \`${value}\``);
  }
  return complete;
}
