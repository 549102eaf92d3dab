import type { RequestListener } from "node:http";
import { describe, expect, test, vi } from "vitest";
import { HttpClient } from "./http-client.ts";
import { echo, serve } from "./serve-fixture.ts";
import { failureOf, ServerFixture } from "./server-fixture.ts";

describe("HttpClient deadlines and aborts", () => {
  test("gives up at the deadline for the head of the answer, as retryable", async () => {
    await using rig = await serve(() => {}, { headersTimeoutMs: 50 });
    const error = await failureOf(rig.http.get(rig.url));
    expect(error).toMatchObject({ code: "RETRYABLE", failure: "headers-timeout", requestSent: true });
    expect(error.message).toContain("no answer within 0.05 s");
    await expect.poll(() => rig.server.sockets.size).toBe(0);
  });

  test("does not count a slow body against the deadline for the head", async () => {
    await using rig = await serve(
      (_, response) => {
        response.write("{");
        setTimeout(() => response.end("}"), 700);
      },
      { headersTimeoutMs: 400 },
    );
    expect(await rig.http.get(rig.url)).toEqual({});
  });

  test("R14: does not let a head that drips in, or a stream of 1xx answers, push that deadline", async () => {
    for (const drop of ["x", "HTTP/1.1 103 Early Hints\r\n\r\n"]) {
      await using server = await ServerFixture.raw((socket) => {
        socket.write(drop === "x" ? "HTTP/1.1 200 OK\r\nx-slow: " : "");
        const timer = setInterval(() => socket.write(drop), 10);
        socket.on("close", () => clearInterval(timer)).resume();
      });
      using http = new HttpClient({ headersTimeoutMs: 100 });
      const start = performance.now();
      expect(await failureOf(http.get(server.url))).toMatchObject({ failure: "headers-timeout" });
      expect(performance.now() - start).toBeLessThan(1000);
    }
  });

  test("R14: gives up at the overall deadline while the body drips", async () => {
    await using rig = await serve(
      (_, response) => {
        const timer = setInterval(() => response.write(" "), 10);
        response.on("close", () => clearInterval(timer));
      },
      { timeoutMs: 100 },
    );
    const start = performance.now();
    const error = await failureOf(rig.http.get(rig.url));
    expect(error).toMatchObject({ code: "RETRYABLE", failure: "timeout", requestSent: true });
    expect(error.message).toContain("took longer than 0.1 s");
    expect(performance.now() - start).toBeLessThan(1000);
    await expect.poll(() => rig.server.sockets.size).toBe(0);
  });

  test("rejects with the caller's reason when the caller aborts, at every stage", async () => {
    const reason = new Error("stopping");
    const stages: readonly RequestListener[] = [() => {}, (_, response) => void response.write("{")];
    for (const listener of stages) {
      await using rig = await serve(listener);
      const abort = new AbortController();
      const call = failureOf(rig.http.get(rig.url, { signal: abort.signal }));
      await expect.poll(() => rig.server.accepted).toBe(1);
      abort.abort(reason);
      expect(await call).toBe(reason);
      await expect.poll(() => rig.server.sockets.size).toBe(0);
    }
  });

  test("does not connect for a signal that has aborted", async () => {
    await using rig = await serve(echo);
    const reason = new Error("stopped");
    expect(await failureOf(rig.http.get(rig.url, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(rig.server.accepted).toBe(0);
  });

  test("leaves no listener on the caller's signal and no timer", async () => {
    await using rig = await serve(echo);
    const abort = new AbortController();
    const added = vi.spyOn(abort.signal, "addEventListener");
    const removed = vi.spyOn(abort.signal, "removeEventListener");
    for (let call = 0; call < 10; call += 1) await rig.http.get(rig.url, { signal: abort.signal });
    expect(added).toHaveBeenCalledTimes(10);
    expect(removed).toHaveBeenCalledTimes(10);
    expect(process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length).toBeLessThan(5);
  });
});
