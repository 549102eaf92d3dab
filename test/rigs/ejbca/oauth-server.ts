import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TokenVerifier } from "./oauth-tokens.ts";

/** One request for a token. */
export interface TokenRequest {
  readonly clientId: string | undefined;
  readonly grantType: string | null;
  readonly scope: string | null;
  readonly audience: string | null;
  /** Whether the credentials came in an Authorization header instead of the form. */
  readonly basic: boolean;
  readonly status: number;
}

/** A token server for the client-credentials grant (RFC 6749 §4.4), beside the simulator. */
export interface OauthServer {
  readonly tokenUrl: string;
  /** Secrets by client id: change them to rotate. The id becomes the token's subject. */
  readonly clients: Map<string, string>;
  /** What EJBCA demands; also what tokens get for which no audience was asked. */
  readonly audience: string;
  /** Lifetime of tokens from now on, in seconds; below zero they are born expired. */
  expiresInSeconds: number;
  /** Answers this status with an empty body instead, while set. */
  failWith: number | undefined;
  readonly requests: readonly TokenRequest[];
  readonly mint: TokenVerifier["mint"];
  stop(): Promise<void>;
}

/** Starts the token server on 127.0.0.1. */
export async function startOauthServer(options: {
  readonly tls: { readonly cert: string; readonly key: string };
  readonly tokens: TokenVerifier;
  readonly now: () => Date;
}): Promise<OauthServer> {
  const { tls, tokens, now } = options;
  const requests: TokenRequest[] = [];
  const answer = (response: ServerResponse, status: number, body: unknown) => {
    response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
    response.end(JSON.stringify(body));
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await text(request));
    const header = /^Basic (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
    const [id, secret] =
      header === undefined ? [form.get("client_id"), form.get("client_secret")] : basic(header);
    const known = server.clients.get(id ?? "");
    const grantType = form.get("grant_type");
    const reply = (status: number, body: unknown) => {
      const [scope, audience] = [form.get("scope"), form.get("audience")];
      requests.push({
        clientId: id ?? undefined,
        grantType,
        scope,
        audience,
        basic: header !== undefined,
        status,
      });
      answer(response, status, body);
    };
    if (server.failWith !== undefined) return reply(server.failWith, {});
    if (request.method !== "POST" || request.url?.split("?")[0] !== "/token") return reply(404, {});
    if (known === undefined || known !== secret) return reply(401, { error: "invalid_client" });
    if (grantType !== "client_credentials") return reply(400, { error: "unsupported_grant_type" });
    const seconds = Math.floor(now().getTime() / 1000);
    const token = tokens.mint({
      iss: "https://idp.invalid/",
      sub: id ?? "",
      aud: form.get("audience") ?? tokens.audience,
      iat: seconds,
      exp: seconds + server.expiresInSeconds,
    });
    const expires = { expires_in: Math.max(0, server.expiresInSeconds) };
    reply(200, { access_token: token, token_type: "Bearer", ...expires });
  }

  const listener = createServer(tls, (request, response) => {
    serve(request, response).catch(() => request.socket.destroy());
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const server: OauthServer = {
    tokenUrl: `https://127.0.0.1:${(listener.address() as AddressInfo).port}/token`,
    clients: new Map([
      ["cert-manager", "cert-manager-secret"],
      ["issuer", "issuer-secret"],
      ["stranger", "stranger-secret"],
    ]),
    audience: tokens.audience,
    expiresInSeconds: 300,
    failWith: undefined,
    requests,
    mint: tokens.mint.bind(tokens),
    async stop() {
      listener.closeAllConnections();
      await new Promise((done) => listener.close(done));
    },
  };
  return server;
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function basic(header: string): [string | undefined, string | undefined] {
  const [id, secret] = Buffer.from(header, "base64").toString("utf8").split(":");
  return [id && decodeURIComponent(id), secret && decodeURIComponent(secret)];
}
