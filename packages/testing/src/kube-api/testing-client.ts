import type { KubeApi } from "./start-kube-api.ts";

/** An answer of the API: its HTTP code, its parsed body, its headers. */
export interface Reply {
  readonly code: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape.
  readonly body: any;
  readonly headers: Headers;
}

/** Media types of patches. */
export const MERGE_PATCH = "application/merge-patch+json";
export const STRATEGIC_PATCH = "application/strategic-merge-patch+json";
export const APPLY_PATCH = "application/apply-patch+yaml";

/** Sends one request, as admin unless a token is given. */
export async function call(
  api: KubeApi,
  method: string,
  path: string,
  body?: unknown,
  options: { readonly type?: string; readonly token?: string; readonly accept?: string } = {},
): Promise<Reply> {
  const { type = "application/json", token = api.adminToken, accept = "application/json" } = options;
  const response = await fetch(`${api.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      accept,
      ...(body !== undefined && { "content-type": type }),
    },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.startsWith("application/json");
  return { code: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers };
}

/** A CustomResourceDefinition with every feature that the tests look at. */
export const widgetCrd = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "widgets.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: {
      plural: "widgets",
      singular: "widget",
      kind: "Widget",
      listKind: "WidgetList",
      shortNames: ["wd"],
    },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: { status: {} },
        selectableFields: [{ jsonPath: ".spec.color" }],
        additionalPrinterColumns: [
          { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
          { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
        ],
        schema: {
          openAPIV3Schema: {
            type: "object",
            required: ["spec"],
            properties: {
              spec: {
                type: "object",
                required: ["size"],
                properties: {
                  size: { type: "integer", minimum: 1, maximum: 10 },
                  color: { type: "string", enum: ["red", "blue"] },
                  mode: { type: "string", default: "fast" },
                  name: { type: "string", minLength: 2, maxLength: 5, pattern: "^[a-z]+$" },
                  tags: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "set" },
                  labels: { type: "object", additionalProperties: { type: "string" } },
                  port: { "x-kubernetes-int-or-string": true },
                  when: { type: "string", format: "date-time" },
                  list: {
                    type: "array",
                    maxItems: 2,
                    items: { type: "object", properties: { n: { type: "string" } } },
                  },
                  free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
                  note: { type: "string", nullable: true },
                  whole: {
                    type: "object",
                    "x-kubernetes-map-type": "atomic",
                    properties: { a: { type: "string" }, b: { type: "string" } },
                  },
                },
              },
              status: {
                type: "object",
                properties: {
                  phase: { type: "string" },
                  conditions: {
                    type: "array",
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["type"],
                    items: {
                      type: "object",
                      required: ["type", "status"],
                      properties: {
                        type: { type: "string" },
                        status: { type: "string", enum: ["True", "False", "Unknown"] },
                        reason: { type: "string" },
                        message: { type: "string" },
                        lastTransitionTime: { type: "string", format: "date-time" },
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    ],
  },
};

/** One event of a watch. */
export interface WatchLine {
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into objects of every shape.
  readonly object: any;
}

/** An open watch of a test. */
export interface TestWatch extends AsyncDisposable {
  readonly events: readonly WatchLine[];
  /** Resolves when the stream is over, however it ended. */
  readonly ended: Promise<void>;
  /** Waits until so many events have come and returns them as `TYPE name`. */
  take(count: number): Promise<string[]>;
}

/** Opens a watch as admin and collects its events. */
export async function openWatch(api: KubeApi, path: string): Promise<TestWatch> {
  const abort = new AbortController();
  const separator = path.includes("?") ? "&" : "?";
  const response = await fetch(`${api.url}${path}${separator}watch=true`, {
    headers: { authorization: `Bearer ${api.adminToken}` },
    signal: abort.signal,
  });
  const events: WatchLine[] = [];
  const ended = collect(response, events);
  return {
    events,
    ended,
    async take(count) {
      while (events.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
      return events.slice(0, count).map(({ type, object }) => `${type} ${object.metadata.name}`);
    },
    async [Symbol.asyncDispose]() {
      abort.abort();
      await ended;
    },
  };
}

async function collect(response: Response, events: WatchLine[]): Promise<void> {
  let rest = "";
  try {
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const lines = `${rest}${chunk}`.split("\n");
      rest = lines.pop() ?? "";
      events.push(...lines.map((line) => JSON.parse(line) as WatchLine));
    }
  } catch {
    // Cut off, by the test or by the server: what came until then counts.
  }
}
