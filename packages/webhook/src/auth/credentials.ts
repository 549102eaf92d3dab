/** How the issuer says who it is, beside a client certificate. */
export interface Credentials {
  /**
   * Headers of one call.
   *
   * @param refresh what was given last has been refused
   */
  headers(signal: AbortSignal, refresh: boolean): Promise<Readonly<Record<string, string>>>;
  /** Whether a refusal may be over with fresh ones. */
  readonly canRefresh: boolean;
}

/** No headers: nobody is named, or the client certificate says it all. */
export const noCredentials: Credentials = Object.freeze({
  canRefresh: false,
  headers: async () => ({}),
});
