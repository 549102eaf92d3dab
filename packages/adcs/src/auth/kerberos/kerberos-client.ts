import { randomBytes } from "node:crypto";
import { IssuerError } from "@countersign/issuer-signer";
import { Refusal } from "@countersign/issuer-signer/der";
import { logOn } from "./as-exchange.ts";
import { type GssLogin, gssLogin } from "./gss-login.ts";
import type { KdcContext } from "./kdc-context.ts";
import type { Kdcs } from "./kdcs.ts";
import type { KerberosCredential } from "./kerberos-credential.ts";
import { KerberosTime } from "./kerberos-time.ts";
import { nameText } from "./principal.ts";
import { type KerberosService, requestTicket } from "./tgs-exchange.ts";
import type { Ticket } from "./ticket.ts";
import { TicketCache } from "./ticket-cache.ts";

/** Options of {@link KerberosClient}. */
export interface KerberosClientOptions {
  readonly credential: KerberosCredential;
  readonly kdcs: Kdcs;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Random bytes; node:crypto's unless given. */
  readonly random?: ((length: number) => Uint8Array) | undefined;
  /** Deadline of all that it takes to get a ticket, in milliseconds; 30,000 unless given. */
  readonly timeoutMs?: number | undefined;
}

const ticketGranting = "krbtgt";

/**
 * A Kerberos client of one principal, without krb5.conf and files: tickets are kept in memory, replaced before they end,
 * and fetched once however many want them.
 */
export class KerberosClient {
  readonly #options: KerberosClientOptions;
  readonly #time: KerberosTime;
  readonly #tickets: TicketCache;

  constructor(options: KerberosClientOptions) {
    this.#options = options;
    this.#time = new KerberosTime(options.now);
    this.#tickets = new TicketCache(() => this.#time.now());
  }

  /**
   * A login at a service, bound to the channel. Throws `CredentialRefused` where the KDC refuses the account, an
   * `IssuerError` for what else is wrong, a `RetryableError` where no KDC answers, and the signal's reason.
   */
  async login(service: KerberosService, channelBinding: Uint8Array, signal: AbortSignal): Promise<GssLogin> {
    const ticket = await unlessAborted(this.#serviceTicket(service), signal);
    return gssLogin(ticket, { channelBinding, time: this.#time.stamp(), sequence: this.#nonce() });
  }

  /** Drops the tickets for a service that did not take one: it may have a new key. */
  forget(service: KerberosService): void {
    this.#tickets.forget(nameOf(service));
  }

  #serviceTicket(service: KerberosService): Promise<Ticket> {
    return this.#tickets.get(nameOf(service), () =>
      this.#translated(async (context) => {
        const tgt = await this.#tickets.get(ticketGranting, () => logOn(this.#options.credential, context));
        return requestTicket(tgt, service, context).catch((error: unknown) => {
          // The realm may have new keys, or another view of the account: the next try logs on again.
          this.#tickets.forget(ticketGranting);
          throw error;
        });
      }),
    );
  }

  /** A flight belongs to nobody's signal, since others may wait for it as well. */
  async #translated(fetch: (context: KdcContext) => Promise<Ticket>): Promise<Ticket> {
    const { kdcs, timeoutMs = 30_000 } = this.#options;
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      return await fetch({ kdcs, time: this.#time, nonce: () => this.#nonce(), signal });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw new IssuerError(`Kerberos failed: ${error.message}; check the KDCs of the issuer's spec`, {
        cause: error,
      });
    }
  }

  #nonce(): number {
    const { random = randomBytes } = this.#options;
    return Buffer.from(random(4)).readUInt32BE(0) & 0x7fff_ffff;
  }
}

function nameOf({ name, realm = "" }: KerberosService): string {
  return `${nameText(name)}@${realm}`;
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
