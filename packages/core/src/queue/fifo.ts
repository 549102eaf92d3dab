/** A place in a {@link Fifo}. */
export interface Slot<T> {
  /** Undefined once the place has been given up. */
  value: T | undefined;
}

/** Below this many used-up places, moving the rest to the front costs more than it frees. */
const leastWaste = 1024;

/** First in, first out, with O(1) removal from anywhere: an emptied place is skipped when its turn comes. */
export class Fifo<T> {
  #slots: Slot<T>[] = [];
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The value whose turn is next. */
  get first(): T | undefined {
    return this.#skip()?.value;
  }

  push(value: T): Slot<T> {
    const slot: Slot<T> = { value };
    this.#slots.push(slot);
    this.#size += 1;
    return slot;
  }

  shift(): T | undefined {
    const slot = this.#skip();
    const value = slot?.value;
    if (slot !== undefined) this.remove(slot);
    return value;
  }

  /** Gives up a place of this queue; nothing happens the second time. */
  remove(slot: Slot<T>): void {
    if (slot.value === undefined) return;
    slot.value = undefined;
    this.#size -= 1;
  }

  clear(): void {
    this.#slots = [];
    this.#head = 0;
    this.#size = 0;
  }

  /** The first place in use; places before it are behind us for good. */
  #skip(): Slot<T> | undefined {
    let slot = this.#slots[this.#head];
    while (slot !== undefined && slot.value === undefined) {
      this.#head += 1;
      slot = this.#slots[this.#head];
    }
    if (this.#head > leastWaste && this.#head * 2 > this.#slots.length) {
      this.#slots = this.#slots.slice(this.#head);
      this.#head = 0;
    }
    return slot;
  }
}
