import fc from "fast-check";
import { expect, test } from "vitest";
import { ManualScheduler } from "../queue/manual-scheduler-fixture.ts";
import { type IssuerSlot, IssuerSlots, slotPatienceMs } from "./issuer-slots.ts";

const issuers = ["i1", "i2", "i3"];
const requests = Array.from({ length: 12 }, (_, at) => `r${at}`);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("ask" as const), request: fc.nat(11) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("leave" as const), at: fc.nat(50) }) },
  // A woken request is looked at, and wants its slot, or does not.
  { weight: 3, arbitrary: fc.record({ do: fc.constant("look" as const), wants: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("move" as const), request: fc.nat(11) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.nat(800) }) },
);
const scenario = fc.record({
  maxConcurrent: fc.integer({ min: 1, max: 4 }),
  maxConcurrentPerIssuer: fc.integer({ min: 1, max: 3 }),
  maxPerSecondPerIssuer: fc.constantFrom(Number.POSITIVE_INFINITY, 2),
  steps: fc.array(step, { maxLength: 80, size: "max" }),
});

test("R14: whatever happens, no limit is passed, no slot is lost, and every request gets its turn", async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ steps, ...limits }) => {
      const scheduler = new ManualScheduler();
      const slots = new IssuerSlots({ ...limits, scheduler });
      const issuerOf = new Map(requests.map((request, at) => [request, issuers[at % 3] ?? "i1"]));
      const woken: string[] = [];
      const inside: { request: string; issuer: string; since: number; slot: IssuerSlot }[] = [];
      const begun = new Map<string, number[]>();
      /** Turned away, and not woken since. */
      const waiting = new Set<string>();

      const ask = (request: string) => {
        const issuer = issuerOf.get(request) ?? "i1";
        if (inside.some((each) => each.request === request)) return;
        const slot = slots.enter(issuer, request, () => {
          expect(waiting.delete(request)).toBe(true);
          woken.push(request);
        });
        if (slot === undefined) waiting.add(request);
        else {
          waiting.delete(request);
          inside.push({ request, issuer, since: scheduler.monotonic(), slot });
          begun.set(issuer, [...(begun.get(issuer) ?? []), scheduler.monotonic()]);
        }
        const ofIssuer = inside.filter((each) => each.issuer === issuer);
        expect(ofIssuer.length).toBeLessThanOrEqual(limits.maxConcurrentPerIssuer);
      };
      const look = (wants: boolean) => {
        const request = woken.shift();
        return request && slots.lookAt(request, async () => void (wants && ask(request)));
      };

      for (const action of steps) {
        if (action.do === "advance") await scheduler.advance(action.ms);
        else if (action.do === "look") await look(action.wants);
        else if (action.do === "leave") inside.splice(action.at % (inside.length || 1), 1)[0]?.slot.leave();
        else {
          const request = requests[action.request] ?? "r0";
          if (action.do === "move") issuerOf.set(request, issuers[(action.request + 1) % 3] ?? "i1");
          else await slots.lookAt(request, async () => ask(request));
        }
        // A slot begins counted unless its issuer is slow, which takes a call that has outlasted the patience.
        const everSlow = scheduler.monotonic() >= slotPatienceMs;
        if (!everSlow) expect(inside.length).toBeLessThanOrEqual(limits.maxConcurrent);
      }

      // Everything that is under way ends; from then on every request that waits must have its turn, in time.
      for (let rounds = 0; waiting.size + woken.length + inside.length > 0; rounds += 1) {
        expect(rounds).toBeLessThan(200);
        while (woken.length > 0) await look(true);
        for (const { slot } of inside.splice(0)) slot.leave();
        if (woken.length === 0 && waiting.size > 0) {
          expect(limits.maxPerSecondPerIssuer).toBe(2);
          await scheduler.advance(500);
        }
      }
      // A full bucket, what runs in meanwhile, and the slots that had been kept.
      const { maxPerSecondPerIssuer: rate, maxConcurrentPerIssuer: kept } = limits;
      for (const times of Number.isFinite(rate) ? begun.values() : []) {
        for (const [first, from] of times.entries()) {
          for (const [later, at] of times.slice(first).entries()) {
            expect(later + 1).toBeLessThanOrEqual(rate + ((at - from) / 1000) * rate + kept);
          }
        }
      }
      await scheduler.advance(2_000);
      expect(scheduler.pending).toBe(0);
      // Nothing is held any more: every place can be taken again.
      const free = Math.min(limits.maxConcurrent, limits.maxConcurrentPerIssuer, 2);
      for (let at = 0; at < free; at += 1) {
        expect(slots.enter("i1", `last-${at}`, () => {})).toBeDefined();
      }
    }),
    { numRuns: 400 },
  );
});

test("R14: while others want places too, an issuer gets no more than its turn", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 2, maxLength: 8 }),
      fc.integer({ min: 1, max: 6 }),
      fc.infiniteStream(fc.nat(1000)),
      (lines, maxConcurrent, chance) => {
        const scheduler = new ManualScheduler();
        const slots = new IssuerSlots({
          maxConcurrent,
          maxConcurrentPerIssuer: 100,
          maxPerSecondPerIssuer: Number.POSITIVE_INFINITY,
          scheduler,
        });
        const running: IssuerSlot[] = [];
        for (let at = 0; at < maxConcurrent; at += 1) {
          const slot = slots.enter("first", `first-${at}`, () => {});
          if (slot !== undefined) running.push(slot);
        }
        const turns: number[] = [];
        const left = [...lines];
        for (const [issuer, count] of lines.entries()) {
          for (let at = 0; at < count; at += 1) {
            const enter = () =>
              slots.enter(`i${issuer}`, `${issuer}-${at}`, () => void woken.push(enter, issuer));
            expect(enter()).toBeUndefined();
          }
        }
        const woken: ((() => IssuerSlot | undefined) | number)[] = [];
        while (running.length > 0) {
          running.splice((chance.next().value ?? 0) % running.length, 1)[0]?.leave();
          const [enter, issuer] = woken.splice(0, 2);
          if (typeof enter !== "function" || typeof issuer !== "number") continue;
          const slot = enter();
          if (slot !== undefined) running.push(slot);
          turns.push(issuer);
          left[issuer] = (left[issuer] ?? 0) - 1;
          // Between two turns of an issuer every other that still waits had one.
          const before = turns.lastIndexOf(issuer, -2);
          if (before < 0) continue;
          const between = new Set(turns.slice(before + 1, -1));
          for (const [other, still] of left.entries()) {
            if (other !== issuer && still > 0) expect(between).toContain(other);
          }
        }
        expect(turns).toHaveLength(lines.reduce((sum, each) => sum + each, 0));
      },
    ),
    { numRuns: 100 },
  );
});
