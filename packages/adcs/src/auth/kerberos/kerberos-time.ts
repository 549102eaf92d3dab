import { IssuerError } from "@countersign/issuer-signer";

/** A clock that is further off needs people. */
const maxSkewMs = 24 * 3_600_000;

/** The KDC's clock, as far as it has told that ours is off; authenticators need it within five minutes. */
export class KerberosTime {
  readonly #now: () => number;
  #skewMs = 0;
  #last = 0;

  /** @param now milliseconds since the epoch */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.#now() + this.#skewMs;
  }

  /** Microseconds since the epoch, greater each time: replay caches know an authenticator by its time. */
  stamp(): number {
    this.#last = Math.max(this.#last + 1, Math.trunc(this.now() * 1000));
    return this.#last;
  }

  /** Takes over a server's clock. Throws an `IssuerError` where it is a day away and more. */
  correct(serverTime: number): void {
    const skew = serverTime - this.#now();
    if (Math.abs(skew) > maxSkewMs)
      throw new IssuerError(
        "the clocks of this node and of the KDC differ by more than a day; set them by NTP",
      );
    this.#skewMs = skew;
    this.#last = 0;
  }
}
