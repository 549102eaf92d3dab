import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { signerErrorCode } from "../errors.ts";
import { HttpClient } from "./http-client.ts";
import type { HttpClientOptions } from "./http-client-options.ts";

const open: { server: Server; client: HttpClient }[] = [];

async function serve(listener: RequestListener, options?: HttpClientOptions) {
  const server = createServer(listener);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const client = new HttpClient(options);
  open.push({ server, client });
  return { client, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

afterEach(() => {
  for (const { server, client } of open.splice(0)) {
    client.close();
    server.closeAllConnections();
    server.close();
  }
});

async function failure(call: Promise<unknown>): Promise<Error> {
  return call.then(
    () => {
      throw new Error("the call should have failed");
    },
    (error: Error) => error,
  );
}

describe("HttpClient", () => {
  test("sends JSON with a bearer token and resolves to the parsed answer", async () => {
    const { client, url } = await serve((request, response) => {
      let body = "";
      request.on("data", (chunk) => {
        body += chunk;
      });
      request.on("end", () =>
        response.end(
          JSON.stringify({
            body,
            auth: request.headers.authorization,
            type: request.headers["content-type"],
          }),
        ),
      );
    });
    const answer = await client.post(url, { json: { csr: "x" }, bearer: "t0ken" });
    expect(answer).toEqual({ body: '{"csr":"x"}', auth: "Bearer t0ken", type: "application/json" });
  });

  test("uses one connection for calls in sequence", async () => {
    const { client, url, server } = await serve((_, response) => response.end("{}"));
    let connections = 0;
    server.on("connection", () => {
      connections += 1;
    });
    for (let call = 0; call < 20; call += 1) await client.get(url);
    expect(connections).toBe(1);
  });

  test.each([
    [400, "REQUEST_REJECTED"],
    [401, "ISSUER"],
    [403, "ISSUER"],
    [404, "ISSUER"],
    [302, "ISSUER"],
    [409, "REQUEST_REJECTED"],
    [422, "REQUEST_REJECTED"],
    [408, "RETRYABLE"],
    [429, "RETRYABLE"],
    [500, "RETRYABLE"],
    [503, "RETRYABLE"],
  ])("maps status %i to %s without showing the body", async (status, code) => {
    const { client, url } = await serve((_, response) => response.writeHead(status).end("hunter2"));
    const error = await failure(client.get(url, { bearer: "s3cret" }));
    expect(signerErrorCode(error)).toBe(code);
    expect(error.message).toContain(String(status));
    expect(error.message).not.toMatch(/hunter2|s3cret/);
  });

  test("hands on Retry-After of a 429", async () => {
    const { client, url } = await serve((_, response) =>
      response.writeHead(429, { "retry-after": "7" }).end(),
    );
    expect(await failure(client.get(url))).toMatchObject({ code: "RETRYABLE", retryAfterMs: 7000 });
  });

  test("resolves for a status that the caller accepts", async () => {
    const { client, url } = await serve((_, response) => response.writeHead(404).end("{}"));
    expect((await client.request("GET", url, { accept: [404] })).status).toBe(404);
  });

  test("does not follow a redirect, so that credentials stay with the host they are for", async () => {
    let hits = 0;
    const { client, url } = await serve((request, response) => {
      hits += 1;
      if (request.url === "/elsewhere") response.end("{}");
      else response.writeHead(302, { location: "/elsewhere" }).end();
    });
    await failure(client.get(url));
    expect(hits).toBe(1);
  });

  test("ends an answer that is larger than the limit", async () => {
    const { client, url } = await serve((_, response) => response.end("x".repeat(5000)), {
      maxBodyBytes: 1000,
    });
    const error = await failure(client.get(url));
    expect(error.message).toContain("more than 1000 bytes");
  });

  test("gives up at the deadline, as retryable", async () => {
    const { client, url } = await serve(() => {}, { timeoutMs: 50 });
    const error = await failure(client.get(url));
    expect(signerErrorCode(error)).toBe("RETRYABLE");
    expect(error.message).toContain("0.05 s");
  });

  test("gives up at the deadline while the body drips", async () => {
    const { client, url } = await serve((_, response) => void response.write("{"), { timeoutMs: 50 });
    expect(signerErrorCode(await failure(client.get(url)))).toBe("RETRYABLE");
  });

  test("rejects with the caller's reason when the caller aborts", async () => {
    const { client, url } = await serve(() => {});
    const abort = new AbortController();
    const call = failure(client.get(url, { signal: abort.signal }));
    abort.abort(new Error("stopping"));
    expect((await call).message).toBe("stopping");
  });

  test("names a refused connection as retryable", async () => {
    const { client, url, server } = await serve(() => {});
    await new Promise((done) => server.close(done));
    const error = await failure(client.get(url));
    expect(signerErrorCode(error)).toBe("RETRYABLE");
    expect(error.message).toContain("ECONNREFUSED");
  });

  test.each([
    ["not a url", "not an http(s) URL"],
    ["ftp://pki.example.com", "not an http(s) URL"],
    ["https://user:pass@pki.example.com", "contains credentials"],
    ["http://pki.example.com", "plain http"],
  ])("refuses %s before it connects", async (url, words) => {
    const client = new HttpClient();
    const error = await failure(client.get(url));
    expect(error).toMatchObject({ code: "ISSUER" });
    expect(error.message).toContain(words);
  });

  test("says that an answer is not JSON, and that its shape is unexpected", async () => {
    const { client, url } = await serve((_, response) => response.end("<html>"));
    expect((await failure(client.get(url))).message).toContain("not JSON");
    const shaped = await serve((_, response) => response.end("{}"));
    const parse = {
      parse(): never {
        throw new Error("no id");
      },
    };
    expect((await failure(shaped.client.get(shaped.url, { parse }))).message).toContain("unexpected shape");
  });
});
