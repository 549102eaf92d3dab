import { Fifo, type Slot } from "./fifo.ts";

/** `low` is for the backlog that a list finds, so that what happens now does not wait behind it. */
export type WorkPriority = "normal" | "low";

/** A place in one of the lanes. */
export interface LanePlace<T> {
  readonly priority: WorkPriority;
  readonly slot: Slot<T>;
}

/** After this many values of normal priority, one of low priority has its turn: nothing starves. */
const normalInARow = 8;

/** Two queues, first in, first out, of which the normal one goes first. */
export class PriorityLanes<T> {
  readonly #normal = new Fifo<T>();
  readonly #low = new Fifo<T>();
  #streak = 0;

  get size(): number {
    return this.#normal.size + this.#low.size;
  }

  /** The values that have waited longest in each lane. */
  get heads(): T[] {
    return [this.#normal.first, this.#low.first].filter((value) => value !== undefined);
  }

  push(value: T, priority: WorkPriority): LanePlace<T> {
    return { priority, slot: this.#lane(priority).push(value) };
  }

  remove({ priority, slot }: LanePlace<T>): void {
    this.#lane(priority).remove(slot);
  }

  shift(): T | undefined {
    const lowIsDue = this.#normal.size === 0 || (this.#low.size > 0 && this.#streak >= normalInARow);
    this.#streak = lowIsDue ? 0 : this.#streak + 1;
    return this.#lane(lowIsDue ? "low" : "normal").shift();
  }

  clear(): void {
    this.#normal.clear();
    this.#low.clear();
  }

  #lane(priority: WorkPriority): Fifo<T> {
    return priority === "low" ? this.#low : this.#normal;
  }
}
