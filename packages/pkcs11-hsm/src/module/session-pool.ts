/**
 * Sessions, each lent to one operation at a time: a session holds one operation, and a second C_SignInit on it fails with
 * CKR_OPERATION_ACTIVE. Waiters are served in their order. A session whose operation failed is never lent again: some
 * modules leave the operation active.
 */
export class SessionPool<Session> {
  readonly #open: () => Session;
  readonly #close: (session: Session) => void;
  readonly #max: number;
  readonly #free: Session[] = [];
  readonly #waiting: (() => void)[] = [];
  #lent = 0;

  constructor(options: {
    readonly max: number;
    readonly open: () => Session;
    readonly close: (session: Session) => void;
  }) {
    this.#max = options.max;
    this.#open = options.open;
    this.#close = options.close;
  }

  /** Lends a session to `work`. What `work` throws, or opening does, is thrown. */
  async use<T>(work: (session: Session) => Promise<T>): Promise<T> {
    // A place is handed over, not freed and taken again: no newcomer gets between.
    if (this.#lent >= this.#max) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#lent += 1;
    try {
      const session = this.#free.pop() ?? this.#open();
      try {
        const result = await work(session);
        this.#free.push(session);
        return result;
      } catch (error) {
        this.#close(session);
        throw error;
      }
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#lent -= 1;
      else next();
    }
  }
}
