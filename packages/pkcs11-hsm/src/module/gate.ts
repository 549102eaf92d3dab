/**
 * Lets any number of operations run at once, or one alone. C_Finalize with an operation in flight is a segmentation fault
 * in modules, so what closes sessions or the module waits until the last operation has ended, and holds back new ones.
 */
export class Gate {
  #running = 0;
  #idle: (() => void) | undefined;
  #closed: Promise<void> = Promise.resolve();
  #closing = 0;

  /** Runs beside other shared work. */
  async shared<T>(work: () => Promise<T>): Promise<T> {
    while (this.#closing > 0) await this.#closed;
    this.#running += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
      if (this.#running === 0) this.#idle?.();
    }
  }

  /** Runs when no other work does; one after another. */
  async alone<T>(work: () => Promise<T> | T): Promise<T> {
    const before = this.#closed;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#closing += 1;
    this.#closed = promise;
    await before;
    try {
      if (this.#running > 0) {
        await new Promise<void>((idle) => {
          this.#idle = idle;
        });
        this.#idle = undefined;
      }
      return await work();
    } finally {
      this.#closing -= 1;
      resolve();
    }
  }
}
