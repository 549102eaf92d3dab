import { appendFileSync } from "node:fs";

/** One certificate that the PKI has issued. */
export interface LedgerEntry {
  /** RFC 3339, in UTC with milliseconds. */
  readonly time: string;
  /** The idempotency key of the order; undefined where it came without. */
  readonly key: string | undefined;
  /** SHA-256 of the CSR's DER, hexadecimal. */
  readonly csrSha256: string;
  /** Hexadecimal, lower case. */
  readonly serial: string;
  /** Who ordered: the `x-caller` header, empty where there was none. */
  readonly caller: string;
}

/**
 * What a PKI has issued, in order; it only grows. It is the oracle for duplicates, since it is written where certificates
 * are made and by nobody who might be at fault.
 */
export class PkiLedger {
  readonly #entries: LedgerEntry[] = [];
  readonly #file: string | undefined;

  /** With a file, each entry is also appended to it, as one line of JSON, before the PKI answers. */
  constructor(file?: string) {
    this.#file = file;
  }

  get entries(): readonly LedgerEntry[] {
    return this.#entries;
  }

  append(entry: LedgerEntry): void {
    if (this.#file !== undefined) appendFileSync(this.#file, `${JSON.stringify(entry)}\n`);
    this.#entries.push(Object.freeze(entry));
  }

  /** Every certificate beyond the first for the same CSR. */
  duplicates(): readonly LedgerEntry[] {
    const seen = new Set<string>();
    return this.#entries.filter(({ csrSha256 }) => seen.size === seen.add(csrSha256).size);
  }
}
