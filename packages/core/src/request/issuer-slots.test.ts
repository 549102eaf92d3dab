import { describe, expect, test } from "vitest";
import { ManualScheduler } from "../queue/manual-scheduler-fixture.ts";
import { type IssuerSlot, IssuerSlots, type IssuerSlotsOptions, slotPatienceMs } from "./issuer-slots.ts";

function fixture(more: Partial<IssuerSlotsOptions> = {}) {
  const scheduler = new ManualScheduler();
  const woken: string[] = [];
  const slots = new IssuerSlots({
    maxConcurrent: 100,
    maxConcurrentPerIssuer: 2,
    maxPerSecondPerIssuer: Number.POSITIVE_INFINITY,
    scheduler,
    ...more,
  });
  const ask = (issuer: string, request: string) =>
    slots.enter(issuer, request, () => void woken.push(request));
  const enter = (issuer: string, request: string): IssuerSlot => {
    const slot = ask(issuer, request);
    if (slot === undefined) throw new Error(`expected a slot for ${request}`);
    return slot;
  };
  const refused = (issuer: string, ...requests: string[]) => {
    for (const request of requests) expect(ask(issuer, request)).toBeUndefined();
  };
  return { slots, enter, refused, woken, scheduler };
}

describe("IssuerSlots", () => {
  test("R14: one issuer's calls never take another's slots", () => {
    const { enter, refused } = fixture();
    enter("hung", "a");
    enter("hung", "b");
    refused("hung", "c");
    enter("healthy", "d");
  });

  test("a slot that becomes free is kept for the one that waits longest, whoever comes meanwhile", () => {
    const { enter, refused, woken } = fixture();
    const first = enter("issuer", "a");
    enter("issuer", "b");
    refused("issuer", "c", "d");
    first.leave();
    expect(woken).toEqual(["c"]);
    refused("issuer", "e");
    enter("issuer", "c");
  });

  test("a slot that the woken request does not take goes to the next", async () => {
    const { slots, enter, refused, woken } = fixture();
    const first = enter("issuer", "a");
    enter("issuer", "b");
    refused("issuer", "c", "d");
    first.leave();
    await expect(slots.lookAt("c", () => Promise.reject(new Error("gone")))).rejects.toThrow("gone");
    expect(woken).toEqual(["c", "d"]);
    enter("issuer", "d");
  });

  test("a slot that is kept while the request is being looked at is for its next look", async () => {
    const { slots, enter, refused, woken } = fixture();
    const first = enter("issuer", "a");
    enter("issuer", "b");
    await slots.lookAt("c", async () => {
      refused("issuer", "c", "d");
      first.leave();
    });
    expect(woken).toEqual(["c"]);
    await slots.lookAt("c", async () => void enter("issuer", "c"));
    expect(woken).toEqual(["c"]);
  });

  test("leaving twice frees one slot", () => {
    const { enter, refused } = fixture();
    const slot = enter("issuer", "a");
    enter("issuer", "b");
    slot.leave();
    slot.leave();
    enter("issuer", "c");
    refused("issuer", "d");
  });

  test("places among all go round the issuers, not to the one with the longest line", () => {
    const { enter, refused, woken } = fixture({ maxConcurrent: 2 });
    const held = [enter("other", "x"), enter("another", "y")];
    refused("greedy", "a1", "a2", "a3", "a4");
    refused("modest", "b1");
    refused("modester", "c1");
    for (const slot of held) slot.leave();
    expect(woken).toEqual(["a1", "b1"]);
    enter("greedy", "a1").leave();
    expect(woken).toEqual(["a1", "b1", "c1"]);
    enter("modest", "b1").leave();
    expect(woken).toEqual(["a1", "b1", "c1", "a2"]);
  });

  test("R14: a call that outlasts the patience counts no more among all, and still at its issuer", async () => {
    const { enter, refused, woken, scheduler } = fixture({ maxConcurrent: 2 });
    enter("hung", "a");
    enter("hung", "b");
    refused("healthy", "c");
    await scheduler.advance(slotPatienceMs - 1);
    expect(woken).toEqual([]);
    await scheduler.advance(1);
    expect(woken).toEqual(["c"]);
    enter("healthy", "c");
    enter("healthy", "d");
    refused("hung", "e");
  });

  test("R14: further calls of an issuer that keeps its callers waiting do not count from the beginning", async () => {
    const { enter, refused, woken, scheduler } = fixture({ maxConcurrent: 2 });
    const hung = enter("hung", "a");
    await scheduler.advance(slotPatienceMs);
    enter("hung", "b");
    enter("healthy", "c");
    enter("healthier", "d");
    refused("hung", "e");
    hung.leave();
    expect(woken).toEqual(["e"]);
    const quick = enter("hung", "e");
    quick.leave();
    refused("hung", "f");
  });

  test("R8: keeps to the rate over time, and wakes one request for each call that may begin", async () => {
    const { enter, refused, woken, scheduler } = fixture({
      maxConcurrent: 1000,
      maxConcurrentPerIssuer: 1000,
      maxPerSecondPerIssuer: 10,
    });
    for (let at = 0; at < 10; at += 1) enter("issuer", `early-${at}`).leave();
    const waiting = Array.from({ length: 600 }, (_, at) => `late-${at}`);
    refused("issuer", ...waiting);
    for (let second = 1; second <= 60; second += 1) {
      await scheduler.advance(1000);
      expect(woken.length).toBeGreaterThanOrEqual(second * 10 - 1);
      expect(woken.length).toBeLessThanOrEqual(second * 10);
    }
    expect(woken).toEqual(waiting.slice(0, woken.length));
  });

  test("a request that comes before a late timer does not overtake those that wait for the rate", () => {
    let now = 0;
    const late = { monotonic: () => now, after: () => () => {} };
    const { enter, refused } = fixture({ maxPerSecondPerIssuer: 1, scheduler: late });
    enter("issuer", "a").leave();
    refused("issuer", "b");
    now += 1500;
    refused("issuer", "c");
  });

  test("a rate that a request did not use is another's", async () => {
    const { slots, enter, refused, woken, scheduler } = fixture({ maxPerSecondPerIssuer: 1 });
    enter("issuer", "a").leave();
    refused("issuer", "b", "c");
    await scheduler.advance(1000);
    expect(woken).toEqual(["b"]);
    await slots.lookAt("b", async () => {});
    expect(woken).toEqual(["b", "c"]);
  });

  describe("an issuer that allows less", () => {
    test("has its own number of slots, and changes it with its spec", () => {
      const { slots, woken } = fixture({ maxConcurrentPerIssuer: 3 });
      const ask = (request: string, maxConcurrentSigns: number) =>
        slots.enter("issuer", request, () => void woken.push(request), { maxConcurrentSigns });
      const first = ask("a", 1);
      expect(ask("b", 1)).toBeUndefined();
      expect(ask("b", 2)).toBeUndefined();
      expect(woken).toEqual(["b"]);
      expect(ask("b", 2)).toBeDefined();
      expect(ask("c", 2)).toBeUndefined();
      first?.leave();
      expect(woken).toEqual(["b", "c"]);
    });

    test("cannot have more than the program lets it", () => {
      const { slots } = fixture({ maxConcurrentPerIssuer: 1, maxPerSecondPerIssuer: 1 });
      const generous = { maxConcurrentSigns: 100, maxSignsPerSecond: 100 };
      const first = slots.enter("issuer", "a", () => {}, generous);
      expect(slots.enter("issuer", "b", () => {}, generous)).toBeUndefined();
      first?.leave();
      expect(slots.enter("issuer", "b", () => {}, generous)).toBeUndefined();
    });

    test("has its own rate, which outlives the quiet", async () => {
      const { slots, woken, scheduler } = fixture();
      const ask = (request: string) =>
        slots.enter("issuer", request, () => void woken.push(request), { maxSignsPerSecond: 1 });
      ask("a")?.leave();
      expect(ask("b")).toBeUndefined();
      await scheduler.advance(1_000);
      expect(woken).toEqual(["b"]);
      ask("b")?.leave();
      expect(ask("c")).toBeUndefined();
    });
  });

  test("a request that names another issuer now waits there only, and holds nothing back at the first", () => {
    const { enter, refused, woken } = fixture({ maxConcurrentPerIssuer: 1 });
    const [a, b] = [enter("first", "a"), enter("second", "b")];
    refused("first", "moves", "stays");
    refused("second", "moves");
    a.leave();
    expect(woken).toEqual(["stays"]);
    b.leave();
    expect(woken).toEqual(["stays", "moves"]);
    enter("third", "moves");
    enter("second", "c");
  });
});
