import { describe, expect, test } from "vitest";
import { type IssuerSlot, IssuerSlots } from "./issuer-slots.ts";

function fixture(more: { maxConcurrent?: number; maxPerSecond?: number } = {}) {
  const clock = { now: 0 };
  const woken: string[] = [];
  const slots = new IssuerSlots({
    maxConcurrent: more.maxConcurrent ?? 2,
    maxPerSecond: more.maxPerSecond,
    wake: (request) => woken.push(request),
    monotonic: () => clock.now,
  });
  const enter = (issuer: string, request: string): IssuerSlot => {
    const slot = slots.enter(issuer, request);
    if (typeof slot !== "object") throw new Error(`expected a slot, got ${slot}`);
    return slot;
  };
  return { slots, enter, woken, clock };
}

describe("IssuerSlots", () => {
  test("R14: one issuer's calls never take another's slots", () => {
    const { slots, enter } = fixture();
    enter("hung", "a");
    enter("hung", "b");
    expect(slots.enter("hung", "c")).toBeUndefined();
    expect(slots.enter("healthy", "d")).toBeTypeOf("object");
  });

  test("wakes one that was turned away when a slot becomes free, in their order", () => {
    const { slots, enter, woken } = fixture();
    const first = enter("issuer", "a");
    enter("issuer", "b");
    slots.enter("issuer", "c");
    slots.enter("issuer", "d");
    first.leave();
    expect(woken).toEqual(["c"]);
  });

  test("the last one to leave wakes all, since a woken request may not come", () => {
    const { slots, enter, woken } = fixture({ maxConcurrent: 1 });
    const only = enter("issuer", "a");
    for (const request of ["b", "c", "d"]) slots.enter("issuer", request);
    only.leave();
    expect(woken).toEqual(["b", "c", "d"]);
  });

  test("leaving twice frees one slot", () => {
    const { slots, enter } = fixture({ maxConcurrent: 2 });
    const slot = enter("issuer", "a");
    enter("issuer", "b");
    slot.leave();
    slot.leave();
    enter("issuer", "c");
    expect(slots.enter("issuer", "d")).toBeUndefined();
  });

  test("R8: keeps to the rate over time, and says how long to wait", () => {
    const { slots, clock } = fixture({ maxConcurrent: 1000, maxPerSecond: 10 });
    let begun = 0;
    for (; clock.now < 60_000; clock.now += 10) {
      const slot = slots.enter("issuer", "a");
      if (typeof slot === "object") {
        begun += 1;
        slot.leave();
      } else expect(slot).toBeGreaterThan(0);
    }
    expect(begun).toBeGreaterThanOrEqual(600);
    expect(begun).toBeLessThanOrEqual(610);
  });

  test("nothing is lost: every request that keeps asking gets its slot", () => {
    const { slots, woken } = fixture({ maxConcurrent: 3 });
    const done = new Set<string>();
    const running: IssuerSlot[] = [];
    woken.push(...Array.from({ length: 100 }, (_, at) => `request-${at}`));
    while (woken.length > 0 || running.length > 0) {
      const request = woken.shift();
      const slot = request === undefined ? undefined : slots.enter("issuer", request);
      if (typeof slot === "object" && request !== undefined) {
        done.add(request);
        running.push(slot);
      } else running.shift()?.leave();
    }
    expect(done.size).toBe(100);
  });
});
