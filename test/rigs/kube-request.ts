import { request } from "node:https";

/** What a request of a test may carry beside its method and path. */
export interface KubeRequestOptions {
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Bearer token; the administrator's unless given. */
  readonly token?: string;
  /** `application/json` unless given; patches name theirs. */
  readonly contentType?: string;
}

/** The answer: HTTP status and body (parsed where it is JSON, else text). */
export interface KubeResponse {
  readonly status: number;
  readonly body: unknown;
}

/** The three things a request needs to know of a control plane. */
export interface KubeEndpoint {
  readonly url: string;
  readonly caPem: string;
  readonly adminToken: string;
}

/**
 * One plain HTTPS request to an API server, on a connection of its own, so that tests and set-up do not depend
 * on the client under test. Resolves for every HTTP status; rejects when no answer comes (10 s).
 */
export function kubeRequest(
  endpoint: KubeEndpoint,
  method: string,
  path: string,
  options: KubeRequestOptions = {},
): Promise<KubeResponse> {
  const { body, token = endpoint.adminToken, contentType = "application/json" } = options;
  const headers = {
    authorization: `Bearer ${token}`,
    accept: "application/json",
    "content-type": contentType,
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      new URL(path, endpoint.url),
      { method, headers, ca: endpoint.caPem, agent: false, timeout: 10_000 },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("error", reject);
        response.on("end", () => {
          const isJson = response.headers["content-type"]?.includes("json");
          resolve({ status: response.statusCode ?? 0, body: isJson ? JSON.parse(text) : text });
        });
      },
    );
    outgoing.on("timeout", () => outgoing.destroy(new Error(`${method} ${path}: no answer in 10 s`)));
    outgoing.on("error", reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Server-side applies one object at its path. Throws with the server's message unless it answers 2xx. */
export async function kubeApply(endpoint: KubeEndpoint, path: string, object: unknown): Promise<unknown> {
  const query = "?fieldManager=rig&force=true";
  // KEP-555: the body may be JSON, since JSON is YAML.
  const options = { body: object, contentType: "application/apply-patch+yaml" };
  return expectSuccess(`apply ${path}`, await kubeRequest(endpoint, "PATCH", `${path}${query}`, options));
}

/** The body of a 2xx answer. Throws an Error with the status and the server's message otherwise. */
export function expectSuccess(what: string, response: KubeResponse): unknown {
  if (response.status >= 200 && response.status < 300) return response.body;
  const { message = String(response.body) } = response.body as { readonly message?: string };
  throw new Error(`${what}: ${response.status} ${message}`);
}
