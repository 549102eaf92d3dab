/** The one counter behind every resourceVersion, as etcd's revision is behind the real server's. */
export class Revision {
  #current = 1;

  /** The revision of the last write. */
  get current(): number {
    return this.#current;
  }

  /** Counts up for one write and returns its revision. */
  next(): number {
    this.#current += 1;
    return this.#current;
  }
}
