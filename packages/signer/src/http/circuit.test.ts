import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  admit,
  type CallOutcome,
  type Circuit,
  type CircuitOptions,
  circuitDefaults,
  closedCircuit,
  completeCircuitOptions,
  opensAt,
  settle,
} from "./circuit.ts";

const options: CircuitOptions = circuitDefaults;

/** One circuit with its clock, driven by hand. */
class Rig {
  now = 0;
  circuit: Circuit = closedCircuit;
  random = 0;

  start(): number | undefined {
    const admitted = admit(this.circuit, this.now, options);
    if (admitted === undefined) return undefined;
    this.circuit = admitted;
    return admitted.epoch;
  }

  end(epoch: number, outcome: CallOutcome): void {
    const { now, random } = this;
    this.circuit = settle(this.circuit, { epoch, outcome, now, random, options });
  }

  call(kind: CallOutcome["kind"], retryAfterMs?: number): boolean {
    const epoch = this.start();
    if (epoch !== undefined) this.end(epoch, kind === "failure" ? { kind, retryAfterMs } : { kind });
    return epoch !== undefined;
  }

  /** Fails until it opens. */
  trip(): void {
    while (this.circuit.status === "closed") this.call("failure");
  }
}

describe("circuit", () => {
  test("opens after the threshold of failures in a row, and no earlier", () => {
    const rig = new Rig();
    for (let i = 0; i < 4; i += 1) rig.call("failure");
    rig.call("success");
    for (let i = 0; i < 4; i += 1) rig.call("failure");
    expect(rig.circuit.status).toBe("closed");
    rig.call("failure");
    expect(rig.circuit.status).toBe("open");
    expect(rig.call("success")).toBe(false);
  });

  test("opens at the ratio of failures, once there are enough calls", () => {
    const rig = new Rig();
    for (let i = 0; i < 4; i += 1) {
      rig.call("success");
      rig.call("failure");
    }
    rig.call("success");
    expect(rig.circuit.status).toBe("closed");
    rig.call("failure");
    expect(rig.circuit.status).toBe("open");
  });

  test("forgets outcomes beyond its window", () => {
    const rig = new Rig();
    for (let i = 0; i < 30; i += 1) rig.call(i < 9 && i % 2 === 0 ? "failure" : "success");
    for (let i = 0; i < 4; i += 1) {
      rig.call("success");
      rig.call("failure");
    }
    expect(rig.circuit.status).toBe("closed");
  });

  test("lets one probe through after the cool-down, and closes when it succeeds", () => {
    const rig = new Rig();
    rig.trip();
    rig.now = 9_999;
    expect(rig.start()).toBeUndefined();
    rig.now = 10_000;
    const probe = rig.start();
    expect(rig.circuit.status).toBe("half-open");
    expect(rig.start()).toBeUndefined();
    rig.end(probe ?? -1, { kind: "success" });
    expect(rig.circuit).toMatchObject({ status: "closed", failures: 0, trips: 0, recent: [] });
    expect(rig.start()).toBeDefined();
  });

  test("cools down longer after each probe that fails, up to a limit, with jitter on top", () => {
    const rig = new Rig();
    rig.random = 0.5;
    rig.trip();
    const waits: number[] = [];
    for (let i = 0; i < 5; i += 1) {
      waits.push(opensAt(rig.circuit) - rig.now);
      rig.now = opensAt(rig.circuit);
      rig.call("failure");
    }
    expect(waits).toEqual([11_000, 22_000, 33_000, 33_000, 33_000]);
  });

  test("lets the next probe through at once when one was abandoned, and after a while when one is lost", () => {
    const rig = new Rig();
    rig.trip();
    rig.now = opensAt(rig.circuit);
    rig.call("abandoned");
    expect(rig.circuit.status).toBe("open");
    const lost = rig.start();
    expect(lost).toBeDefined();
    rig.now += options.probeTimeoutMs - 1;
    expect(rig.start()).toBeUndefined();
    rig.now += 1;
    const next = rig.start();
    expect(next).toBeDefined();
    rig.end(lost ?? -1, { kind: "failure" });
    expect(rig.circuit.status).toBe("half-open");
    rig.end(next ?? -1, { kind: "success" });
    expect(rig.circuit.status).toBe("closed");
  });

  test("does not let calls of an earlier epoch speak for the present one", () => {
    const rig = new Rig();
    const old = rig.start() ?? -1;
    rig.trip();
    rig.end(old, { kind: "success" });
    expect(rig.circuit.status).toBe("open");
    rig.now = opensAt(rig.circuit);
    rig.call("success");
    for (let i = 0; i < 10; i += 1) rig.end(old, { kind: "failure" });
    expect(rig.circuit.status).toBe("closed");
  });

  test("hears Retry-After also from calls of an earlier epoch, and does not forget it when it closes", () => {
    const rig = new Rig();
    const old = rig.start() ?? -1;
    rig.trip();
    rig.now = opensAt(rig.circuit);
    const probe = rig.start() ?? -1;
    rig.end(old, { kind: "failure", retryAfterMs: 60_000 });
    rig.end(probe, { kind: "success" });
    expect(rig.circuit.status).toBe("closed");
    expect(opensAt(rig.circuit)).toBe(rig.now + 60_000);
    expect(rig.start()).toBeUndefined();
  });

  test("rests for as long as the endpoint asked, in every status", () => {
    const rig = new Rig();
    rig.call("failure", 60_000);
    expect(rig.circuit.status).toBe("closed");
    rig.now = 59_999;
    expect(rig.call("success")).toBe(false);
    rig.now = 60_000;
    expect(rig.call("success")).toBe(true);
    rig.trip();
    rig.now = opensAt(rig.circuit);
    rig.call("failure", 600_000);
    expect(opensAt(rig.circuit)).toBe(rig.now + 600_000);
  });

  test("holds its promises over random walks", () => {
    const outcome = fc.oneof(
      fc.constant<CallOutcome>({ kind: "success" }),
      fc.constant<CallOutcome>({ kind: "abandoned" }),
      fc.record({
        kind: fc.constant("failure" as const),
        retryAfterMs: fc.option(fc.integer({ min: 1, max: 50_000 }), { nil: undefined, freq: 4 }),
      }),
    );
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ do: fc.constant("start" as const) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant("end" as const), at: fc.nat(20), outcome }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.nat(40_000) }) },
    );
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 120 }),
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        (steps, random) => {
          const rig = new Rig();
          rig.random = random;
          const running: { readonly epoch: number; readonly since: number; readonly isProbe: boolean }[] = [];
          let restUntil = 0;
          let openedAt = Number.NEGATIVE_INFINITY;
          let inARow = 0;
          for (const action of steps) {
            const before = rig.circuit;
            if (action.do === "wait") rig.now += action.ms;
            else if (action.do === "start") {
              const epoch = rig.start();
              if (epoch === undefined) continue;
              const isProbe = rig.circuit.status === "half-open";
              expect(rig.now).toBeGreaterThanOrEqual(restUntil);
              if (isProbe) {
                const live = running.filter(
                  (call) => call.isProbe && rig.now < call.since + options.probeTimeoutMs,
                );
                expect(live).toEqual([]);
              }
              running.push({ epoch, since: rig.now, isProbe });
            } else {
              const [call] = running.splice(action.at % Math.max(1, running.length), 1);
              if (call === undefined) continue;
              rig.end(call.epoch, action.outcome);
              const { outcome: ended } = action;
              if (ended.kind === "failure")
                restUntil = Math.max(restUntil, rig.now + (ended.retryAfterMs ?? 0));
              if (before.status === "closed" && call.epoch === before.epoch) {
                if (ended.kind === "success") inARow = 0;
                if (ended.kind === "failure") inARow += 1;
                if (inARow >= options.failureThreshold) expect(rig.circuit.status).toBe("open");
              }
            }
            if (rig.circuit.status !== before.status) inARow = 0;
            if (rig.circuit.status === "open" && before.status === "closed") {
              openedAt = rig.now;
              expect(rig.circuit.until).toBeGreaterThanOrEqual(openedAt + options.coolDownMs);
            }
            const longest = options.maxCoolDownMs * (1 + options.jitter);
            expect(rig.circuit.status === "open" ? rig.circuit.until - rig.now : 0).toBeLessThanOrEqual(
              longest,
            );
            expect(rig.circuit.recent.length).toBeLessThanOrEqual(options.windowCalls);
          }
          // From wherever the walk ended, waiting and one success bring it back.
          rig.now = Math.max(rig.now, opensAt(rig.circuit));
          expect(rig.call("success")).toBe(true);
          expect(rig.circuit.status).toBe("closed");
          expect(rig.start()).toBeDefined();
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test.each([{ failureThreshold: 0 }, { coolDownMs: Number.NaN }, { jitter: -1 }])("refuses %j", (wrong) => {
    expect(() => completeCircuitOptions(wrong)).toThrow(/`circuit\.\w+`/);
  });

  test("takes no jitter", () => {
    expect(completeCircuitOptions({ jitter: 0 })).toEqual({ ...circuitDefaults, jitter: 0 });
  });
});
