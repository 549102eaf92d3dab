import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { systemScheduler } from "../queue/scheduler.ts";
import { bookmark, events, list, send, startCollection, thing } from "./collection-fixture.ts";
import { failure, reset } from "./scripted-server-fixture.ts";

const names = (things: readonly { metadata: { name: string } }[]) =>
  things.map((t) => t.metadata.name).sort();

test("reads all pages before it shows any, and deletes nothing between pages", async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await using collection = await startCollection(
    [
      list([thing("a", 1)], 10, "page2"),
      list([thing("b", 2)], 10),
      list([thing("a", 1)], 20, "page2"),
      async (...args) => {
        await held;
        await list([thing("b", 2), thing("c", 15)], 20)(...args);
      },
    ],
    [events(["ERROR", { kind: "Status", code: 410, reason: "Expired" }]), events()],
  );
  const informer = collection.inform();
  await informer.synced;
  expect(names(informer.store.list())).toEqual(["a", "b"]);
  await expect.poll(() => collection.seen.lists).toHaveLength(4);
  expect(collection.seen.lists[1]?.get("continue")).toBe("page2");
  expect(names(informer.store.list())).toEqual(["a", "b"]);
  release();
  await expect.poll(() => collection.changes).toEqual(["+a@1*", "+b@2*", "+c@15*"]);
});

test("resumes from the last bookmark after a clean end", async () => {
  await using collection = await startCollection(
    [list([], 1)],
    [
      (response, request) => {
        events(["ADDED", thing("a", 5)], bookmark(42))(response, request);
        response.end();
      },
      events(),
    ],
  );
  collection.inform();
  await expect.poll(() => collection.seen.watches.map((q) => q.get("resourceVersion"))).toEqual(["1", "42"]);
  expect(collection.seen.lists).toHaveLength(1);
  expect(collection.troubles).toEqual([]);
});

test("resumes from the last version after a TCP reset", async () => {
  await using collection = await startCollection(
    [list([], 1)],
    [
      (response, request) => {
        events(["ADDED", thing("a", 5)])(response, request);
        setTimeout(() => reset(response), 20);
      },
      events(["ADDED", thing("b", 6)]),
    ],
  );
  const informer = collection.inform();
  await expect.poll(() => collection.changes).toEqual(["+a@5", "+b@6"]);
  expect(collection.seen.watches[1]?.get("resourceVersion")).toBe("5");
  expect(collection.seen.lists).toHaveLength(1);
  expect(collection.troubles).toMatchObject([{ during: "watch", error: { failure: "truncated" } }]);
  expect(informer.lastError).toBeUndefined();
});

test("resumes after a stalled stream, which bookmarks keep from looking stalled", async () => {
  await using collection = await startCollection(
    [list([], 1)],
    [
      async (response, request) => {
        events()(response, request);
        for (let version = 2; version <= 6; version += 1) {
          await sleep(40);
          send(response, bookmark(version));
        }
      },
      events(),
    ],
  );
  collection.inform({ timing: { idleTimeoutMs: 120, backoff: { initialMs: 1, maxMs: 1 } } });
  await expect.poll(() => collection.seen.watches.map((q) => q.get("resourceVersion"))).toEqual(["1", "6"]);
  expect(collection.troubles).toMatchObject([{ during: "watch", error: { failure: "idle" } }]);
});

test("HTTP 410 lists again: at once the first time, after a back-off from then on", async () => {
  await using collection = await startCollection(
    [list([], 1)],
    [(response) => failure(response, 410, "Expired")],
  );
  const started = performance.now();
  collection.inform({ timing: { backoff: { initialMs: 300, maxMs: 300 } }, scheduler: withRandom(0.99) });
  await expect.poll(() => collection.seen.lists).toHaveLength(2);
  expect(performance.now() - started).toBeLessThan(250);
  await expect.poll(() => collection.seen.lists).toHaveLength(3);
  expect(performance.now() - started).toBeGreaterThan(290);
});

test("an ERROR event other than 410 is reported, and lists again after a back-off", async () => {
  await using collection = await startCollection(
    [list([thing("a", 1)], 1), list([thing("a", 1), thing("b", 7)], 8)],
    [events(["ERROR", { kind: "Status", code: 500, message: "etcd trouble" }]), events()],
  );
  collection.inform();
  await expect.poll(() => collection.changes).toEqual(["+a@1*", "+b@7*"]);
  expect(collection.troubles).toMatchObject([
    { during: "watch", error: { status: 500, message: "etcd trouble" } },
  ]);
});

test.each([
  [403, "Forbidden"],
  [404, "NotFound"],
  [500, "InternalError"],
])(
  "a list that fails with %i is tried again and shows as lastError until it succeeds",
  async (code, reason) => {
    let fails = true;
    await using collection = await startCollection(
      [
        (response, request) =>
          fails ? failure(response, code, reason) : list([thing("a", 1)], 1)(response, request),
      ],
      [events()],
    );
    const informer = collection.inform();
    await expect.poll(() => collection.seen.lists.length).toBeGreaterThan(2);
    expect(informer.lastError).toMatchObject({ status: code, reason });
    expect(informer.store.hasSynced).toBe(false);
    fails = false;
    await informer.synced;
    expect(informer.lastError).toBeUndefined();
  },
);

test("starts before the server does", async () => {
  await using collection = await startCollection([list([thing("a", 1)], 1)], [events()]);
  const { port } = collection.server;
  const transport = collection.server.transport();
  await collection.server.close();
  const informer = collection.inform({ transport });
  await expect.poll(() => informer.lastError).toMatchObject({ failure: "refused" });
  await collection.server.listen(port);
  await informer.synced;
});

test("a line that is no JSON is reported, and lists again", async () => {
  await using collection = await startCollection(
    [list([], 1), list([thing("a", 3)], 3)],
    [
      (response, request) => {
        events()(response, request);
        response.write('{"type":"ADDED","obj\n');
      },
      events(),
    ],
  );
  collection.inform();
  await expect.poll(() => collection.changes).toEqual(["+a@3*"]);
  expect(collection.troubles).toMatchObject([{ during: "watch", error: { failure: "protocol" } }]);
});

test("an end in the middle of a line loses nothing", async () => {
  const line = JSON.stringify({ type: "ADDED", object: thing("b", 6) });
  await using collection = await startCollection(
    [list([], 1)],
    [
      (response, request) => {
        events(["ADDED", thing("a", 5)])(response, request);
        response.end(line.slice(0, 30));
      },
      (response, request) => {
        events()(response, request);
        response.write(`${line}\n`);
      },
    ],
  );
  collection.inform();
  await expect.poll(() => collection.changes).toContain("+b@6");
  expect(collection.changes.filter((change) => change.startsWith("+"))).toEqual(["+a@5", "+b@6"]);
});

test("events may be cut anywhere, also within a character", async () => {
  const colored = thing("a", 5, { spec: { color: "grün 🟢" } });
  await using collection = await startCollection(
    [list([], 1)],
    [
      async (response, request) => {
        events()(response, request);
        for (const byte of Buffer.from(`${JSON.stringify({ type: "ADDED", object: colored })}\n`)) {
          response.write(Buffer.from([byte]));
          await sleep(0);
        }
      },
    ],
  );
  const informer = collection.inform();
  await expect.poll(() => informer.store.get("ns/a")?.spec?.color).toBe("grün 🟢");
});

test("a listener that throws is reported and stops neither the watch nor other listeners", async () => {
  await using collection = await startCollection(
    [list([thing("a", 1)], 1)],
    [events(["MODIFIED", thing("a", 2)], ["ADDED", thing("b", 3)])],
  );
  const informer = collection.inform();
  informer.store.onChange(() => {
    throw new Error("bad handler");
  });
  const heard: string[] = [];
  informer.store.onChange(({ object }) => heard.push(object.metadata.name));
  await expect.poll(() => heard).toEqual(["a", "a", "b"]);
  expect(collection.seen.watches).toHaveLength(1);
  expect(collection.troubles.map(({ during }) => during)).toEqual(["handler", "handler", "handler"]);
});

test("an expired continue token starts the list over, in one piece", async () => {
  await using collection = await startCollection(
    [
      list([thing("a", 1)], 10, "page2"),
      (response) => failure(response, 410, "Expired", "The provided continue parameter is too old"),
      list([thing("a", 1), thing("b", 2)], 11),
    ],
    [events()],
  );
  const informer = collection.inform();
  await informer.synced;
  expect(names(informer.store.list())).toEqual(["a", "b"]);
  expect(collection.seen.lists.map((q) => q.get("limit"))).toEqual(["500", "500", null]);
});

test("a version that the server refuses three times is given up, and listed anew", async () => {
  await using collection = await startCollection(
    [list([], 1_000_000), list([], 7)],
    [
      (response) => failure(response, 504, "Timeout", "Too large resource version: 1000000, current: 7"),
      (response) => failure(response, 504, "Timeout", "Too large resource version: 1000000, current: 7"),
      (response) => failure(response, 504, "Timeout", "Too large resource version: 1000000, current: 7"),
      events(),
    ],
  );
  collection.inform();
  await expect
    .poll(() => collection.seen.watches.map((q) => q.get("resourceVersion")))
    .toEqual(["1000000", "1000000", "1000000", "7"]);
});

test("429 on a watch waits as long as the server asks", async () => {
  await using collection = await startCollection(
    [list([], 1)],
    [(response) => failure(response, 429, "TooManyRequests", "wait", { "retry-after": "1" }), events()],
  );
  const started = performance.now();
  collection.inform();
  await expect.poll(() => collection.seen.watches, { timeout: 5_000 }).toHaveLength(2);
  expect(performance.now() - started).toBeGreaterThan(990);
  expect(collection.seen.lists).toHaveLength(1);
});

test("an object that was replaced by one of the same name is deleted and added", async () => {
  await using collection = await startCollection(
    [list([thing("a", 1)], 1), list([thing("a", 9, { uid: "another" })], 9)],
    [events(["ERROR", { kind: "Status", code: 410 }]), events()],
  );
  collection.inform();
  await expect.poll(() => collection.changes).toEqual(["+a@1*", "-a@1*", "+a@9*"]);
});

test("stop during a watch resolves at once, closes the connection, and nothing is told afterwards", async () => {
  await using collection = await startCollection([list([], 1)], [events()]);
  const informer = collection.inform();
  await expect.poll(() => collection.seen.watches).toHaveLength(1);
  const { watch } = collection;
  send(watch, ["ADDED", thing("late", 2)]);
  const at = performance.now();
  await informer.stop();
  expect(performance.now() - at).toBeLessThan(50);
  await expect.poll(() => watch.destroyed).toBe(true);
  expect(collection.troubles).toEqual([]);
  await sleep(150);
  expect(collection.changes).toEqual([]);
  expect(collection.seen.watches).toHaveLength(1);
});

test("stop during a back-off resolves at once and nothing comes back", async () => {
  await using collection = await startCollection(
    [(response) => failure(response, 500, "InternalError")],
    [events()],
  );
  const informer = collection.inform({
    timing: { backoff: { initialMs: 200, maxMs: 200 } },
    scheduler: withRandom(0.9),
  });
  await expect.poll(() => collection.troubles).toHaveLength(1);
  const at = performance.now();
  await informer.stop();
  expect(performance.now() - at).toBeLessThan(50);
  await sleep(300);
  expect(collection.seen.lists).toHaveLength(1);
  await expect(informer.synced).rejects.toThrow("stopped before its first list was complete");
});

test("stop while connecting aborts the connection", async () => {
  await using collection = await startCollection([() => {}], [events()]);
  const informer = collection.inform();
  await expect.poll(() => collection.seen.lists).toHaveLength(1);
  await informer.stop();
  await expect.poll(() => collection.server.open).toBe(0);
});

test("stop in the middle of a paged list leaves the store untouched", async () => {
  await using collection = await startCollection([list([thing("a", 1)], 1, "more"), () => {}], [events()]);
  const informer = collection.inform();
  await expect.poll(() => collection.seen.lists).toHaveLength(2);
  await informer.stop();
  expect(informer.store.size).toBe(0);
});

test("pages that are too large are asked for in halves", async () => {
  const big = { spec: { color: "x".repeat(300) } };
  await using collection = await startCollection(
    [
      (response, request) => {
        const limit = Number(request.query.get("limit"));
        const from = Number(request.query.get("continue") ?? 0);
        const items = Array.from({ length: Math.min(limit, 8 - from) }, (_, i) =>
          thing(`t${from + i}`, 1, big),
        );
        const next = from + limit < 8 ? String(from + limit) : undefined;
        return list(items, 1, next)(response, request);
      },
    ],
    [events()],
  );
  const transport = collection.server.transport({ maxBodyBytes: 3_000 });
  const informer = collection.inform({
    transport,
    timing: { pageSize: 8, backoff: { initialMs: 1, maxMs: 1 } },
  });
  await informer.synced;
  expect(informer.store.size).toBe(8);
  expect(collection.seen.lists.map((q) => q.get("limit"))).toEqual(["8", "4", "4"]);
  expect(
    collection.troubles.every(({ error }) => (error as { failure?: string }).failure === "too-large"),
  ).toBe(true);
});

test("hooks that throw end nothing", async () => {
  await using collection = await startCollection(
    [(response) => failure(response, 500, "InternalError"), list([thing("a", 1)], 1)],
    [events()],
  );
  const informer = collection.inform({
    onTrouble: () => {
      throw new Error("bad hook");
    },
  });
  await informer.synced;
});

function withRandom(value: number) {
  return { ...systemScheduler, random: () => value };
}
