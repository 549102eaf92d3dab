import { Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type ControlPlane, startControlPlane } from "../../../../../test/rigs/control-plane.ts";
import { CONTROL_PLANE, describeWithRigs } from "../../../../../test/rigs/rigs.ts";
import { isObject, type JsonObject } from "../json.ts";
import { type KubeApi, startKubeApi } from "../start-kube-api.ts";
import { ownershipCrd } from "./ownership-crd.ts";

const WIDGETS = "/apis/ownership.example.com/v1/namespaces/default/widgets";

interface Answer {
  readonly code: number;
  readonly body: JsonObject;
}

type Client = (method: string, path: string, body?: unknown, type?: string) => Promise<Answer>;

/** One write, with everything random in it already drawn. */
interface Step {
  readonly kind: "apply" | "applyStatus" | "merge" | "mergeStatus" | "json" | "put" | "putStatus";
  readonly manager: string;
  readonly force: boolean;
  readonly metadata: JsonObject;
  readonly spec: JsonObject | undefined;
  readonly status: JsonObject | undefined;
  readonly operation: JsonObject;
}

describeWithRigs(CONTROL_PLANE, "field ownership, embedded against real", () => {
  let plane: ControlPlane;
  let api: KubeApi;
  let real: Client;
  let embedded: Client;

  beforeAll(async () => {
    plane = await startControlPlane();
    api = await startKubeApi();
    real = client(plane.url, plane.adminToken, plane.caPem);
    embedded = client(api.url, api.adminToken);
    for (const send of [real, embedded]) {
      await send("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", ownershipCrd);
      await vi.waitFor(async () => expect((await send("GET", WIDGETS)).code).toBe(200), 20_000);
    }
  });

  afterAll(() => Promise.all([plane?.stop(), api?.close()]));

  test("any sequence of writes leaves the same object with the same owners, or the same refusal", async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step(), { minLength: 1, maxLength: 12 }), async (steps) => {
        run += 1;
        const name = `run-${run}`;
        for (const next of steps) {
          const [expected, actual] = [await play(real, name, next), await play(embedded, name, next)];
          expect(comparable(actual)).toEqual(comparable(expected));
        }
      }),
      { numRuns: 80, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: false },
    );
  });
});

/** Does one step to the object of this name, which the first step creates unless it applies. */
async function play(send: Client, name: string, step: Step): Promise<Answer> {
  const { kind, manager, force, metadata, spec, status, operation } = step;
  const query = `?fieldManager=${manager}`;
  const forced = `${query}${force ? "&force=true" : ""}`;
  const type = { apiVersion: "ownership.example.com/v1", kind: "Widget" };
  const object = {
    ...type,
    metadata: { ...metadata, name },
    ...(spec && { spec }),
    ...(status && { status }),
  };
  const live = await send("GET", `${WIDGETS}/${name}`);
  if (live.code === 404 && kind !== "apply") return send("POST", `${WIDGETS}${query}`, object);
  const { status: _status, ...withoutStatus } = object;
  const onStatus = { ...type, metadata: { name }, ...(status && { status }) };
  const current = isObject(live.body.metadata) ? live.body.metadata : {};
  const replaced = { ...object, metadata: { ...current, ...metadata } };
  switch (kind) {
    case "apply":
      return send("PATCH", `${WIDGETS}/${name}${forced}`, withoutStatus, "application/apply-patch+yaml");
    case "applyStatus":
      return send("PATCH", `${WIDGETS}/${name}/status${forced}`, onStatus, "application/apply-patch+yaml");
    case "merge":
      return send("PATCH", `${WIDGETS}/${name}${query}`, { metadata, spec }, "application/merge-patch+json");
    case "mergeStatus":
      return send(
        "PATCH",
        `${WIDGETS}/${name}/status${query}`,
        { spec, status },
        "application/merge-patch+json",
      );
    case "json":
      return send("PATCH", `${WIDGETS}/${name}${query}`, [operation], "application/json-patch+json");
    case "put":
      return send("PUT", `${WIDGETS}/${name}${query}`, replaced);
    default:
      return send("PUT", `${WIDGETS}/${name}/status${query}`, replaced);
  }
}

/** An answer without what two servers cannot agree on, and in an order that does not depend on Go's maps. */
function comparable({ code, body }: Answer): unknown {
  const text = JSON.stringify(body, (name, value: unknown) =>
    value !== undefined && VARYING.has(name) ? `<${name}>` : value,
  );
  const copy = JSON.parse(text) as JsonObject;
  const metadata = isObject(copy.metadata) ? copy.metadata : {};
  const details = isObject(copy.details) ? copy.details : {};
  const sorted = (list: unknown) => (Array.isArray(list) ? list.map(canonical).sort() : undefined);
  const causes = sorted(details.causes);
  return {
    code,
    ...copy,
    // With several causes the message lists them in a random order.
    ...(causes && causes.length > 1 && { message: "" }),
    metadata: { ...metadata, managedFields: sorted(metadata.managedFields) },
    details: { ...details, causes },
  };
}

const VARYING: ReadonlySet<string> = new Set(["resourceVersion", "uid", "time", "creationTimestamp"]);

function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, inner: unknown) =>
    isObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
}

function client(url: string, token: string, ca?: string): Client {
  const isTls = url.startsWith("https:");
  const agent = isTls ? new HttpsAgent({ keepAlive: true, ca }) : new HttpAgent({ keepAlive: true });
  return (method, path, body, type = "application/json") =>
    new Promise((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${token}`,
        accept: "application/json",
        "content-type": type,
        "user-agent": "ownership/1",
      };
      const outgoing = (isTls ? httpsRequest : httpRequest)(
        `${url}${path}`,
        { method, headers, agent },
        (response) => {
          response.setEncoding("utf8");
          let text = "";
          response.on("data", (chunk: string) => {
            text += chunk;
          });
          response.on("end", () => {
            resolve({
              code: response.statusCode ?? 0,
              body: text.startsWith("{") ? JSON.parse(text) : { text },
            });
          });
        },
      );
      outgoing.on("error", reject);
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    });
}

function step(): fc.Arbitrary<Step> {
  const some = { requiredKeys: [] };
  const text = fc.constantFrom("a", "b", "");
  const condition = fc.record(
    { type: fc.constantFrom("Ready", "Approved"), status: fc.constantFrom("True", "False"), reason: text },
    { requiredKeys: ["type", "status"] },
  );
  const conditions = fc.uniqueArray(condition, { selector: ({ type }) => type, maxLength: 2 });
  const port = fc.record(
    { port: fc.constantFrom(80, 443), protocol: fc.constantFrom("TCP", "UDP"), note: text },
    { requiredKeys: ["port"] },
  );
  const labels = fc.dictionary(fc.constantFrom("k1", "k2"), text, { maxKeys: 2 });
  const free = fc.oneof(
    fc.constantFrom<unknown>(1, "s", null, true),
    fc.constant([1, { a: 1 }]),
    fc.record({ q: text }),
  );
  const spec = fc.record(
    {
      size: fc.constantFrom(1, 2),
      mode: fc.constantFrom("fast", "slow"),
      tags: fc.uniqueArray(fc.constantFrom("x", "y", "z"), { maxLength: 3 }),
      labels: fc.oneof(labels, fc.constant(null)),
      whole: fc.record({ a: text, b: text }, some),
      free: fc.dictionary(fc.constantFrom("p", "r"), free, { maxKeys: 2 }),
      list: fc.array(fc.record({ n: text }), { maxLength: 2 }),
      ports: fc.uniqueArray(port, {
        selector: (item) => `${item.port}${item.protocol ?? "TCP"}`,
        maxLength: 3,
      }),
      nested: fc.record({ inner: fc.record({ deep: text, other: text }, some), conditions }, some),
      note: fc.constantFrom("n", null),
    },
    some,
  );
  const metadata = fc.record(
    {
      labels,
      annotations: labels,
      finalizers: fc.subarray(["example.com/f1", "example.com/f2"]),
      ownerReferences: fc
        .subarray(["u1", "u2"])
        .map((uids) => uids.map((uid) => ({ apiVersion: "v1", kind: "K", name: "n", uid }))),
    },
    some,
  );
  return fc.record<Step>({
    kind: fc.constantFrom(
      "apply",
      "apply",
      "apply",
      "applyStatus",
      "applyStatus",
      "merge",
      "mergeStatus",
      "json",
      "put",
      "putStatus",
    ),
    manager: fc.constantFrom("one", "two", "three"),
    force: fc.boolean(),
    metadata: fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: metadata }),
    spec: fc.option(spec, { nil: undefined }),
    status: fc.option(fc.record({ phase: text, conditions }, some), { nil: undefined }),
    operation: fc.constantFrom<JsonObject>(
      { op: "add", path: "/spec/size", value: 2 },
      { op: "add", path: "/spec/tags/-", value: "x" },
      { op: "remove", path: "/spec/labels" },
      { op: "remove", path: "/spec/nested/inner" },
      { op: "replace", path: "/spec/ports/0/note", value: "j" },
      { op: "add", path: "/metadata/managedFields", value: [{}] },
    ),
  });
}
