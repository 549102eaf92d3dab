import { expect } from "vitest";
import { contractArea, contractCase } from "../contract-case.ts";
import type { ContractContext } from "../contract-context.ts";
import type { WatchEvent } from "../watch-stream.ts";

const brief = (events: readonly WatchEvent[]) =>
  events.map(({ type, object }) => `${type} ${object.metadata.name}`);

/** Where a watch that must miss nothing after now starts. */
async function now(t: ContractContext, path: string): Promise<string> {
  return (await t.admin.get(path)).list.metadata.resourceVersion;
}

export const watchEndCases = contractArea("watch: bookmarks and ends", [
  contractCase("ends cleanly after timeoutSeconds", async (t) => {
    await t.created(t.widgets(), t.widget("a", {}));
    const started = performance.now();
    const watch = await t.admin.watch(t.widgets(), { timeoutSeconds: 1 });
    expect(brief(await watch.rest())).toEqual(["ADDED a"]);
    expect(performance.now() - started).toBeGreaterThan(900);
  }),

  contractCase("sends a bookmark before timeoutSeconds ends the watch that asked for them", async (t) => {
    const { metadata } = await t.created(t.widgets(), t.widget("a", {}));
    const watch = await t.admin.unrecorded.watch(t.widgets(), {
      resourceVersion: metadata.resourceVersion,
      allowWatchBookmarks: true,
      timeoutSeconds: 3,
    });
    await t.created(t.widgets(), t.widget("b", {}));
    const [added, ...bookmarks] = await watch.rest();
    expect(added?.object.metadata.name).toBe("b");
    expect(bookmarks.length).toBeGreaterThan(0);
    for (const { type, object } of bookmarks) {
      expect(type).toBe("BOOKMARK");
      expect(object).toMatchObject({ kind: "Widget", apiVersion: "contract.countersign.dev/v1" });
      expect(
        BigInt(object.metadata.resourceVersion) >= BigInt(added?.object.metadata.resourceVersion ?? 0),
      ).toBe(true);
    }
  }),

  contractCase("resumes from a bookmark", async (t) => {
    const first = await t.admin.unrecorded.watch(t.widgets(), {
      allowWatchBookmarks: true,
      timeoutSeconds: 3,
    });
    const bookmark = (await first.rest()).at(-1);
    expect(bookmark?.type).toBe("BOOKMARK");
    await t.created(t.widgets(), t.widget("a", {}));
    const watch = await t.admin.watch(t.widgets(), {
      resourceVersion: bookmark?.object.metadata.resourceVersion,
    });
    expect(brief(await watch.take(1))).toEqual(["ADDED a"]);
  }),

  contractCase("sends no bookmark to a watch that did not ask", async (t) => {
    const watch = await t.admin.watch(t.widgets(), { timeoutSeconds: 3 });
    expect(await watch.rest()).toEqual([]);
  }),

  contractCase("ends the initial events of a streaming list with a marked bookmark", async (t) => {
    await t.created(t.widgets(), t.widget("a", {}));
    const watch = await t.admin.watch(t.widgets(), {
      sendInitialEvents: true,
      resourceVersionMatch: "NotOlderThan",
      allowWatchBookmarks: true,
    });
    const [added, bookmark] = await watch.take(2);
    expect(added).toMatchObject({ type: "ADDED", object: { metadata: { name: "a" } } });
    expect(bookmark).toMatchObject({
      type: "BOOKMARK",
      object: { metadata: { annotations: { "k8s.io/initial-events-end": "true" } } },
    });
  }),

  contractCase("refuses sendInitialEvents without resourceVersionMatch", async (t) => {
    const answer = await t.admin.get(t.widgets(), { watch: true, sendInitialEvents: true });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ reason: "Invalid" });
  }),

  contractCase("refuses options of a list, and of a streaming list without its match", async (t) => {
    for (const query of [
      { watch: true, continue: "x" },
      { watch: true, resourceVersionMatch: "NotOlderThan" },
      { watch: true, sendInitialEvents: true, resourceVersionMatch: "Exact" },
      { sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" },
    ]) {
      const answer = await t.admin.get(t.widgets(), query);
      expect(answer.body).toMatchObject({ code: 422, details: { kind: "ListOptions" } });
    }
  }),

  contractCase("sends ERROR 410 Expired for a resourceVersion that history no longer holds", async (t) => {
    const watch = await t.admin.unrecorded.watch(t.widgets(), { resourceVersion: "1" });
    const [event, ...more] = await watch.rest();
    expect(event).toEqual({
      type: "ERROR",
      object: {
        kind: "Status",
        apiVersion: "v1",
        metadata: {},
        status: "Failure",
        message: expect.stringMatching(/^too old resource version: 1 \(\d+\)$/),
        reason: "Expired",
        code: 410,
      },
    });
    expect(more).toEqual([]);
  }),

  contractCase("keeps a watch of another client open when one leaves", async (t) => {
    const resourceVersion = await now(t, t.widgets());
    const leaving = await t.admin.watch(t.widgets(), { resourceVersion });
    const staying = await t.admin.watch(t.widgets(), { resourceVersion });
    leaving.close();
    await t.created(t.widgets(), t.widget("a", {}));
    expect(brief(await staying.take(1))).toEqual(["ADDED a"]);
  }),
]);
