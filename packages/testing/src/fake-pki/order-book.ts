import { createHash, randomUUID } from "node:crypto";
import { parseCsr, type X509 } from "@countersign/issuer-signer";
import { type Authority, issueBelow } from "./authority.ts";
import type { PkiLedger } from "./pki-ledger.ts";

/** What an order asks for: the body of `POST /orders`. */
export interface OrderRequest {
  /** PEM. */
  readonly csr: string;
  /** An order with a key that is known is the order that is known. */
  readonly key?: string | undefined;
  readonly durationSeconds?: number | undefined;
  readonly isCA?: boolean | undefined;
  /** cert-manager's words. */
  readonly usages?: readonly string[] | undefined;
  readonly caller: string;
}

/** An order that was taken: its certificate exists, though it may be handed out only after some looks. */
export interface Order {
  readonly id: string;
  readonly key: string | undefined;
  readonly csr: ReturnType<typeof parseCsr>;
  readonly leaf: X509;
  looksLeft: number;
}

/** Options of {@link OrderBook}. */
export interface OrderBookOptions {
  readonly authority: Authority;
  readonly ledger: PkiLedger;
  /** Whether an order whose key is known is not taken a second time. */
  readonly idempotencyKeys: boolean;
  readonly clock: () => Date;
}

/** The orders of a PKI. Taking one issues its certificate and writes the ledger. */
export class OrderBook {
  readonly #options: OrderBookOptions;
  readonly #byId = new Map<string, Order>();
  readonly #byKey = new Map<string, Order>();
  readonly #issuing = new Map<string, Promise<Order>>();

  constructor(options: OrderBookOptions) {
    this.#options = options;
  }

  get(id: string): Order | undefined {
    return this.#byId.get(id);
  }

  /** The latest order with the key. */
  find(key: string): Order | undefined {
    return this.#byKey.get(key);
  }

  /** @throws InvalidCsrError, RequestRejected */
  async take(request: OrderRequest, looks: number): Promise<Order> {
    const { key } = request;
    if (key === undefined || !this.#options.idempotencyKeys) return this.#issue(request, looks);
    const known = this.#byKey.get(key) ?? this.#issuing.get(key);
    if (known !== undefined) return known;
    // Two calls with one key at the same time are one order too.
    const issuing = this.#issue(request, looks).finally(() => this.#issuing.delete(key));
    this.#issuing.set(key, issuing);
    return issuing;
  }

  async #issue(request: OrderRequest, looks: number): Promise<Order> {
    const { authority, ledger, clock } = this.#options;
    const { key, caller, isCA = false, usages = [], durationSeconds = 90 * 24 * 3600 } = request;
    const id = randomUUID();
    const csr = parseCsr(request.csr);
    const now = clock();
    const leaf = await issueBelow(isCA ? authority.root : authority.intermediate, {
      csr,
      serialSeed: id,
      notBefore: now,
      notAfter: new Date(now.getTime() + durationSeconds * 1000),
      isCA,
      usages,
    });
    const order: Order = { id, key, csr, leaf, looksLeft: looks };
    const csrSha256 = createHash("sha256").update(csr.der).digest("hex");
    ledger.append({ time: now.toISOString(), key, csrSha256, serial: leaf.serialHex, caller });
    this.#byId.set(id, order);
    if (key !== undefined) this.#byKey.set(key, order);
    return order;
  }
}
