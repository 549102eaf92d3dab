/** A running API server that the suite can be pointed at. */
export interface ContractServer {
  readonly url: string;
  /** The certificate authority of an `https:` address. */
  readonly caPem?: string;
  /** Bearer token of a member of `system:masters`. */
  readonly adminToken: string;
  close(): Promise<void>;
}
