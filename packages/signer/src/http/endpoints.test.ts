import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { IssuerError, RequestRejected, RetryableError } from "../errors.ts";
import { type CircuitChange, Endpoints, type EndpointsOptions } from "./endpoints.ts";
import { HttpClient } from "./http-client.ts";
import { requestWasSent } from "./http-failure.ts";
import { closedPort, failureOf, ServerFixture } from "./server-fixture.ts";

const urls = ["https://a", "https://b", "https://c"];

/** Endpoints on a clock that the test moves. */
function rig(options: Partial<EndpointsOptions> = {}) {
  const clock = { at: 0, monotonic: () => clock.at };
  const endpoints = new Endpoints({ urls, clock, random: () => 0, ...options });
  const asked: string[] = [];
  /** Calls with one outcome per URL: an error to throw, or success. */
  const call = (errors: Readonly<Record<string, unknown>> = {}, callOptions = {}) => {
    asked.length = 0;
    return endpoints.call(async (url) => {
      asked.push(url);
      const error = errors[url];
      if (error !== undefined) throw error;
      return url;
    }, callOptions);
  };
  return { clock, endpoints, asked, call };
}

const unsent = () =>
  Object.assign(new RetryableError("refused", { issuedNothing: true }), { requestSent: false });
const sent = () => Object.assign(new RetryableError("reset"), { requestSent: true });
const badTls = () => Object.assign(new IssuerError("expired certificate"), { requestSent: false });

describe("Endpoints", () => {
  test("begins with the first and stays with what worked", async () => {
    const { call, asked } = rig();
    expect(await call()).toBe("https://a");
    expect(await call({ "https://a": unsent() })).toBe("https://b");
    expect(asked).toEqual(["https://a", "https://b"]);
    expect(await call()).toBe("https://b");
    expect(await call({ "https://b": unsent(), "https://c": unsent() })).toBe("https://a");
    expect(asked).toEqual(["https://b", "https://c", "https://a"]);
  });

  test.each<[string, () => unknown, object, boolean]>([
    ["a connection that failed", unsent, {}, true],
    ["a server certificate that is not trusted", badTls, {}, true],
    ["a 429, which did nothing", () => new RetryableError("429", { issuedNothing: true }), {}, true],
    ["a reset of an idempotent call", sent, { idempotent: true }, true],
    ["a 503 of an idempotent call", () => new RetryableError("503"), { idempotent: true }, true],
    ["a reset of a call that may have issued", sent, {}, false],
    ["a 503 of a call that may have issued", () => new RetryableError("503"), {}, false],
    ["a refusal", () => new RequestRejected("no"), { idempotent: true }, false],
    ["refused credentials", () => new IssuerError("401"), { idempotent: true }, false],
    ["a bug", () => new TypeError("undefined"), { idempotent: true }, false],
  ])("after %s: goes on, or not", async (_, error, options, goesOn) => {
    const { call, asked } = rig();
    const thrown = error();
    const result = await call({ "https://a": thrown }, options).catch((caught: unknown) => caught);
    expect(result).toBe(goesOn ? "https://b" : thrown);
    expect(asked).toHaveLength(goesOn ? 2 : 1);
  });

  test("begins the next call elsewhere after a failure that could not be repeated", async () => {
    const { call, asked } = rig();
    await failureOf(call({ "https://a": sent() }));
    await call();
    expect(asked).toEqual(["https://b"]);
    await failureOf(call({ "https://b": new RequestRejected("no") }));
    await call();
    expect(asked).toEqual(["https://b"]);
  });

  test("tells of each endpoint's state at first and when it changes, by host and port", async () => {
    const told: CircuitChange[] = [];
    const { call, clock } = rig({
      urls: ["https://a/v1", "https://b:8443"],
      circuit: { failureThreshold: 1 },
      onChange: (change) => {
        told.push(change);
        throw new Error("a metric that breaks");
      },
    });
    const since = () => told.splice(0).map(({ endpoint, state }) => `${endpoint} ${state}`);
    expect(since()).toEqual(["a closed", "b:8443 closed"]);
    expect(await call({ "https://a/v1": unsent() })).toBe("https://b:8443");
    expect(since()).toEqual(["a open"]);
    await call();
    expect(since()).toEqual([]);
    clock.at += 12_000;
    await failureOf(call({ "https://b:8443": unsent(), "https://a/v1": unsent() }));
    expect(since()).toEqual(["b:8443 open", "a half-open", "a open"]);
    clock.at += 24_000;
    await call();
    expect(since()).toEqual(["b:8443 half-open", "b:8443 closed"]);
  });

  test("spares an endpoint whose circuit is open, and probes it once after the cool-down", async () => {
    const { call, asked, endpoints, clock } = rig({ urls: ["https://a"] });
    for (let i = 0; i < 5; i += 1) await failureOf(call({ "https://a": unsent() }));
    expect(endpoints.states()).toEqual([
      { url: "https://a", status: "open", waitMs: 10_000, isCurrent: true },
    ]);
    const error = await failureOf(call());
    expect(asked).toEqual([]);
    expect(error).toMatchObject({ code: "RETRYABLE", retryAfterMs: 10_000, issuedNothing: true });
    expect(error.message).toBe("The PKI's endpoint is unavailable. Last error: refused");
    expect(requestWasSent(error)).toBe(false);
    clock.at = 10_000;
    let end = (_: string) => {};
    const probe = endpoints.call(() => new Promise<string>((done) => (end = done)));
    const others = await Promise.all(Array.from({ length: 20 }, () => failureOf(call())));
    expect(asked).toEqual([]);
    expect(others[0]).toMatchObject({ retryAfterMs: 1_000 });
    expect(endpoints.states()).toMatchObject([{ status: "half-open", waitMs: 1_000 }]);
    end("ok");
    expect(await probe).toBe("ok");
    expect(endpoints.states()).toMatchObject([{ status: "closed", waitMs: 0 }]);
    expect(await call()).toBe("https://a");
  });

  test("does not ask an endpoint again before its Retry-After, and says when the soonest may be asked", async () => {
    const { call, asked, clock } = rig();
    const busy = (seconds: number) =>
      new RetryableError("429", { retryAfterMs: seconds * 1000, issuedNothing: true });
    const error = await failureOf(
      call({ "https://a": busy(90), "https://b": busy(30), "https://c": busy(60) }),
    );
    expect(error).toMatchObject({ code: "RETRYABLE", retryAfterMs: 30_000 });
    expect(error.message).toBe("All endpoints of the PKI are unavailable. Last error: 429");
    clock.at = 29_999;
    expect(await failureOf(call())).toMatchObject({ retryAfterMs: 1 });
    expect(asked).toEqual([]);
    clock.at = 30_000;
    expect(await call()).toBe("https://b");
    expect(asked).toEqual(["https://b"]);
  });

  test("stays with what works also when an endpoint before it is back", async () => {
    const { call, asked, clock } = rig({ urls: ["https://a", "https://b"] });
    const busy = new RetryableError("429", { retryAfterMs: 60_000, issuedNothing: true });
    await failureOf(call({ "https://a": busy, "https://b": unsent() }));
    expect(await call()).toBe("https://b");
    clock.at = 60_000;
    expect(await call()).toBe("https://b");
    expect(asked).toEqual(["https://b"]);
  });

  test("throws the issuer's fault where every endpoint has one, and is retryable where one may recover", async () => {
    const { call } = rig();
    const all = Object.fromEntries(urls.map((url) => [url, badTls()]));
    expect(await failureOf(call(all))).toMatchObject({ code: "ISSUER", message: "expired certificate" });
    const one = await failureOf(call({ ...all, "https://b": unsent() }));
    expect(one).toMatchObject({ code: "RETRYABLE", issuedNothing: true });
    expect(requestWasSent(one)).toBe(false);
    const busy = new RetryableError("429", { retryAfterMs: 60_000, issuedNothing: true });
    await failureOf(call({ ...all, "https://b": busy }));
    expect(await failureOf(call(all))).toMatchObject({ code: "RETRYABLE" });
  });

  test("says that something may have been issued where a repeatable call was sent", async () => {
    const { call } = rig();
    const errors = { "https://a": unsent(), "https://b": sent(), "https://c": unsent() };
    const error = await failureOf(call(errors, { idempotent: true }));
    expect(error).toMatchObject({ code: "RETRYABLE", issuedNothing: false });
    expect(requestWasSent(error)).toBe(true);
  });

  test("takes a caller's abort for nothing that the endpoint did", async () => {
    const { endpoints, call, asked } = rig({ urls: ["https://a", "https://b"] });
    for (let i = 0; i < 10; i += 1) {
      const abort = new AbortController();
      const reason = new Error("stop");
      const options = { idempotent: true, signal: abort.signal };
      const error = unsent();
      const ended = endpoints.call(async () => {
        abort.abort(reason);
        throw error;
      }, options);
      expect(await failureOf(ended)).toBe(error);
      expect(await failureOf(call({}, options))).toBe(reason);
      expect(asked).toEqual([]);
    }
    expect(endpoints.states()).toMatchObject([{ status: "closed", isCurrent: true }, { status: "closed" }]);
  });

  test("gives an abandoned probe's place to the next call", async () => {
    const { endpoints, call, clock } = rig({ urls: ["https://a"] });
    for (let i = 0; i < 5; i += 1) await failureOf(call({ "https://a": unsent() }));
    clock.at = 10_000;
    const abort = new AbortController();
    await failureOf(
      endpoints.call(
        async () => {
          abort.abort(new Error("stop"));
          throw abort.signal.reason;
        },
        { signal: abort.signal },
      ),
    );
    expect(await call()).toBe("https://a");
  });

  test.each<[readonly string[], RegExp]>([
    [[], /no URL/],
    [["https://a", "https://a"], /twice/],
  ])("refuses the URLs %j as the issuer's fault", (wrong, words) => {
    expect(() => new Endpoints({ urls: wrong })).toThrow(IssuerError);
    expect(() => new Endpoints({ urls: wrong })).toThrow(words);
  });

  test("never sends a call twice that is not idempotent, nor to an endpoint that rests, whatever happens", async () => {
    const outcome = fc.constantFrom("ok", "unsent", "sent", "busy", "rejected", "tls");
    const walk = fc.array(
      fc.record({
        outcomes: fc.array(outcome, { minLength: 3, maxLength: 3 }),
        idempotent: fc.boolean(),
        ms: fc.nat(20_000),
      }),
      { maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(walk, async (steps) => {
        const { endpoints, clock } = rig();
        const restUntil = new Map<string, number>();
        for (const { outcomes, idempotent, ms } of steps) {
          clock.at += ms;
          const reached: string[] = [];
          const seen: string[] = [];
          const made = endpoints.call(
            async (url) => {
              const result = outcomes[urls.indexOf(url)];
              expect(clock.at).toBeGreaterThanOrEqual(restUntil.get(url) ?? 0);
              seen.push(url);
              if (result === "unsent") throw unsent();
              if (result === "tls") throw badTls();
              if (result === "busy") {
                restUntil.set(url, clock.at + 15_000);
                throw new RetryableError("busy", { retryAfterMs: 15_000, issuedNothing: true });
              }
              reached.push(url);
              if (result === "sent") throw sent();
              if (result === "rejected") throw new RequestRejected("no");
              return url;
            },
            { idempotent },
          );
          const ended = await made.catch((error: unknown) => error);
          if (!idempotent) expect(reached.length).toBeLessThanOrEqual(1);
          expect(new Set(seen).size).toBe(seen.length);
          if (ended instanceof RetryableError && seen.length === 0)
            expect(ended.retryAfterMs).toBeGreaterThan(0);
          expect(endpoints.states().filter(({ isCurrent }) => isCurrent)).toHaveLength(1);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("with the HTTP client: a POST moves on from a dead server and from one that is busy, and not from one that hangs", async () => {
    const orders: string[] = [];
    await using good = await ServerFixture.http((_, response) => {
      orders.push("good");
      response.end('{"id":1}');
    });
    await using busy = await ServerFixture.http((_, response) => {
      orders.push("busy");
      response.writeHead(429, { "retry-after": "60" }).end();
    });
    await using hung = await ServerFixture.http(() => void orders.push("hung"));
    using http = new HttpClient({ headersTimeoutMs: 500 });
    const order = (endpoints: Endpoints) => endpoints.call((url) => http.post(`${url}/orders`, { json: {} }));
    const endpoints = new Endpoints({ urls: [`http://127.0.0.1:${await closedPort()}`, busy.url, good.url] });
    expect(await order(endpoints)).toEqual({ id: 1 });
    expect(orders).toEqual(["busy", "good"]);
    expect(endpoints.states()[1]?.waitMs).toBeGreaterThan(50_000);
    expect(await failureOf(order(new Endpoints({ urls: [hung.url, good.url] })))).toMatchObject({
      failure: "headers-timeout",
    });
    expect(orders).toEqual(["busy", "good", "hung"]);
  });
});
