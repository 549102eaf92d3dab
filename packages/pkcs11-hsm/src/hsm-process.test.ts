import { performance } from "node:perf_hooks";
import { afterEach, describe, expect, test } from "vitest";
import { HsmProcess } from "./hsm-process.ts";

const processes: HsmProcess[] = [];
afterEach(async () => {
  await Promise.all(processes.splice(0).map((one) => one.close()));
});

function moduleProcess(options: { callTimeoutMs?: number; sessions?: number } = {}): HsmProcess {
  const { callTimeoutMs = 5_000, sessions = 2 } = options;
  const one = new HsmProcess({
    request: {
      modulePath: "/fake",
      moduleParameters: undefined,
      token: {},
      key: {},
      pin: "1234",
      algorithm: undefined,
      pss: false,
      sessions,
    },
    env: undefined,
    callTimeoutMs,
    script: new URL("./module-process-fixture.ts", import.meta.url),
  });
  processes.push(one);
  return one;
}

const ask = (word: string, ms = 0) => Buffer.from([word.charCodeAt(0), ms]);

describe("HsmProcess", () => {
  test("signs by message, with many calls at once", async () => {
    const one = moduleProcess();
    await one.open();
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => one.sign(ask("s", i % 3))));
    expect(answers.map((answer) => answer[1])).toEqual(Array.from({ length: 100 }, (_, i) => i % 3));
  });

  test("a crash of the module fails its calls as unavailable, and the next call finds a new process", async () => {
    const one = moduleProcess();
    await one.open();
    const { pid } = one;
    const slow = one.sign(ask("s", 200));
    await Promise.all(
      [one.sign(ask("c")), slow].map((call) =>
        expect(call).rejects.toMatchObject({
          kind: "unavailable",
          message: "the process of the PKCS#11 module ended with SIGSEGV",
        }),
      ),
    );
    await one.open();
    expect(Buffer.from(await one.sign(ask("s")))).toEqual(ask("s"));
    expect(one.pid).not.toBe(pid);
  });

  test.each([
    ["hangs", "h"],
    ["blocks its thread", "b"],
  ])("a module that %s is killed at the deadline while our event loop runs on", async (_, word) => {
    const one = moduleProcess({ callTimeoutMs: 300 });
    await one.open();
    let beats = 0;
    const beat = setInterval(() => {
      beats += 1;
    }, 10);
    const started = performance.now();
    await expect(one.sign(ask(word))).rejects.toMatchObject({
      kind: "unavailable",
      message: "the PKCS#11 module did not answer within 0.3 s, so its process was killed",
    });
    clearInterval(beat);
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(beats).toBeGreaterThan(10);
    await one.open();
    expect(Buffer.from(await one.sign(ask("s")))).toEqual(ask("s"));
  });

  test("waiting for a turn does not count against the deadline of a call", async () => {
    const one = moduleProcess({ callTimeoutMs: 400, sessions: 1 });
    await one.open();
    const calls = Array.from({ length: 24 }, () => one.sign(ask("s", 60)));
    await expect(Promise.all(calls)).resolves.toHaveLength(24);
  });

  test("what was given up while it waited is not signed", async () => {
    const one = moduleProcess({ sessions: 1 });
    await one.open();
    const running = [one.sign(ask("s", 100)), one.sign(ask("s", 100))];
    const waiting = one.sign(ask("s"), AbortSignal.timeout(20));
    await expect(waiting).rejects.toThrow(/timeout/);
    await Promise.all(running);
  });

  test("close lets a running signature end, and starts nothing afterwards", async () => {
    const one = moduleProcess();
    await one.open();
    const running = one.sign(ask("s", 100));
    await one.close();
    await expect(running).resolves.toBeDefined();
    expect(one.pid).toBeUndefined();
    await expect(one.sign(ask("s"))).rejects.toMatchObject({ message: "the issuer is being stopped" });
  });

  test("close does not wait for a module that hangs", async () => {
    const one = moduleProcess();
    await one.open();
    const hanging = expect(one.sign(ask("b"))).rejects.toMatchObject({ kind: "unavailable" });
    const started = performance.now();
    await one.close();
    await hanging;
    expect(performance.now() - started).toBeLessThan(4_000);
  });
});
