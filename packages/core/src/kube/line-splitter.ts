const newline = 0x0a;

/**
 * Cuts a byte stream into lines of UTF-8 text. Bytes are decoded by whole lines only, so a character may be split between
 * chunks, and a long line costs one copy however many chunks it comes in.
 */
export class LineSplitter {
  readonly #maxBytes: number;
  #pending: Buffer[] = [];
  #pendingBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes of a line whose end has not come yet. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /**
   * The lines that end in this chunk, without their ends; empty lines are left out.
   *
   * @throws RangeError when a line is longer than the limit.
   */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      this.#keep(chunk.subarray(start, end));
      if (this.#pendingBytes > 0) lines.push(this.#take());
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
    return lines;
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes > this.#maxBytes)
      throw new RangeError(`a line is longer than ${this.#maxBytes} bytes`);
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
