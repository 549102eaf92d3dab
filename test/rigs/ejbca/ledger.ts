/** How a certificate came to be asked for. */
export type EnrolmentRoute = "pkcs10enroll" | "certificaterequest" | "finalize";

/** One certificate that the simulator has issued to somebody. */
export interface LedgerEntry {
  readonly time: Date;
  readonly route: EnrolmentRoute;
  /** Name of the CA. */
  readonly authority: string;
  readonly username: string;
  /** Upper-case hexadecimal without leading zeros. */
  readonly serial: string;
  /** SHA-256 of the SubjectPublicKeyInfo in the CSR, lower-case hexadecimal. */
  readonly spkiSha256: string;
  /** SHA-256 of the CSR's DER, lower-case hexadecimal. */
  readonly csrSha256: string;
  readonly certificatePem: string;
  /** Who asked: the subject of the client certificate or of the token. */
  readonly admin: string;
}

/**
 * What has been issued, in order; it only grows. Written where certificates are made, also for answers that are lost and for
 * a CA that stores nothing, so that it is the oracle for duplicates.
 */
export class Ledger {
  readonly #entries: LedgerEntry[] = [];

  get entries(): readonly LedgerEntry[] {
    return this.#entries;
  }

  append(entry: LedgerEntry): void {
    this.#entries.push(Object.freeze(entry));
  }

  /** Every certificate beyond the first for the same CSR. */
  duplicates(): readonly LedgerEntry[] {
    const seen = new Set<string>();
    return this.#entries.filter(({ csrSha256 }) => seen.size === seen.add(csrSha256).size);
  }
}
