import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { events, list, send, startCollection } from "../kube/collection-fixture.ts";
import { failure, type Script } from "../kube/scripted-server-fixture.ts";
import { condition, requestWith } from "../request/request-fixtures.ts";
import { waitForApproval } from "./wait-for-approval.ts";

const request = { kind: "CertificateRequest", namespace: "team", name: "web-1" } as const;
const open = requestWith([condition("Ready", "False", "Pending")]);

/** A wait for a request that is listed so, and of which a watch tells no more than what a test sends. */
async function waiting(items: readonly object[], lists: readonly Script[] = [list(items, 7)]) {
  const collection = await startCollection(lists, [events()]);
  const ending = new AbortController();
  const answer = waitForApproval({
    transport: collection.server.transport(),
    request,
    signal: ending.signal,
  });
  answer.catch(() => {});
  return {
    answer,
    ending,
    server: collection.server,
    /** Resolves when the watch is open. */
    watching: () => expect.poll(() => collection.seen.watches.length).toBe(1),
    get watch() {
      return collection.watch;
    },
    send: (type: string, object: object) => send(collection.watch, [type, object]),
    [Symbol.asyncDispose]: () => collection[Symbol.asyncDispose](),
  };
}

const later = (conditions: Parameters<typeof requestWith>[0], more = {}) =>
  requestWith(conditions, { resourceVersion: "8", ...more });

describe("what is decided already", () => {
  test.each([
    ["Approved", "approved"],
    ["Denied", "denied"],
  ] as const)("%s is answered at once", async (type, decision) => {
    await using wait = await waiting([requestWith([condition(type, "True")])]);
    expect(await wait.answer).toMatchObject({ decision, object: { metadata: { name: "web-1" } } });
  });

  test("of both, which no webhook lets pass, the denial counts", async () => {
    await using wait = await waiting([
      requestWith([condition("Approved", "True"), condition("Denied", "True")]),
    ]);
    expect(await wait.answer).toMatchObject({ decision: "denied" });
  });

  test.each(["False", "Unknown"] as const)("Approved=%s decides nothing", async (status) => {
    await using wait = await waiting([requestWith([condition("Approved", status)])]);
    await wait.watching();
    wait.send("MODIFIED", later([condition("Denied", "True")]));
    expect(await wait.answer).toMatchObject({ decision: "denied" });
  });
});

test("only the one request is asked for", async () => {
  await using wait = await waiting([requestWith([condition("Approved", "True")])]);
  await wait.answer;
  const [first] = wait.server.requests;
  expect(first?.path).toBe("/apis/cert-manager.io/v1/namespaces/team/certificaterequests");
  expect(first?.query.get("fieldSelector")).toBe("metadata.name=web-1");
});

test("a decision that comes is told, with the request as it then is", async () => {
  await using wait = await waiting([open]);
  await wait.watching();
  wait.send("MODIFIED", later([condition("Approved", "True", "Boss")]));
  const { decision, object } = await wait.answer;
  expect([decision, object.metadata.resourceVersion]).toEqual(["approved", "8"]);
});

test("a request that is not there is none to wait for", async () => {
  await using wait = await waiting([]);
  await expect(wait.answer).rejects.toMatchObject({ code: "APPROVAL", failure: "gone" });
  await expect(wait.answer).rejects.toThrow("CertificateRequest team/web-1 does not exist");
});

test("one that is deleted meanwhile ends the wait", async () => {
  await using wait = await waiting([open]);
  await wait.watching();
  wait.send("DELETED", later([]));
  await expect(wait.answer).rejects.toMatchObject({ failure: "gone" });
});

test("another of its name is another request, whatever was decided about it", async () => {
  await using wait = await waiting([open]);
  await wait.watching();
  wait.send("MODIFIED", later([condition("Approved", "True")], { uid: "uid-2" }));
  await expect(wait.answer).rejects.toMatchObject({ failure: "replaced" });
});

test.each(["Failed", "InvalidRequest"])("one that is given up, with %s, is not waited for", async (type) => {
  await using wait = await waiting([open]);
  await wait.watching();
  wait.send("MODIFIED", later([condition(type, "True")]));
  await expect(wait.answer).rejects.toMatchObject({ failure: "failed" });
});

test.each([
  [401, "Unauthorized"],
  [403, "Forbidden"],
])("%i ends the wait: time would bring no right to look", async (status, reason) => {
  await using wait = await waiting([], [(response) => failure(response, status, reason)]);
  await expect(wait.answer).rejects.toMatchObject({ code: "KUBE_API", status });
});

test("trouble of the server is waited out", async () => {
  await using wait = await waiting(
    [],
    [
      (response) => failure(response, 503, "ServiceUnavailable"),
      list([requestWith([condition("Approved", "True")])], 7),
    ],
  );
  expect(await wait.answer).toMatchObject({ decision: "approved" });
});

test("the signal ends the wait with its reason, and the watch with it", async () => {
  await using wait = await waiting([open]);
  await wait.watching();
  const reason = new Error("no longer needed");
  wait.ending.abort(reason);
  await expect(wait.answer).rejects.toBe(reason);
  await expect.poll(() => wait.watch.destroyed).toBe(true);
});

test("a signal that has fired before asks nothing", async () => {
  const collection = await startCollection([list([open], 7)], [events()]);
  await using _ = collection;
  const signal = AbortSignal.abort(new Error("too late"));
  const transport = collection.server.transport();
  await expect(waitForApproval({ transport, request, signal })).rejects.toThrow("too late");
  await delay(20);
  expect(collection.server.requests).toEqual([]);
});
