import { request } from "node:https";

/** A call of {@link callSimulator}. */
export interface ClientCall {
  /** `METHOD path`. */
  readonly to: string;
  readonly json?: unknown;
  /** Instead of `json`: a form. */
  readonly form?: Readonly<Record<string, string>> | undefined;
  readonly bearer?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** PEM of a client certificate and its key. */
  readonly identity?: { readonly cert: string; readonly key: string } | undefined;
}

/** What came back. */
export interface ClientAnswer {
  readonly status: number;
  /** The reason in the status line. */
  readonly reason: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as JSON; undefined where it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of it.
  readonly json: any;
}

/** For tests: one HTTPS call on a connection of its own. Rejects where the connection ends without an answer. */
export function callSimulator(
  { url, caPem }: { readonly url: string; readonly caPem: string },
  { to, json, form, bearer, headers, identity }: ClientCall,
): Promise<ClientAnswer> {
  const [method, path] = to.split(" ", 2);
  const body =
    form === undefined ? (json === undefined ? "" : JSON.stringify(json)) : String(new URLSearchParams(form));
  const type = form === undefined ? "application/json" : "application/x-www-form-urlencoded";
  return new Promise((resolve, reject) => {
    const sent = request(
      `${url}${path}`,
      {
        method,
        ca: caPem,
        agent: false,
        ...identity,
        headers: {
          "content-type": type,
          "content-length": String(Buffer.byteLength(body)),
          ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
          ...headers,
        },
      },
      async (response) => {
        let text = "";
        for await (const chunk of response.setEncoding("utf8")) text += chunk;
        const { statusCode: status = 0, statusMessage: reason = "" } = response;
        resolve({ status, reason, headers: response.headers, text, json: parse(text) });
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
