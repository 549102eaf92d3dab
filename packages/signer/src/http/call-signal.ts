import type { Clock } from "./clock.ts";
import { Trouble } from "./http-failure.ts";

/** What ends a call early. */
export interface CallSignalOptions {
  readonly clock: Clock;
  /** From now, in milliseconds. */
  readonly timeoutMs: number;
  /** The caller's: its reason is what the call rejects with. */
  readonly caller: AbortSignal | undefined;
  /** The client's, fired when it closes. */
  readonly closing: AbortSignal;
}

/** One signal for all that ends a call; its reason tells which it was. {@link release} it when the call has ended. */
export class CallSignal {
  readonly #abort = new AbortController();
  readonly #parents: readonly AbortSignal[];
  readonly #onParent: (event: { readonly target: unknown }) => void;
  readonly #cancel: () => void;

  constructor({ clock, timeoutMs, caller, closing }: CallSignalOptions) {
    this.#parents = caller === undefined ? [closing] : [caller, closing];
    this.#onParent = ({ target }) => this.#abort.abort((target as AbortSignal).reason);
    for (const parent of this.#parents) {
      if (parent.aborted) this.#abort.abort(parent.reason);
      parent.addEventListener("abort", this.#onParent);
    }
    const late = new Trouble("timeout", `took longer than ${timeoutMs / 1000} s.`);
    this.#cancel = clock.after(timeoutMs, () => this.#abort.abort(late));
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  release(): void {
    this.#cancel();
    for (const parent of this.#parents) parent.removeEventListener("abort", this.#onParent);
  }
}
