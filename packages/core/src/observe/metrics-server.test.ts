import { request } from "node:http";
import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { Lifecycle } from "../lifecycle/lifecycle.ts";
import { parseExposition, sampleValue } from "./exposition-fixture.ts";
import { issuerMetrics } from "./metrics.ts";
import { serveMetrics } from "./metrics-server.ts";

const host = "127.0.0.1";

describe("the metrics server", () => {
  test("serves /metrics in the text format, and nothing else", async () => {
    const metrics = await issuerMetrics(new Lifecycle());
    await using server = await serveMetrics(metrics, { port: 0, host });
    const url = `http://${host}:${server.port}`;
    const answer = await fetch(`${url}/metrics?x=1`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(sampleValue(parseExposition(await answer.text()), "countersign_leader")).toBe(0);
    const head = await fetch(`${url}/metrics`, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
    for (const [path, method, status] of [
      ["/", "GET", 404],
      ["/metrics/", "GET", 404],
      ["/metrics", "POST", 405],
    ] as const) {
      expect((await fetch(url + path, { method })).status).toBe(status);
    }
    metrics.close();
  });

  test("answers a scrape that fails with 500, tells why, and lives on", async () => {
    const errors: unknown[] = [];
    let fail = true;
    const metrics = {
      contentType: "text/plain",
      text: async () => {
        if (fail) throw new Error("no state: password=hunter2");
        return "ok\n";
      },
    };
    await using server = await serveMetrics(metrics, {
      port: 0,
      host,
      onError: (error) => errors.push(error),
    });
    const url = `http://${host}:${server.port}/metrics`;
    const answer = await fetch(url);
    expect([answer.status, await answer.text()]).toEqual([500, "The metrics could not be collected.\n"]);
    expect(errors).toMatchObject([{ message: "no state: password=hunter2" }]);
    fail = false;
    expect(await (await fetch(url)).text()).toBe("ok\n");
  });

  test.each(["GET // HTTP/1.1\r\nhost: a\r\n\r\n", "GET http://[ HTTP/1.1\r\nhost: a\r\n\r\n", "\0\r\n\r\n"])(
    "survives %j",
    async (bytes) => {
      const metrics = { contentType: "text/plain", text: async () => "ok\n" };
      await using server = await serveMetrics(metrics, { port: 0, host });
      const socket = connect(server.port, host);
      const got = await new Promise<string>((resolve, reject) => {
        socket.once("data", (data) => resolve(String(data)));
        socket.once("error", reject);
        socket.write(bytes);
      });
      socket.destroy();
      expect(got).toMatch(/^HTTP\/1\.1 40[04] /);
      expect((await fetch(`http://${host}:${server.port}/metrics`)).status).toBe(200);
    },
  );

  test("refuses a port that is taken, and stops while a client is connected", async () => {
    const metrics = { contentType: "text/plain", text: async () => "ok\n" };
    const server = await serveMetrics(metrics, { port: 0, host });
    await expect(serveMetrics(metrics, { port: server.port, host })).rejects.toThrow("EADDRINUSE");
    const idle = request({ port: server.port, host, path: "/metrics" });
    idle.on("error", () => {});
    idle.flushHeaders();
    await server.stop();
    await server.stop();
    await expect(fetch(`http://${host}:${server.port}/metrics`)).rejects.toThrow();
  });
});
