import { describe, expect, test } from "vitest";
import type { ResolvedAddress } from "./dialer.ts";
import { HttpClient } from "./http-client.ts";
import { closedPort, failureOf, ServerFixture } from "./server-fixture.ts";

const v4 = (address: string): ResolvedAddress => ({ address, family: 4 });
const v6 = (address: string): ResolvedAddress => ({ address, family: 6 });
const plain = { allowPlainHttp: true };

/** Resolves each question to the next answer, and remembers the questions. */
function resolver(...answers: readonly (readonly ResolvedAddress[])[]) {
  const asked: string[] = [];
  const resolve = async (name: string) => {
    asked.push(name);
    return answers[Math.min(asked.length, answers.length) - 1] ?? [];
  };
  return { resolve, asked };
}

describe("HttpClient and the addresses of names", () => {
  test.each([
    ["loopback", [v4("127.0.0.1")]],
    ["loopback, IPv6", [v6("::1")]],
    ["mapped loopback", [v6("::ffff:127.0.0.1")]],
    ["link-local", [v4("169.254.169.254"), v6("fe80::1%2")]],
    ["unspecified", [v4("0.0.0.0")]],
  ])("S5: connects to no name that resolves to %s", async (_, answer) => {
    await using server = await ServerFixture.http((__, response) => response.end("{}"));
    using http = new HttpClient({ ...plain, resolve: resolver(answer).resolve });
    const error = await failureOf(http.post(server.at("pki.example.com"), { bearer: "t" }));
    expect(error).toMatchObject({ code: "ISSUER", failure: "address", requestSent: false });
    expect(error.message).toContain("which issuers may not reach");
    expect(error.message).not.toMatch(/169|127\.0|::1/);
    expect(server.accepted).toBe(0);
  });

  test("S5: a second answer that differs from the first (DNS rebinding) is judged again, and only judged ones are used", async () => {
    await using server = await ServerFixture.http((_, response) =>
      response.setHeader("connection", "close").end("{}"),
    );
    const { resolve, asked } = resolver([v4("127.0.0.1")], [v4("127.0.0.2")], [v4("169.254.169.254")]);
    using http = new HttpClient({ ...plain, allowAddresses: ["127.0.0.1"], resolve });
    const url = server.at("rebind.example.com");
    expect(await http.get(url)).toEqual({});
    expect((await failureOf(http.get(url))).message).toContain("loopback");
    expect((await failureOf(http.get(url))).message).toContain("link-local");
    expect(asked).toHaveLength(3);
    expect(server.accepted).toBe(1);
  });

  test("leaves forbidden addresses out where there are others", async () => {
    await using server = await ServerFixture.http((_, response) => response.end("{}"));
    const { resolve } = resolver([v6("fe80::1"), v4("169.254.169.254"), v4("127.0.0.1")]);
    using http = new HttpClient({ ...plain, allowAddresses: ["127.0.0.1"], resolve });
    expect(await http.get(server.at("pki.example.com"))).toEqual({});
  });

  test("goes on to the next address of a name when the first refuses", async () => {
    await using server = await ServerFixture.http((_, response) => response.end("{}"));
    const { resolve } = resolver([v6("::1"), v4("127.0.0.1")]);
    using http = new HttpClient({ ...plain, allowLoopback: true, resolve });
    expect(await http.get(server.at("pki.example.com"))).toEqual({});
  });

  test("keeps localhost on the machine, whatever its resolver says", async () => {
    using http = new HttpClient({ resolve: resolver([v4("10.0.0.1")]).resolve });
    expect((await failureOf(http.get("http://localhost:1/", { bearer: "t" }))).message).toContain(
      "not a loopback",
    );
  });

  test.each([
    [
      "an error",
      () => Promise.reject(Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" })),
      "(ENOTFOUND)",
    ],
    ["nothing", async () => [], "could not be resolved"],
  ])("is retryable and unsent when the resolver has %s", async (_, resolve, words) => {
    using http = new HttpClient({ resolve });
    const error = await failureOf(http.post("https://pki.example.com"));
    expect(error).toMatchObject({ code: "RETRYABLE", failure: "dns", requestSent: false });
    expect(error.message).toContain(words);
  });

  test("counts the resolver into the connect deadline", async () => {
    using http = new HttpClient({ resolve: () => new Promise(() => {}), connectTimeoutMs: 30 });
    const error = await failureOf(http.get("https://pki.example.com"));
    expect(error).toMatchObject({ failure: "connect-timeout", requestSent: false });
  });

  test("opens no connection when it is closed while the resolver is asked", async () => {
    await using server = await ServerFixture.http((_, response) => response.end("{}"));
    let answer = (_: readonly ResolvedAddress[]) => {};
    const resolve = () => new Promise<readonly ResolvedAddress[]>((done) => (answer = done));
    const http = new HttpClient({ ...plain, allowLoopback: true, resolve });
    const call = failureOf(http.get(server.at("pki.example.com")));
    await Promise.resolve();
    http.close();
    answer([v4("127.0.0.1")]);
    expect(await call).toMatchObject({ code: "RETRYABLE", failure: "closed" });
    expect(server.accepted).toBe(0);
  });

  test("names a refused connection", async () => {
    using http = new HttpClient();
    const error = await failureOf(http.post(`http://127.0.0.1:${await closedPort()}`));
    expect(error).toMatchObject({ code: "RETRYABLE", failure: "connect", requestSent: false });
    expect(error.message).toContain("the connection failed (ECONNREFUSED)");
  });
});
