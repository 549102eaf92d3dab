import { afterEach, describe, expect, test } from "vitest";
import { bookmark, events, list, send, startCollection } from "../kube/collection-fixture.ts";
import { json, type Script } from "../kube/scripted-server-fixture.ts";
import type { KubeTransport } from "../kube/transport.ts";
import type { Secret } from "../kube/types.ts";
import { livezChecks, probeLimits } from "../probes/probe-checks.ts";
import { ManualScheduler, settle } from "../queue/manual-scheduler-fixture.ts";
import { secrets } from "../run/resource-types.ts";
import { NamedObjectWatcher, type NamedObjectWatcherOptions } from "./named-object-watcher.ts";

function secret(name: string, version: number, namespace = "team"): Secret {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name,
      namespace,
      uid: `uid-${name}`,
      resourceVersion: String(version),
      creationTimestamp: "2026-05-01T00:00:00Z",
    },
  };
}

const forbidden: Script = (response) =>
  json(response, 403, { kind: "Status", code: 403, reason: "Forbidden", message: "secrets is forbidden." });

const disposers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const dispose of disposers.splice(0)) await dispose();
});

/** A watcher of Secrets from a server that answers these scripts, and who was told of changes. */
async function watching(
  lists: readonly Script[],
  watches: readonly Script[] = [events()],
  more: Partial<NamedObjectWatcherOptions<Secret>> = {},
) {
  const collection = await startCollection(lists, watches);
  const told: string[] = [];
  const troubles: string[] = [];
  const watcher = new NamedObjectWatcher<Secret>({
    transport: collection.server.transport(),
    type: secrets,
    firstLookMs: 5_000,
    onChange: (owner) => told.push(owner),
    onTrouble: (where) => troubles.push(where),
    ...more,
  });
  disposers.push(async () => {
    await watcher.stop();
    await collection[Symbol.asyncDispose]();
  });
  return { collection, watcher, told, troubles };
}

describe("NamedObjectWatcher", () => {
  test("asks for the one object by its name, and answers what exists", async () => {
    const { collection, watcher } = await watching([list([secret("a", 1)], 1), list([], 1)]);
    const found = await watcher.read("acme", "team", ["a", "missing"]);
    expect([...found.keys()]).toEqual(["a"]);
    expect(collection.seen.lists.map((query) => query.get("fieldSelector")).sort()).toEqual([
      "metadata.name=a",
      "metadata.name=missing",
    ]);
    expect(collection.server.requests[0]?.path).toBe("/api/v1/namespaces/team/secrets");
  });

  test("tells every owner of a change, and nobody of the first look", async () => {
    const { collection, watcher, told } = await watching([list([secret("a", 1)], 1)]);
    await watcher.read("acme", "team", ["a"]);
    await watcher.read("other", "team", ["a"]);
    expect(told).toEqual([]);
    await expect.poll(() => collection.seen.watches).toHaveLength(1);
    send(collection.watch, ["MODIFIED", secret("a", 2)]);
    await expect.poll(() => told).toEqual(["acme", "other"]);
    expect((await watcher.read("acme", "team", ["a"])).get("a")?.metadata.resourceVersion).toBe("2");
    expect(collection.seen.lists).toHaveLength(1);
  });

  test("answers with what this process has seen elsewhere until the cache is past it, and tells of nothing older", async () => {
    const news: (string | undefined)[] = [];
    const { collection, watcher } = await watching([list([secret("a", 1)], 1)], [events()], {
      onChange: (_, object) => news.push(object?.metadata.resourceVersion),
    });
    const version = async () =>
      (await watcher.read("acme", "team", ["a"])).get("a")?.metadata.resourceVersion;
    expect(await version()).toBe("1");
    watcher.saw(secret("a", 3));
    expect(await version()).toBe("3");
    await expect.poll(() => collection.seen.watches).toHaveLength(1);
    const changed = (at: number): [string, unknown] => ["MODIFIED", secret("a", at)];
    send(collection.watch, changed(2), changed(3), changed(4));
    await expect.poll(() => news).toEqual(["3", "4"]);
    expect(await version()).toBe("4");
    watcher.saw(secret("a", 3));
    expect(await version()).toBe("4");
    send(collection.watch, ["DELETED", secret("a", 5)]);
    await expect.poll(() => news).toEqual(["3", "4", undefined]);
    expect(await version()).toBeUndefined();
  });

  test("lets an object go when its last owner names it no more", async () => {
    const { collection, watcher } = await watching([list([secret("a", 1)], 1)]);
    await watcher.read("acme", "team", ["a"]);
    await watcher.read("other", "team", ["a"]);
    await expect.poll(() => collection.seen.watches).toHaveLength(1);
    const closed = new Promise((done) => collection.watch.on("close", done));
    await watcher.read("acme", "team", []);
    expect(watcher.health()).toHaveLength(1);
    await watcher.read("other", "team", []);
    expect(watcher.health()).toEqual([]);
    await closed;
  });

  test("keeps namespaces apart", async () => {
    const { watcher } = await watching([list([secret("a", 1)], 1), list([], 1)]);
    expect([...(await watcher.read("acme", "team", ["a"])).keys()]).toEqual(["a"]);
    expect([...(await watcher.read("acme", "other", ["a"])).keys()]).toEqual([]);
  });

  test("says why it cannot look, and which right is missing", async () => {
    const { watcher, troubles } = await watching([forbidden], [], { firstLookMs: 30 });
    await expect(watcher.read("acme", "team", ["a"])).rejects.toThrow(
      "Cannot read Secret team/a: secrets is forbidden. Check that the issuer may list and watch it.",
    );
    expect(troubles).toContain("watch of Secret team/a");
  });

  test("shows a watch that has died in silence, which /livez fails for, beside one that lives", async () => {
    const scheduler = new ManualScheduler();
    const everyMs = 60_000;
    /** Answers the list; the watch of `living` has bookmarks, that of `dead` neither bookmarks nor an end, whatever its limits. */
    const transport = {
      request: async () => ({ metadata: { resourceVersion: "1" }, items: [] }),
      async *stream({ query, onOpen }: Parameters<KubeTransport["stream"]>[0]) {
        onOpen?.();
        for (;;) {
          if (query?.fieldSelector === "metadata.name=dead") await new Promise(() => {});
          await new Promise<void>((next) => scheduler.after(everyMs, next));
          yield { type: bookmark(2)[0], object: bookmark(2)[1] };
        }
      },
    } as unknown as KubeTransport;
    const watcher = new NamedObjectWatcher<Secret>({
      transport,
      type: secrets,
      firstLookMs: 1_000,
      onChange: () => {},
      scheduler,
    });
    await watcher.read("acme", "team", ["dead", "living"]);
    await settle();
    const failed = () =>
      livezChecks({ watches: [], references: watcher.health(), draining: false }, 0).flatMap(
        ({ name, problem }) => (problem === undefined ? [] : [`${name}: ${problem}`]),
      );
    await scheduler.advance(probeLimits.watchSilenceMs);
    expect(failed()).toEqual([]);
    await scheduler.advance(1_000);
    expect(failed()).toEqual([
      "watches of single secrets: 1 of 2: no sign of life for 181.0 s, and no error",
    ]);
  });
});
