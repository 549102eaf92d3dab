import type { Kdcs } from "./kdcs.ts";
import type { KerberosTime } from "./kerberos-time.ts";

/** What the exchanges with KDCs share. */
export interface KdcContext {
  readonly kdcs: Kdcs;
  readonly time: KerberosTime;
  /** A number of 31 bits. */
  readonly nonce: () => number;
  readonly signal: AbortSignal;
}

/** How long a ticket is asked for, in milliseconds; realms give ten hours and less. */
export const wantedLifeMs = 10 * 3_600_000;
