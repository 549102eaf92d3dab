/** What a {@link DelayHeap} holds. Both fields belong to the heap while the item is in it. */
export interface Delayed {
  dueAt: number;
  /** Position in the heap; -1 outside. */
  heapIndex: number;
}

/**
 * Binary min-heap by `dueAt`. Each item knows its place, so that it can be taken out in O(log n) wherever it is.
 * Invariant: every item is due no earlier than its parent, which is at (index - 1) / 2.
 */
export class DelayHeap<T extends Delayed> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  /** The item that is due first. */
  get first(): T | undefined {
    return this.#items[0];
  }

  /** Puts an item in that is in no heap. */
  push(item: T, dueAt: number): void {
    item.dueAt = dueAt;
    this.#rise(this.#items.length, item);
  }

  /** Takes an item out; nothing happens if it is not in. */
  remove(item: T): void {
    const index = item.heapIndex;
    if (index < 0) return;
    item.heapIndex = -1;
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    const parent = this.#items[(index - 1) >> 1];
    if (index > 0 && parent !== undefined && last.dueAt < parent.dueAt) this.#rise(index, last);
    else this.#sink(index, last);
  }

  clear(): void {
    for (const item of this.#items) item.heapIndex = -1;
    this.#items.length = 0;
  }

  #rise(from: number, item: T): void {
    let index = from;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = this.#items[above];
      if (parent === undefined || parent.dueAt <= item.dueAt) break;
      this.#place(index, parent);
      index = above;
    }
    this.#place(index, item);
  }

  #sink(from: number, item: T): void {
    let index = from;
    for (;;) {
      const left = this.#items[2 * index + 1];
      const right = this.#items[2 * index + 2];
      const child = left !== undefined && right !== undefined && right.dueAt < left.dueAt ? right : left;
      if (child === undefined || child.dueAt >= item.dueAt) break;
      const below = child.heapIndex;
      this.#place(index, child);
      index = below;
    }
    this.#place(index, item);
  }

  #place(index: number, item: T): void {
    this.#items[index] = item;
    item.heapIndex = index;
  }
}
