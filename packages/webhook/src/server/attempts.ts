import { createHash, randomUUID } from "node:crypto";
import { type CsrSummary, summaryOf } from "./decision.ts";
import { HttpProblem } from "./http-problem.ts";
import type { SignBody } from "./sign-body.ts";

/** What a request came to. */
export type SignResult =
  | {
      readonly status: "issued";
      /** PEM: the leaf, then its intermediates. */
      readonly certificate: string;
      /** PEM of the top of the chain, if it is known. */
      readonly ca: string | undefined;
      readonly serial: string;
      readonly notAfter: Date;
      /** Where the certificate is not as asked for. */
      readonly differences: readonly string[];
    }
  | { readonly status: "pending"; readonly retryAfterMs: number; readonly message: string | undefined };

/** One request of one caller, over all its repeats. */
export interface Attempt {
  /** Idempotency key at the PKI, and the name under which an accepted request is asked for. */
  readonly id: string;
  readonly caller: string;
  /** Digest of what is asked for. */
  readonly asked: string;
  readonly csr: CsrSummary;
  /** What is asked for, until it is issued: a parsed CSR takes more memory than all the rest. */
  body: SignBody | undefined;
  /** Whether the caller gave it a key: then an earlier process, or another replica, may know it. */
  readonly hasKey: boolean;
  /** Seconds since the epoch. */
  readonly startedAt: number;
  /** A call that is under way: repeats wait for the same end. */
  running: Promise<SignResult> | undefined;
  result: SignResult | undefined;
  /** What the signer keeps between calls. */
  operation: unknown;
  /** When a pending request may be looked at again; monotonic milliseconds. */
  notBefore: number;
  /** An earlier call ended in a way that leaves open whether a certificate was issued. */
  isDoubtful: boolean;
  /** Until when an earlier call, of this process or of one before it, may still issue; monotonic milliseconds. */
  settledAt: number;
  /** No call has been made by this process yet. */
  isNew: boolean;
  /** Monotonic milliseconds. */
  expiresAt: number;
}

/** Bounds of {@link Attempts}. */
export interface AttemptsOptions {
  /** How long a request with an idempotency key is remembered after its last call, in milliseconds. */
  readonly rememberForMs: number;
  /** How long one without a key is, in milliseconds: for a repeat of a caller whose connection broke. */
  readonly repeatForMs: number;
  /** How long an accepted request is that nobody asks for, in milliseconds. */
  readonly pendingForMs: number;
  readonly maxRemembered: number;
  /** How long a call that ended without an answer may still issue, in milliseconds. */
  readonly settleMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** RFC 8941 strings without their quotes, or anything printable. */
const key = /^[\x21-\x7e]{1,255}$/;

/**
 * The requests that are under way or were not long ago, so that a repeat is the same request: by the caller's
 * `Idempotency-Key`, or without one by the caller and what is asked for.
 */
export class Attempts {
  readonly #options: AttemptsOptions;
  readonly #byName = new Map<string, Attempt>();
  readonly #byId = new Map<string, Attempt>();
  /** A process that was killed just before this one may have left calls that still issue. */
  readonly #settledAtFirst: number;

  constructor(options: AttemptsOptions) {
    this.#options = options;
    this.#settledAtFirst = options.now() + options.settleMs;
  }

  /**
   * The attempt that the request belongs to, a new one if need be.
   *
   * @throws HttpProblem 400 for a malformed key, 422 for a key of another request
   */
  of(caller: string, body: SignBody, idempotencyKey: string | undefined): Attempt {
    const asked = digest(body.csr.der, [body.durationSeconds, body.usages, body.isCA]);
    if (idempotencyKey !== undefined && !key.test(idempotencyKey))
      throw new HttpProblem({
        status: 400,
        code: "malformed_request",
        message: "Idempotency-Key is not 1 to 255 printable characters without spaces.",
      });
    const name =
      idempotencyKey === undefined ? `csr ${caller} ${asked}` : `key ${caller} ${digest(idempotencyKey, [])}`;
    const known = this.#live(this.#byName.get(name));
    if (known !== undefined) {
      if (known.asked !== asked)
        throw new HttpProblem({
          status: 422,
          code: "idempotency_key_reused",
          message: "The Idempotency-Key belongs to another request. Use a new one for each request.",
        });
      return known;
    }
    // With a key the id follows from the request alone: another process, or this one after a restart, has the same.
    const id = digest(idempotencyKey === undefined ? randomUUID() : name, [asked]).slice(0, 36);
    const { now, clock } = this.#options;
    const attempt: Attempt = {
      id,
      caller,
      asked,
      csr: summaryOf(body.csr),
      body,
      hasKey: idempotencyKey !== undefined,
      startedAt: Math.floor(clock() / 1000),
      running: undefined,
      result: undefined,
      operation: undefined,
      notBefore: 0,
      isDoubtful: false,
      settledAt: idempotencyKey === undefined ? 0 : this.#settledAtFirst,
      isNew: true,
      expiresAt: now(),
    };
    this.#byName.set(name, attempt);
    this.#byId.set(id, attempt);
    this.#forget();
    return attempt;
  }

  /** The attempt of this id, if it is the caller's and known here. */
  byId(caller: string, id: string): Attempt | undefined {
    const attempt = this.#live(this.#byId.get(id));
    return attempt?.caller === caller ? attempt : undefined;
  }

  /** Keeps the attempt for as long as its state wants it. To be called after each call. */
  touch(attempt: Attempt): void {
    const { rememberForMs, repeatForMs, pendingForMs, now } = this.#options;
    const isLong = attempt.hasKey || attempt.isDoubtful;
    const isPending = attempt.result?.status === "pending";
    attempt.expiresAt = now() + (isPending ? pendingForMs : isLong ? rememberForMs : repeatForMs);
  }

  #live(attempt: Attempt | undefined): Attempt | undefined {
    const isLive = attempt?.running !== undefined || (attempt?.expiresAt ?? 0) > this.#options.now();
    return isLive ? attempt : undefined;
  }

  /** Drops what is over and, where that is not enough, what is oldest and not under way. */
  #forget(): void {
    const { maxRemembered } = this.#options;
    if (this.#byName.size <= maxRemembered) return;
    const all = [...this.#byName];
    const idle = all.filter(([, attempt]) => attempt.running === undefined && !attempt.isNew);
    const over = idle.filter(([, attempt]) => this.#live(attempt) === undefined);
    // A tenth at a time, since all of them are looked at.
    const excess = this.#byName.size - over.length - Math.floor(maxRemembered * 0.9);
    const oldest = idle.filter((entry) => !over.includes(entry)).slice(0, Math.max(0, excess));
    for (const [name, { id }] of [...over, ...oldest]) {
      this.#byName.delete(name);
      this.#byId.delete(id);
    }
  }
}

function digest(first: string | Uint8Array, more: readonly unknown[]): string {
  return createHash("sha256").update(first).update("\0").update(JSON.stringify(more)).digest("hex");
}
