import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { request as httpsRequest } from "node:https";
import type { PemPair } from "./vault-ca.ts";

/** Where a Vault or OpenBao is and how the administrator reaches it. */
export interface VaultEndpoint {
  /** `http://127.0.0.1:PORT` or `https://127.0.0.1:PORT`. */
  readonly address: string;
  /** Certificate that the server's own verifies against, PEM; undefined over plain HTTP. */
  readonly caPem?: string | undefined;
  /** Presented on every connection unless a request brings its own. */
  readonly clientCertificate?: PemPair | undefined;
  readonly rootToken: string;
}

/** What a request may carry beside its method, path and body. */
export interface VaultRequestOptions {
  /** The root token unless given; none where it is empty. */
  readonly token?: string;
  readonly namespace?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Client certificate of this one connection. */
  readonly clientCertificate?: PemPair;
}

/** The parts of a logical answer; those of `sys/` have members of their own. */
export interface VaultBody {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly auth?: { readonly client_token: string; readonly lease_duration: number } | null;
  readonly warnings?: readonly string[] | null;
  readonly errors?: readonly string[];
  readonly [member: string]: unknown;
}

/** The answer: HTTP status, headers and JSON body (empty where there is none; `text` where it is no JSON). */
export interface VaultResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: VaultBody;
}

/**
 * One request on a connection of its own, independent of the client under test; redirects are not followed. `path` is what
 * follows `/v1/`. Resolves for every HTTP status; rejects when no answer comes (10 s).
 */
export function vaultRequest(
  endpoint: VaultEndpoint,
  method: string,
  path: string,
  body?: unknown,
  options: VaultRequestOptions = {},
): Promise<VaultResponse> {
  const url = new URL(`/v1/${path}`, endpoint.address);
  const { token = endpoint.rootToken, clientCertificate = endpoint.clientCertificate } = options;
  const headers = {
    ...(token === "" ? {} : { "x-vault-token": token }),
    ...(options.namespace === undefined ? {} : { "x-vault-namespace": options.namespace }),
    "content-type": "application/json",
    ...options.headers,
  };
  const tls = { ca: endpoint.caPem, ...clientCertificate };
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const outgoing = send(url, { method, headers, agent: false, timeout: 10_000, ...tls }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: parseBody(text) }),
      );
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error(`${method} ${path}: no answer in 10 s`)));
    outgoing.on("error", reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Sends a request that must succeed; resolves to its body. Throws with the server's errors unless it answers 2xx. */
export async function expectVault(
  endpoint: VaultEndpoint,
  method: string,
  path: string,
  body?: unknown,
  options?: VaultRequestOptions,
): Promise<VaultBody> {
  const answer = await vaultRequest(endpoint, method, path, body, options);
  if (answer.status >= 200 && answer.status < 300) return answer.body;
  const errors = (answer.body.errors ?? []).join("; ");
  throw new Error(`${method} ${path}: ${answer.status} ${errors}`);
}

/** Writes to a path; resolves to the answer's `data`. Throws as {@link expectVault} does. */
export async function vaultWrite(
  endpoint: VaultEndpoint,
  path: string,
  body: unknown,
  options?: VaultRequestOptions,
): Promise<Readonly<Record<string, unknown>>> {
  return (await expectVault(endpoint, "POST", path, body, options)).data ?? {};
}

function parseBody(text: string): VaultBody {
  if (text === "") return {};
  try {
    return JSON.parse(text) as VaultBody;
  } catch {
    return { text };
  }
}
