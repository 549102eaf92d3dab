import { appendFileSync } from "node:fs";

/** What every entry of a ledger has; `kind` says what else. */
export interface LedgerEntry {
  readonly kind: string;
  /** RFC 3339, in UTC with milliseconds. */
  readonly time: string;
}

/** An entry of a union, before the ledger has given it a time. */
export type Untimed<Entry extends LedgerEntry> = Entry extends LedgerEntry ? Omit<Entry, "time"> : never;

/**
 * What a simulator has done, in order; it only grows. The oracle of tests, since it is written where orders are taken and
 * certificates are made, by nobody who might be at fault.
 */
export class Ledger<Entry extends LedgerEntry> {
  readonly #entries: Entry[] = [];
  readonly #clock: () => Date;
  readonly #file: string | undefined;

  /** With a file, each entry is also appended to it, as one line of JSON, before anything is answered. */
  constructor(clock: () => Date, file?: string) {
    this.#clock = clock;
    this.#file = file;
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** The entries of one kind. */
  of<Kind extends Entry["kind"]>(kind: Kind): (Entry & { readonly kind: Kind })[] {
    return this.#entries.filter((entry): entry is Entry & { readonly kind: Kind } => entry.kind === kind);
  }

  append(entry: Untimed<Entry>): void {
    const timed = Object.freeze({ ...entry, time: this.#clock().toISOString() }) as unknown as Entry;
    if (this.#file !== undefined) appendFileSync(this.#file, `${JSON.stringify(timed)}\n`);
    this.#entries.push(timed);
  }
}
