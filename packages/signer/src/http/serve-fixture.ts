import type { RequestListener } from "node:http";
import { HttpClient } from "./http-client.ts";
import type { HttpClientOptions } from "./http-client-options.ts";
import { ServerFixture } from "./server-fixture.ts";

/** For tests: a server with this listener and a client of it. */
export async function serve(listener: RequestListener, options?: HttpClientOptions) {
  const server = await ServerFixture.http(listener);
  const http = new HttpClient(options);
  return {
    server,
    http,
    url: server.url,
    async [Symbol.asyncDispose]() {
      http.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Answers with what was asked. */
export const echo: RequestListener = (request, response) => {
  let body = "";
  request.on("data", (chunk) => {
    body += chunk;
  });
  request.on("end", () => {
    const { method, url, headers } = request;
    response.end(JSON.stringify({ method, url, headers, body }));
  });
};
