import fc from "fast-check";
import { expect, test } from "vitest";
import { type Delayed, DelayHeap } from "./delay-heap.ts";
import { Fifo } from "./fifo.ts";

test("DelayHeap gives items in the order of their times, with any of them taken out at any time", () => {
  const operations = fc.array(fc.tuple(fc.constantFrom("push", "remove", "pop"), fc.nat(30)), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(operations, (steps) => {
      const heap = new DelayHeap<Delayed>();
      const model = new Set<Delayed>();
      for (const [operation, number] of steps) {
        if (operation === "push") {
          const item = { dueAt: 0, heapIndex: -1 };
          heap.push(item, number);
          model.add(item);
        } else {
          const item = operation === "pop" ? heap.first : [...model][number % Math.max(1, model.size)];
          if (item !== undefined) {
            heap.remove(item);
            heap.remove(item);
            model.delete(item);
          }
        }
        expect(heap.size).toBe(model.size);
        expect(heap.first?.dueAt).toBe(
          model.size === 0 ? undefined : Math.min(...[...model].map((m) => m.dueAt)),
        );
      }
    }),
  );
});

test("Fifo keeps the order while places are given up, and frees what is used up", () => {
  const fifo = new Fifo<number>();
  const slots = Array.from({ length: 5_000 }, (_, value) => fifo.push(value));
  for (const slot of slots) {
    if ((slot.value ?? 0) % 2 === 1) fifo.remove(slot);
  }
  expect(fifo.size).toBe(2_500);
  const taken: (number | undefined)[] = [];
  while (fifo.size > 0) taken.push(fifo.shift());
  expect(taken).toEqual(Array.from({ length: 2_500 }, (_, i) => 2 * i));
  expect([fifo.first, fifo.shift()]).toEqual([undefined, undefined]);
});
