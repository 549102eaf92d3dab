import { describe, expect, test } from "vitest";
import { type KubeApi, startKubeApi } from "../start-kube-api.ts";
import { call, MERGE_PATCH, openWatch, widgetCrd } from "../testing-client.ts";

const WIDGETS = "/apis/example.com/v1/namespaces/default/widgets";

async function start(options: Parameters<typeof startKubeApi>[0] = {}): Promise<KubeApi> {
  const api = await startKubeApi(options);
  await call(api, "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", widgetCrd);
  return api;
}

function create(api: KubeApi, name: string, color = "red") {
  const spec = { size: 1, color };
  return call(api, "POST", WIDGETS, {
    apiVersion: "example.com/v1",
    kind: "Widget",
    metadata: { name },
    spec,
  });
}

function paint(api: KubeApi, name: string, color: string) {
  return call(api, "PATCH", `${WIDGETS}/${name}`, { spec: { color } }, { type: MERGE_PATCH });
}

describe("watch", () => {
  test("sends what is there, then what happens", async () => {
    await using api = await start();
    await create(api, "a");
    await using watch = await openWatch(api, WIDGETS);
    await create(api, "b");
    await paint(api, "a", "blue");
    await call(api, "DELETE", `${WIDGETS}/b`);
    expect(await watch.take(4)).toEqual(["ADDED a", "ADDED b", "MODIFIED a", "DELETED b"]);
  });

  test("resumes after a resourceVersion without loss or repetition", async () => {
    await using api = await start();
    const { body } = await create(api, "a");
    for (let index = 0; index < 20; index += 1) await create(api, `n${index}`);
    await using watch = await openWatch(api, `${WIDGETS}?resourceVersion=${body.metadata.resourceVersion}`);
    await create(api, "last");
    const events = await watch.take(21);
    expect(events).toEqual([...Array.from({ length: 20 }, (_, index) => `ADDED n${index}`), "ADDED last"]);
  });

  test("turns entering and leaving a selection into ADDED and DELETED", async () => {
    await using api = await start();
    await using watch = await openWatch(api, `${WIDGETS}?fieldSelector=spec.color%3Dblue`);
    await create(api, "a");
    await paint(api, "a", "blue");
    const left = await paint(api, "a", "red");
    await create(api, "b", "blue");
    expect(await watch.take(3)).toEqual(["ADDED a", "DELETED a", "ADDED b"]);
    expect(watch.events[1]?.object).toMatchObject({
      spec: { color: "blue" },
      metadata: { resourceVersion: left.body.metadata.resourceVersion },
    });
  });

  test("ends with ERROR 410 when history no longer reaches back", async () => {
    await using api = await start({ watchWindow: 3 });
    const { body } = await create(api, "a");
    for (let index = 0; index < 30; index += 1) await create(api, `n${index}`);
    await using watch = await openWatch(api, `${WIDGETS}?resourceVersion=${body.metadata.resourceVersion}`);
    await watch.ended;
    expect(watch.events).toMatchObject([
      { type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } },
    ]);
  });

  test("answers 410 for everything before a compaction and goes on after it", async () => {
    await using api = await start();
    const { body: old } = await create(api, "a");
    const { body: current } = await create(api, "b");
    await using running = await openWatch(api, `${WIDGETS}?resourceVersion=${old.metadata.resourceVersion}`);
    api.compact();
    await using late = await openWatch(api, `${WIDGETS}?resourceVersion=${old.metadata.resourceVersion}`);
    await using fresh = await openWatch(
      api,
      `${WIDGETS}?resourceVersion=${current.metadata.resourceVersion}`,
    );
    await late.ended;
    await create(api, "c");
    expect(late.events).toMatchObject([{ type: "ERROR", object: { code: 410 } }]);
    expect(await running.take(2)).toEqual(["ADDED b", "ADDED c"]);
    expect(await fresh.take(1)).toEqual(["ADDED c"]);
  });

  test("sends bookmarks at its interval to whoever asks", async () => {
    await using api = await start({ bookmarkIntervalMs: 20 });
    const { body } = await create(api, "a");
    await using watch = await openWatch(
      api,
      `${WIDGETS}?allowWatchBookmarks=true&resourceVersion=${body.metadata.resourceVersion}`,
    );
    await using silent = await openWatch(api, `${WIDGETS}?resourceVersion=${body.metadata.resourceVersion}`);
    await watch.take(2);
    expect(watch.events[0]).toMatchObject({
      type: "BOOKMARK",
      object: { kind: "Widget", metadata: { resourceVersion: body.metadata.resourceVersion } },
    });
    expect(silent.events).toEqual([]);
  });

  test("is over when its time is, and is counted while it is open", async () => {
    await using api = await start();
    await using watch = await openWatch(api, `${WIDGETS}?timeoutSeconds=1`);
    expect(api.openWatches).toBe(1);
    await watch.ended;
    await expect.poll(() => api.openWatches).toBe(0);
  });

  test("is let go when the client leaves", async () => {
    await using api = await start();
    const watch = await openWatch(api, WIDGETS);
    expect(api.openWatches).toBe(1);
    await watch[Symbol.asyncDispose]();
    await expect.poll(() => api.openWatches).toBe(0);
  });
});

describe("paged lists", () => {
  test("show one state on all pages, whatever happens meanwhile", async () => {
    await using api = await start();
    for (const name of ["a", "b", "c", "d"]) await create(api, name);
    const first = (await call(api, "GET", `${WIDGETS}?limit=2`)).body;
    await call(api, "DELETE", `${WIDGETS}/d`);
    await paint(api, "c", "blue");
    await create(api, "e");
    const next = `${WIDGETS}?limit=2&continue=${first.metadata.continue}`;
    const second = (await call(api, "GET", next)).body;
    const names = [...first.items, ...second.items].map(
      ({ metadata, spec }) => `${metadata.name} ${spec.color}`,
    );
    expect(names).toEqual(["a red", "b red", "c red", "d red"]);
    expect(second.metadata).toEqual({ continue: "", resourceVersion: first.metadata.resourceVersion });
  });

  test("go on inconsistently, with a new token, when their state is gone", async () => {
    await using api = await start();
    for (const name of ["a", "b", "c"]) await create(api, name);
    const { metadata } = (await call(api, "GET", `${WIDGETS}?limit=2`)).body;
    api.compact();
    await create(api, "d");
    api.compact();
    const gone = await call(api, "GET", `${WIDGETS}?limit=2&continue=${metadata.continue}`);
    expect(gone).toMatchObject({ code: 410, body: { reason: "Expired" } });
    const rest = await call(api, "GET", `${WIDGETS}?limit=2&continue=${gone.body.metadata.continue}`);
    expect(rest.body.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual([
      "c",
      "d",
    ]);
  });
});
