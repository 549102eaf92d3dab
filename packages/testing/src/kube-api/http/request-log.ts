/** One handled request, as an audit log would have it. */
export interface RequestRecord {
  readonly time: Date;
  readonly user: string;
  /** get, list, watch, create, update, patch, delete, deletecollection; the HTTP method in lower case for other paths. */
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** The path with its query. */
  readonly uri: string;
  readonly userAgent: string;
  /** The HTTP status; 0 when the connection was reset on purpose. */
  readonly code: number;
}

/** Keeps the last requests; the oldest half goes when the limit is reached. */
export class RequestLog {
  #records: RequestRecord[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get records(): readonly RequestRecord[] {
    return this.#records;
  }

  add(record: RequestRecord): void {
    if (this.#records.length >= this.#limit) this.#records = this.#records.slice(this.#limit >> 1);
    this.#records.push(record);
  }
}
