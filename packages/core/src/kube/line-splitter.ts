const newline = 0x0a;

/**
 * Cuts a byte stream into lines of UTF-8 text. Bytes are decoded by whole lines only, so a character may be split between
 * chunks, and a long line costs one copy however many chunks it comes in.
 */
export class LineSplitter {
  readonly #maxBytes: number;
  readonly #tooLong: () => Error;
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  /** @param tooLong - makes the error for a line of more than `maxBytes` bytes. */
  constructor(maxBytes: number, tooLong: () => Error) {
    this.#maxBytes = maxBytes;
    this.#tooLong = tooLong;
  }

  /** Bytes of a line whose end has not come yet. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** The lines that end in this chunk, without their ends; empty lines are left out. Must be read to its end. */
  *push(chunk: Buffer): Generator<string, void, undefined> {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      this.#keep(chunk.subarray(start, end));
      if (this.#pendingBytes > 0) yield this.#take();
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes > this.#maxBytes) throw this.#tooLong();
    this.#pending.push(bytes);
  }

  #take(): string {
    const [only] = this.#pending;
    const line = this.#pending.length === 1 && only ? only : Buffer.concat(this.#pending, this.#pendingBytes);
    this.#pending = [];
    this.#pendingBytes = 0;
    return line.toString("utf8");
  }
}
