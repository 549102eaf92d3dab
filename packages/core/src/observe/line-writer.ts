import type { LineSink } from "./line-sink.ts";

/** Options of {@link LineWriter}. */
export interface LineWriterOptions {
  readonly sink: LineSink;
  /** Told of the first failure in a row, and of how many lines are lost. */
  readonly onFailure: (error: unknown) => void;
  readonly onLost: (lines: number) => void;
  /** Lines that may wait for a slow sink; more are lost. */
  readonly maxWaiting?: number | undefined;
  /** How long a flush may take, in milliseconds. */
  readonly flushMs?: number | undefined;
}

/** The defaults of a {@link LineWriter}. */
export const lineWriterDefaults = Object.freeze({
  /** At 8 KiB each, 32 MiB: what a process may spend on a disk that hangs. */
  maxWaiting: 4_096,
  /** A stop has 30 s for everything. */
  flushMs: 3_000,
});

/** Writes lines in their order, one write at a time, without ever making the caller wait or fail. */
export class LineWriter {
  readonly #options: LineWriterOptions;
  readonly #maxWaiting: number;
  readonly #flushMs: number;
  readonly #waiting: string[] = [];
  #draining = false;
  #running: Promise<void> | undefined;
  readonly #reopen: (() => void)[] = [];
  #failing = false;

  constructor(options: LineWriterOptions) {
    this.#options = options;
    this.#flushMs = options.flushMs ?? lineWriterDefaults.flushMs;
    this.#maxWaiting = options.maxWaiting ?? lineWriterDefaults.maxWaiting;
  }

  /** Takes a line, without its newline, and returns at once. */
  write(line: string): void {
    if (this.#waiting.length >= this.#maxWaiting) {
      this.#lost(1, new Error("lines come faster than they can be written"));
      return;
    }
    this.#waiting.push(line);
    this.#run();
  }

  /** Opens the file anew between two writes; resolves when that is done, or has failed and was reported. */
  reopen(): Promise<void> {
    return new Promise((resolve) => {
      this.#reopen.push(resolve);
      this.#run();
    });
  }

  /** Resolves when every line that was taken is written or lost; what a sink that hangs still holds then is lost. */
  async flush(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#flushMs);
    const written = (async () => {
      while (this.#running !== undefined) await this.#running;
    })();
    await Promise.race([written, promise]);
    clearTimeout(timer);
    const waiting = this.#waiting.splice(0).length;
    if (waiting > 0) this.#lost(waiting, new Error("the sink did not take the last lines in time"));
  }

  #run(): void {
    if (this.#draining) return;
    this.#draining = true;
    this.#running = this.#drain();
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0 || this.#reopen.length > 0) {
      const reopened = this.#reopen.splice(0);
      if (reopened.length > 0) {
        // The old file is as good a place as any when the new one cannot be opened.
        await this.#options.sink.reopen().catch((error) => this.#options.onFailure(error));
        for (const done of reopened) done();
      }
      const lines = this.#waiting.splice(0, 64);
      if (lines.length === 0) continue;
      try {
        await this.#options.sink.write(`${lines.join("\n")}\n`);
        this.#failing = false;
      } catch (error) {
        this.#lost(lines.length, error);
      }
    }
    // In the same turn as the last look, so that a line that comes now starts a new run.
    this.#draining = false;
    this.#running = undefined;
  }

  #lost(lines: number, error: unknown): void {
    this.#options.onLost(lines);
    // One report for a disk that stays full, not one for each line.
    if (this.#failing) return;
    this.#failing = true;
    this.#options.onFailure(error);
  }
}
