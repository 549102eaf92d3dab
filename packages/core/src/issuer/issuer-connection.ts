import type { Signer } from "@countersign/issuer-signer";

/**
 * One connected signer, for one issuer object and one version of its spec and Secrets. Calls hold it open: a retired
 * connection is closed when the last call has ended, so that a rotation never cuts a running request.
 */
export class IssuerConnection {
  /** What the signer was made from: the issuer's uid, its generation and the versions of its Secrets. */
  readonly version: string;
  readonly #signer: Signer<unknown>;
  readonly #close: () => Promise<void>;
  #calls = 0;
  #retired: { readonly closed: Promise<void>; readonly drained: () => void } | undefined;

  constructor(version: string, signer: Signer<unknown>, close: () => Promise<void>) {
    this.version = version;
    this.#signer = signer;
    this.#close = close;
  }

  /** Whether a repeated `sign` can never issue twice. */
  get idempotent(): boolean {
    return this.#signer.idempotent === true;
  }

  /** Whether the signer can look up what the PKI issued for an attempt. */
  get canFind(): boolean {
    return this.#signer.find !== undefined;
  }

  /** Calls the signer and holds the connection open until the call has ended. */
  async use<T>(call: (signer: Signer<unknown>) => Promise<T>): Promise<T> {
    this.#calls += 1;
    try {
      return await call(this.#signer);
    } finally {
      this.#calls -= 1;
      if (this.#calls === 0) this.#retired?.drained();
    }
  }

  /** Takes no part any more; resolves when the last call has ended and the signer is closed. */
  retire(): Promise<void> {
    if (this.#retired === undefined) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#retired = { drained: resolve, closed: promise.then(() => this.#close()) };
      if (this.#calls === 0) resolve();
    }
    return this.#retired.closed;
  }
}
