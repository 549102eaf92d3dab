import type { Stored } from "./stored.ts";

/** One change of a resource, as watches see it. */
export interface StoreEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly revision: number;
  /** The object after the change; for DELETED the last state, carrying the revision of the deletion. */
  readonly current: Stored;
  /** The object before the change; undefined for ADDED. */
  readonly previous: Stored | undefined;
}

/** The recent changes of one resource: what a watch can resume from, and what a past state is rebuilt from. */
export class EventLog {
  #events: StoreEvent[] = [];
  #floor: number;
  readonly #window: number;

  /** Keeps at least `window` events, all of them later than `floor`. */
  constructor(window: number, floor: number) {
    this.#floor = floor;
    this.#window = window;
  }

  /** Every change after this revision is still known. */
  get floor(): number {
    return this.#floor;
  }

  append(event: StoreEvent): void {
    this.#events.push(event);
    // Dropping in bulk keeps the cost of an append constant.
    if (this.#events.length >= 2 * this.#window + 16) this.#drop(this.#events.length - this.#window);
  }

  /** The changes after a revision, oldest first; undefined when some of them are no longer known. */
  since(revision: number): readonly StoreEvent[] | undefined {
    if (revision < this.#floor) return undefined;
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#events[middle]?.revision ?? 0) > revision) high = middle;
      else low = middle + 1;
    }
    return this.#events.slice(low);
  }

  /** Forgets all changes up to and including `revision`. */
  compact(revision: number): void {
    this.#events = this.#events.filter((event) => event.revision > revision);
    this.#floor = Math.max(this.#floor, revision);
  }

  #drop(count: number): void {
    this.#floor = this.#events[count - 1]?.revision ?? this.#floor;
    this.#events = this.#events.slice(count);
  }
}
