import {
  cannotTell,
  IssuerError,
  issued,
  pending,
  RetryableError,
  type Signer,
} from "@countersign/issuer-signer";
import { describe, expect, test } from "vitest";
import { fakeCa } from "../fake-ca-fixture.ts";
import { newCsr, startService } from "./sign-server-fixture.ts";

/** Nothing is claimed of the time: a loaded machine takes it. */
const patience = { timeout: 10_000 };

const keyed = (key = "order-1", caller = "blue") => ({ "idempotency-key": key, "x-caller": caller });

describe("a repeat", () => {
  test("with the same key is answered with the same certificate, and the signer is called once", async () => {
    await using service = await startService();
    const csr = await newCsr();
    const replies = await Promise.all([1, 2, 3].map(() => service.post({ csr }, keyed())));
    replies.push(await service.post({ csr }, keyed()));
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(new Set(replies.map(({ json }) => json.certificate)).size).toBe(1);
    expect(service.signed).toHaveLength(1);
    expect(new Set(service.decisions.map(({ serial }) => serial)).size).toBe(1);
  });

  test("with the same key and another CSR is refused", async () => {
    await using service = await startService();
    await service.post({ csr: await newCsr() }, keyed());
    const other = await service.post({ csr: await newCsr() }, keyed());
    expect(other).toMatchObject({ status: 422, json: { error: { code: "idempotency_key_reused" } } });
    const csr = await newCsr();
    await service.post({ csr }, keyed("order-2"));
    expect((await service.post({ csr, durationSeconds: 3600 }, keyed("order-2"))).status).toBe(422);
    expect(service.signed).toHaveLength(2);
  });

  test("of another caller with the same key is another request", async () => {
    await using service = await startService();
    const csr = await newCsr();
    const [blue, red] = [
      await service.post({ csr }, keyed()),
      await service.post({ csr }, keyed("order-1", "red")),
    ];
    expect(blue.json.certificate).not.toBe(red.json.certificate);
    expect(new Set(service.signed.map(({ attemptId }) => attemptId)).size).toBe(2);
  });

  test("without a key joins the one under way, and is a new one a while later", async () => {
    await using service = await startService({ limits: { repeatForMs: 1_500 } });
    const csr = await newCsr();
    const replies = await Promise.all([1, 2, 3].map(() => service.post({ csr })));
    expect(new Set(replies.map(({ json }) => json.certificate)).size).toBe(1);
    expect(service.signed).toHaveLength(1);
    await new Promise((resolve) => setTimeout(resolve, 1_600));
    await service.post({ csr });
    expect(service.signed).toHaveLength(2);
  });

  test("has the same attempt id in another process, if it has a key", async () => {
    await using first = await startService();
    await using second = await startService();
    const csr = await newCsr();
    for (const service of [first, second]) await service.post({ csr }, keyed());
    for (const service of [first, second]) await service.post({ csr }, { "x-caller": "red" });
    const [[keyedOne, freeOne], [keyedTwo, freeTwo]] = [first, second].map(({ signed }) =>
      signed.map(({ attemptId }) => attemptId),
    ) as [string[], string[]];
    expect(keyedOne).toBe(keyedTwo);
    expect(freeOne).not.toBe(freeTwo);
    expect(keyedOne).toMatch(/^[0-9a-f]{36}$/);
  });

  test.each(["", " ", "a b", "ä", "x".repeat(256)])("with the key %j is refused", async (key) => {
    await using service = await startService();
    const headers = { "idempotency-key": Buffer.from(key).toString("latin1") };
    const reply = await service.post({ csr: await newCsr() }, headers);
    expect(reply).toMatchObject({ status: 400, json: { error: { code: "malformed_request" } } });
    expect(service.signed).toEqual([]);
  });

  test("is remembered for no more requests than may be, the oldest forgotten", async () => {
    await using service = await startService({ limits: { maxRemembered: 10 } });
    const csr = await newCsr();
    for (let at = 0; at < 30; at += 1) await service.post({ csr }, keyed(`order-${at}`));
    await service.post({ csr }, keyed("order-29"));
    expect(service.signed).toHaveLength(30);
    await service.post({ csr }, keyed("order-0"));
    expect(service.signed).toHaveLength(31);
  });
});

describe("after trouble", () => {
  /** Fails the first call with the error, then signs; `find` answers as told. */
  async function troubled(error: unknown, find?: Signer<unknown>["find"]) {
    const ca = await fakeCa();
    let calls = 0;
    const sign: Signer<unknown>["sign"] = async (request, context) => {
      calls += 1;
      if (calls === 1) throw error;
      return ca.signer.sign(request, context as never);
    };
    return startService({ signer: { sign, ...(find && { find }) }, limits: { settleMs: 100 } });
  }

  test("what may have been issued is looked for, and found", async () => {
    const found: string[] = [];
    const ca = await fakeCa();
    await using service = await troubled(new RetryableError("reset"), async (request, context) => {
      found.push(context.attemptId);
      return found.length === 1 ? undefined : ca.signer.sign(request, context as never);
    });
    const csr = await newCsr();
    expect((await service.post({ csr }, keyed())).status).toBe(503);
    const started = performance.now();
    expect((await service.post({ csr }, keyed())).status).toBe(200);
    // The call that was lost may end a little later.
    expect(performance.now() - started).toBeGreaterThan(80);
    expect(service.signed).toHaveLength(1);
    expect(new Set(found).size).toBe(1);
  });

  test("a key that comes just after a start waits for calls of the process before, where they can be looked up", async () => {
    const ca = await fakeCa();
    const find: Signer<unknown>["find"] = async (request, context) =>
      ca.signer.sign(request, context as never);
    const limits = { settleMs: 300 };
    await using looking = await startService({ signer: { find }, limits });
    const started = performance.now();
    expect((await looking.post({ csr: await newCsr() }, keyed())).status).toBe(200);
    expect(performance.now() - started).toBeGreaterThan(200);
    expect(looking.signed).toEqual([]);
    await using idempotent = await startService({ signer: { find, idempotent: true }, limits });
    expect((await idempotent.post({ csr: await newCsr() }, keyed())).status).toBe(200);
    expect(idempotent.signed).toHaveLength(1);
  });

  test("nobody can tell: the possible duplicate has an audit line, without a key too", async () => {
    await using service = await troubled(new RetryableError("reset"), async () =>
      cannotTell("the log is gone"),
    );
    const csr = await newCsr();
    expect((await service.post({ csr })).status).toBe(503);
    expect((await service.post({ csr })).status).toBe(200);
    expect(service.decisions.map(({ decision }) => decision)).toEqual([
      "failed",
      "possible-duplicate",
      "issued",
    ]);
    expect(service.decisions[1]?.message).toContain("the log is gone");
  });

  test("what certainly issued nothing is no duplicate", async () => {
    for (const error of [
      new RetryableError("down", { issuedNothing: true }),
      new IssuerError("The CA is offline."),
    ]) {
      await using service = await troubled(error);
      const csr = await newCsr();
      await service.post({ csr }, keyed());
      expect((await service.post({ csr }, keyed())).status).toBe(200);
      expect(service.decisions.map(({ decision }) => decision)).toEqual(["failed", "issued"]);
    }
  });

  test("a client that hangs up gets what was issued when it asks again", async () => {
    const ca = await fakeCa();
    const { promise: go, resolve } = Promise.withResolvers<void>();
    const sign: Signer<unknown>["sign"] = async (request, context) => {
      await go;
      return ca.signer.sign(request, context as never);
    };
    await using service = await startService({ signer: { sign } });
    const body = JSON.stringify({ csr: await newCsr() });
    const abort = new AbortController();
    const call = fetch(`${service.url}/sign`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
      signal: abort.signal,
    });
    await expect.poll(() => service.signed.length, patience).toBe(1);
    abort.abort();
    await expect(call).rejects.toThrow();
    resolve();
    expect((await service.post(body)).status).toBe(200);
    expect(service.signed).toHaveLength(1);
  });
});

describe("a PKI that issues later", () => {
  /** Pending for so many looks, then signs. */
  async function slow(looks: number, retryAfterMs = 10) {
    const ca = await fakeCa();
    const operations: unknown[] = [];
    const sign: Signer<unknown>["sign"] = async (request, context) => {
      operations.push(context.operation);
      if (operations.length <= looks)
        return pending({
          operation: { look: operations.length },
          retryAfterMs,
          message: "Waits for approval.",
        });
      const outcome = await ca.signer.sign(request, context as never);
      return outcome.status === "issued" ? issued(outcome) : outcome;
    };
    return { service: await startService({ signer: { sign } }), operations };
  }

  test("is a 202 with where to ask, and the certificate there at last", async () => {
    const { service, operations } = await slow(2);
    await using _ = service;
    const first = await service.post({ csr: await newCsr() });
    expect(first).toMatchObject({ status: 202, json: { status: "pending", message: "Waits for approval." } });
    expect(first.headers.get("retry-after")).toBe("1");
    const location = first.headers.get("location") ?? "";
    expect(location).toMatch(/^\/sign\/[0-9a-f]{36}$/);
    await expect
      .poll(() => service.get(location), { ...patience, interval: 20 })
      .toMatchObject({ status: 200 });
    expect(operations).toEqual([undefined, { look: 1 }, { look: 2 }]);
    expect((await service.get(location, { "x-caller": "mallory" })).status).toBe(404);
    expect(service.decisions[0]).toMatchObject({
      decision: "pending",
      status: 202,
      message: "Waits for approval.",
    });
  });

  test("may be asked by the same POST, and is not asked more often than it wants", async () => {
    const { service, operations } = await slow(1, 2_000);
    await using _ = service;
    const csr = await newCsr();
    for (let at = 0; at < 5; at += 1) expect((await service.post({ csr }, keyed())).status).toBe(202);
    expect(operations).toHaveLength(1);
    await expect.poll(() => service.post({ csr }, keyed()), patience).toMatchObject({ status: 200 });
    expect(operations).toHaveLength(2);
  });
});

describe("too many at once", () => {
  test("wait in turn, then are told when to come again: one caller 429, all 503", async () => {
    const ca = await fakeCa();
    const { promise: go, resolve } = Promise.withResolvers<void>();
    let [running, most] = [0, 0];
    const sign: Signer<unknown>["sign"] = async (request, context) => {
      running += 1;
      most = Math.max(most, running);
      await go;
      running -= 1;
      return ca.signer.sign(request, context as never);
    };
    await using service = await startService({
      signer: { sign },
      limits: { maxConcurrent: 3, maxConcurrentPerCaller: 2, maxWaiting: 3 },
    });
    const post = async (caller: string) => service.post({ csr: await newCsr() }, { "x-caller": caller });
    const early: Promise<unknown>[] = [];
    for (const [at, caller] of ["blue", "blue", "blue", "blue", "red", "red"].entries()) {
      early.push(post(caller));
      await expect.poll(() => service.signed.length, patience).toBe([1, 2, 2, 2, 3, 3][at]);
    }
    await new Promise((done) => setTimeout(done, 50));
    const [blue, green] = [await post("blue"), await post("green")];
    expect(blue).toMatchObject({
      status: 429,
      json: { error: { code: "too_many_requests", issuedNothing: true } },
    });
    expect(green).toMatchObject({
      status: 503,
      json: { error: { code: "overloaded", issuedNothing: true } },
    });
    expect(blue.headers.get("retry-after")).toBe("1");
    resolve();
    for (const reply of await Promise.all(early)) expect(reply).toMatchObject({ status: 200 });
    expect(most).toBe(3);
  });
});

describe("stop", () => {
  test("lets calls end, answers them, and takes no connection any more", async () => {
    const ca = await fakeCa();
    const { promise: go, resolve } = Promise.withResolvers<void>();
    const sign: Signer<unknown>["sign"] = async (request, context) => {
      await go;
      return ca.signer.sign(request, context as never);
    };
    await using service = await startService({ signer: { sign } });
    const call = service.post({ csr: await newCsr() });
    await expect.poll(() => service.signed.length, patience).toBe(1);
    const stopped = service.server.stop(5_000);
    await expect(service.post({ csr: await newCsr() })).rejects.toThrow();
    resolve();
    const reply = await call;
    expect(reply.status).toBe(200);
    expect(reply.headers.get("connection")).toBe("close");
    await stopped;
  });

  test("ends calls that take too long with a 503", async () => {
    const sign: Signer<unknown>["sign"] = (_, { signal }) =>
      new Promise((__, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    await using service = await startService({ signer: { sign } });
    const call = service.post({ csr: await newCsr() });
    await expect.poll(() => service.signed.length, patience).toBe(1);
    await service.server.stop(50);
    expect(await call).toMatchObject({ status: 503, json: { error: { code: "overloaded" } } });
  });
});
