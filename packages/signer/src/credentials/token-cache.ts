import { RetryableError, signerErrorCode } from "../errors.ts";
import type { Clock } from "../http/clock.ts";
import { orAborted } from "./or-aborted.ts";

/** A token that a login, or a renewal, was answered with. */
export interface LeasedToken {
  readonly value: string;
  /** Milliseconds for which it is valid from now; 0 for a token without an end. */
  readonly leaseMs: number;
  /** Whether it can be renewed; any other is replaced by another login. */
  readonly renewable: boolean;
  /** Whether there is anything to revoke at the end. */
  readonly revocable: boolean;
}

/** How tokens are had and given back. */
export interface TokenSource {
  login(server: string, signal: AbortSignal): Promise<LeasedToken>;
  /** Called for renewable tokens only. */
  renew(server: string, token: string, signal: AbortSignal): Promise<LeasedToken>;
  /** Called for revocable tokens only. */
  revoke(server: string, token: string, signal: AbortSignal): Promise<void>;
}

/** What {@link TokenCache} needs. */
export interface TokenCacheOptions {
  readonly source: TokenSource;
  readonly clock: Pick<Clock, "monotonic">;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

interface Held {
  readonly token: LeasedToken;
  readonly server: string;
  /** In the milliseconds of the clock. */
  readonly since: number;
  /** Lease of the login that the token comes from, before renewals shortened it. */
  readonly firstLeaseMs: number;
  refreshAt: number;
  readonly expiresAt: number;
}

/** Share of the lease after which it is renewed, and how much chance adds: issuers do not come back together. */
const refreshShare = 0.6;
const refreshJitter = 0.1;
/** A renewal that failed for the moment is tried again after this share of the lease. */
const retryShare = 0.05;
/** Below this share of its first lease a token nears its greatest age, where renewals grant less each time. */
const agedShare = 0.5;
/** A denial by policy is believed for this long: a new login would be denied as well, and leave another lease. */
const deniedForMs = 60_000;
/** Giving a token back may not hold up a stop. */
const revokeTimeoutMs = 3_000;

/**
 * The one token of an issuer. Whoever needs it first logs in and the others wait for the same login; it is renewed when
 * about two thirds of its lease are over, while calls go on with it; it is given back at the end. So an issuer holds one
 * lease, or two for the moment in which a token that cannot be renewed is replaced.
 *
 * There is no timer: a token that nobody needs is left to expire.
 */
export class TokenCache {
  readonly #source: TokenSource;
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #random: () => number;
  readonly #closing = new AbortController();
  readonly #background = new Set<Promise<void>>();
  #held: Held | undefined;
  #login: Promise<Held> | undefined;
  #isRefreshing = false;

  constructor({ source, clock, random }: TokenCacheOptions) {
    this.#source = source;
    this.#clock = clock;
    this.#random = random;
  }

  /** A token that is valid as far as is known. The login runs on when `signal` fires, for the others that wait. */
  async get(server: string, signal: AbortSignal): Promise<string> {
    const now = this.#clock.monotonic();
    const held = this.#held;
    if (held !== undefined && now < held.expiresAt) {
      if (now >= held.refreshAt) this.#refresh(held, server);
      return held.token.value;
    }
    return (await orAborted(this.#logIn(server), signal)).token.value;
  }

  /**
   * Vault has refused the token. Resolves to another one to try the call with once more, or to undefined where that is
   * pointless: a policy has denied the call, and that not long after the login.
   *
   * @param isDenied whether the token is known, and its policies do not allow the call
   */
  async replace(
    token: string,
    isDenied: boolean,
    server: string,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const held = this.#held;
    if (held?.token.value === token) {
      if (isDenied && this.#clock.monotonic() - held.since < deniedForMs) return undefined;
      this.#held = undefined;
      if (isDenied) this.#revoke(held);
    }
    return this.get(server, signal);
  }

  /** Gives the token back. Never rejects: a token that cannot be revoked expires. */
  async close(): Promise<void> {
    this.#closing.abort(new RetryableError("The issuer is closed.", { issuedNothing: true }));
    await this.#login?.catch(() => {});
    if (this.#held !== undefined) this.#revoke(this.#held);
    this.#held = undefined;
    await Promise.all(this.#background);
  }

  #logIn(server: string): Promise<Held> {
    if (this.#closing.signal.aborted) return Promise.reject(this.#closing.signal.reason);
    this.#login ??= this.#obtain(server).finally(() => {
      this.#login = undefined;
    });
    return this.#login;
  }

  async #obtain(server: string): Promise<Held> {
    const since = this.#clock.monotonic();
    const token = await this.#source.login(server, this.#closing.signal);
    return this.#hold(token, server, since, token.leaseMs);
  }

  #hold(token: LeasedToken, server: string, since: number, firstLeaseMs: number): Held {
    const lease = token.leaseMs === 0 ? Number.POSITIVE_INFINITY : token.leaseMs;
    const refreshAfter = lease * (refreshShare + refreshJitter * this.#random());
    const held = {
      token,
      server,
      since,
      firstLeaseMs,
      refreshAt: since + refreshAfter,
      expiresAt: since + lease,
    };
    this.#held = held;
    return held;
  }

  #refresh(held: Held, server: string): void {
    if (this.#isRefreshing || this.#login !== undefined || this.#closing.signal.aborted) return;
    this.#isRefreshing = true;
    this.#track(
      this.#renewOrLogIn(held, server).finally(() => {
        this.#isRefreshing = false;
      }),
    );
  }

  async #renewOrLogIn(held: Held, server: string): Promise<void> {
    const { token, firstLeaseMs } = held;
    try {
      if (!token.renewable || token.leaseMs < firstLeaseMs * agedShare) await this.#logIn(server);
      else {
        const since = this.#clock.monotonic();
        const renewed = await this.#source.renew(server, token.value, this.#closing.signal);
        if (this.#held === held) this.#hold(renewed, server, since, firstLeaseMs);
      }
    } catch (error) {
      held.refreshAt = this.#clock.monotonic() + token.leaseMs * retryShare;
      // Vault refuses to renew it, so only a login helps; what failed for the moment is tried again before the end.
      if (token.renewable && signerErrorCode(error) === "ISSUER") await this.#logIn(server).catch(() => {});
    }
  }

  #revoke({ token, server }: Held): void {
    if (!token.revocable) return;
    const signal = AbortSignal.timeout(revokeTimeoutMs);
    this.#track(this.#source.revoke(server, token.value, signal));
  }

  /** What runs without a caller ends before the cache does. */
  #track(work: Promise<void>): void {
    const ended = work
      .catch(() => {})
      .finally(() => {
        this.#background.delete(ended);
      });
    this.#background.add(ended);
  }
}
