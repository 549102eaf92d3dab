/** One HTTP request, as the resources see it. */
export interface Call {
  readonly method: string;
  /** As sent, still escaped, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Undefined where it exceeds the limit of 10 MiB. */
  readonly body: Uint8Array | undefined;
  /** DER of the client certificate that TLS accepted. */
  readonly clientCertificate: Uint8Array | undefined;
  readonly isEncrypted: boolean;
  /** `https://host:port`, as the client names the server. */
  readonly origin: string;
  /** The same resource over TLS, for a call that came without. */
  readonly secureUrl: string;
}

/** What was asked, for a test to look at. */
export interface RequestRecord {
  readonly time: Date;
  /** Index of the node that was asked. */
  readonly node: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Parsed JSON; undefined where there was none. */
  readonly body: unknown;
  /** 0 while there is no answer, and where the connection was cut instead. */
  status: number;
}
