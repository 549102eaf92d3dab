import { afterEach, describe, expect, test } from "vitest";
import { list } from "../kube/collection-fixture.ts";
import { failure, json, reset, type Script, ScriptedServer } from "../kube/scripted-server-fixture.ts";
import type { Secret } from "../kube/types.ts";
import { NotLeaderError } from "../leader/not-leader-error.ts";
import { type SaveSecretOptions, saveSecret } from "./save-secret.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");

function secret(token: string, resourceVersion: string): Secret {
  const metadata = { name: "acme", namespace: "team", uid: "u", resourceVersion, creationTimestamp: "" };
  return { apiVersion: "v1", kind: "Secret", metadata, data: { token: base64(token), other: base64("o") } };
}

const conflict: Script = (response) => failure(response, 409, "Conflict");
const saved: Script = (response) => json(response, 200, secret("new", "12"));

const servers: ScriptedServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server[Symbol.asyncDispose]();
});

/** Saves `new` over what was seen at version 10, at a server that answers like this. */
async function save(
  patches: readonly Script[],
  current: readonly Secret[] = [],
  { fence = () => {}, ...more }: Partial<SaveSecretOptions> & { fence?: () => void } = {},
) {
  let turn = 0;
  const server = await ScriptedServer.start((response, request) => {
    if (request.method === "GET") return list(current, 20)(response, request);
    const script = patches[Math.min(turn, patches.length - 1)];
    turn += 1;
    return script?.(response, request);
  });
  servers.push(server);
  const outcome = await saveSecret(
    { transport: server.transport(), fieldManager: "pki.example.com", fence },
    {
      namespace: "team",
      name: "acme",
      resourceVersion: "10",
      data: { token: base64("new") },
      judge: () => {},
      signal: AbortSignal.timeout(10_000),
      backoff: { initialMs: 1, maxMs: 5 },
      ...more,
    },
  ).catch((error: unknown) => error);
  const asked = server.requests.map(({ method, body }) =>
    method === "GET" ? "GET" : `${method} at ${JSON.parse(body).metadata.resourceVersion}`,
  );
  return { server, outcome, asked };
}

describe("saveSecret", () => {
  test("patches the keys alone, guarded by the version that was last seen", async () => {
    const { server, outcome } = await save([saved]);
    expect(outcome).toMatchObject({ metadata: { resourceVersion: "12" } });
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]).toMatchObject({
      method: "PATCH",
      path: "/api/v1/namespaces/team/secrets/acme",
      headers: { "content-type": "application/merge-patch+json" },
    });
    expect(Object.fromEntries(server.requests[0]?.query ?? [])).toEqual({ fieldManager: "pki.example.com" });
    expect(JSON.parse(server.requests[0]?.body ?? "")).toEqual({
      metadata: { resourceVersion: "10" },
      data: { token: base64("new") },
    });
  });

  test("after a conflict judges the Secret as it is, found by its name, and writes on top of that", async () => {
    const judged: Secret[] = [];
    const { server, asked } = await save([conflict, saved], [secret("old", "11")], {
      judge: (seen) => void judged.push(seen),
    });
    expect(asked).toEqual(["PATCH at 10", "GET", "PATCH at 11"]);
    expect(judged).toEqual([secret("old", "11")]);
    const [, read] = server.requests;
    expect(read?.path).toBe("/api/v1/namespaces/team/secrets");
    expect(read?.query.get("fieldSelector")).toBe("metadata.name=acme");
  });

  test("reads a Secret that was never seen before it writes", async () => {
    const { asked } = await save([saved], [secret("old", "11")], { resourceVersion: undefined });
    expect(asked).toEqual(["GET", "PATCH at 11"]);
  });

  test("writes nothing over what is judged to be somebody else's", async () => {
    const theirs = new Error("somebody else's");
    const { outcome, asked } = await save([conflict, saved], [secret("theirs", "11")], {
      judge: () => {
        throw theirs;
      },
    });
    expect(outcome).toBe(theirs);
    expect(asked).toEqual(["PATCH at 10", "GET"]);
  });

  test("finds its own write after the answer to it was lost, and does not judge that", async () => {
    const { outcome, asked } = await save([reset, conflict], [secret("new", "11")], {
      judge: () => {
        throw new Error("must not be asked");
      },
    });
    expect(outcome).toMatchObject({ metadata: { resourceVersion: "11" } });
    expect(asked).toEqual(["PATCH at 10", "PATCH at 10", "GET"]);
  });

  test.each([
    ["429", (response) => failure(response, 429, "TooManyRequests")],
    ["503", (response) => failure(response, 503, "ServiceUnavailable")],
    ["a reset", reset],
  ] satisfies [string, Script][])("tries again after %s", async (_, trouble) => {
    const { outcome } = await save([trouble, saved]);
    expect(outcome).toMatchObject({ metadata: { resourceVersion: "12" } });
  });

  test.each([403, 404, 422])("does not try again after %d", async (status) => {
    const { outcome, asked } = await save([(response) => failure(response, status, "No")]);
    expect(outcome).toMatchObject({ code: "KUBE_API", status });
    expect(asked).toHaveLength(1);
  });

  test("a Secret that is gone after a conflict is not found", async () => {
    const { outcome } = await save([conflict, saved], []);
    expect(outcome).toMatchObject({ code: "KUBE_API", status: 404 });
  });

  test("R4: looks at the lease before each write, and writes nothing without it", async () => {
    let held = 1;
    const fence = () => {
      held -= 1;
      if (held < 0) throw new NotLeaderError();
    };
    const { outcome, asked } = await save([(response) => failure(response, 500, "Internal"), saved], [], {
      fence,
    });
    expect(outcome).toBeInstanceOf(NotLeaderError);
    expect(asked).toEqual(["PATCH at 10"]);
  });

  test("ends with the reason of the signal", async () => {
    const reason = new Error("too late");
    const stop = new AbortController();
    const { outcome } = await save(
      [
        (response) => {
          stop.abort(reason);
          failure(response, 500, "Internal");
        },
      ],
      [],
      { signal: stop.signal },
    );
    expect(outcome).toBe(reason);
  });
});
