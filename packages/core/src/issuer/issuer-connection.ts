import { CertificateCache, type IssuerLimits, type Signer } from "@countersign/issuer-signer";
import { ReusableCertificates } from "../request/reusable-certificates.ts";
import type { ConnectionReports } from "./connection-reports.ts";
import type { IssuerCredentials } from "./issuer-credentials.ts";

/** What {@link IssuerConnection} is made of. */
export interface IssuerConnectionOptions {
  /** What the signer was made from: the issuer's uid, its generation and the versions of its Secrets and ConfigMaps. */
  readonly version: string;
  readonly signer: Signer<unknown>;
  readonly reports: Pick<ConnectionReports, "begin" | "end">;
  readonly limits?: IssuerLimits | undefined;
  /** Whose signer may save Secret values; its version then does not have the versions of Secrets. */
  readonly credentials?: Pick<IssuerCredentials, "isCurrent" | "knows"> | undefined;
  /** Closes the signer and what it was given. */
  readonly close: () => Promise<void>;
}

/**
 * One connected signer, for one issuer object and one version of its spec, Secrets and ConfigMaps. Calls hold it open: a retired
 * connection is closed when the last call has ended, so that a rotation never cuts a running request.
 */
export class IssuerConnection {
  /** As the option. */
  readonly version: string;
  /** What the issuer object says of how its requests are served. */
  readonly limits: IssuerLimits;
  /** As the option. */
  readonly credentials: IssuerConnectionOptions["credentials"];
  /** CA certificates that its PKI has answered with. */
  readonly certificates = new CertificateCache();
  /** What identical requests may be answered with. A new version of spec or Secrets begins without. */
  readonly reusable = new ReusableCertificates();
  readonly #signer: Signer<unknown>;
  readonly #reports: IssuerConnectionOptions["reports"];
  readonly #close: () => Promise<void>;
  #calls = 0;
  #retired: { readonly closed: Promise<void>; readonly drained: () => void } | undefined;

  constructor({ version, signer, reports, limits = {}, credentials, close }: IssuerConnectionOptions) {
    this.version = version;
    this.limits = limits;
    this.credentials = credentials;
    this.#signer = signer;
    this.#reports = reports;
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

  /** Is the issuer's connection from now on. */
  begin(): void {
    this.#reports.begin();
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
      this.#reports.end();
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#retired = { drained: resolve, closed: promise.then(() => this.#close()) };
      if (this.#calls === 0) resolve();
    }
    return this.#retired.closed;
  }
}
