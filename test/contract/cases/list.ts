import { expect } from "vitest";
import { contractArea, contractCase } from "../contract-case.ts";
import { clusterPath } from "../paths.ts";
import { status } from "../status.ts";

const names = (list: { readonly items: readonly { readonly metadata: { readonly name: string } }[] }) =>
  list.items.map((item) => item.metadata.name);

export const listCases = contractArea("list", [
  contractCase("returns an empty array, not null, and the store's resourceVersion", async (t) => {
    const { list } = await t.admin.get(t.widgets());
    expect(list).toEqual({
      apiVersion: "contract.countersign.dev/v1",
      kind: "WidgetList",
      metadata: { continue: "", resourceVersion: list.metadata.resourceVersion },
      items: [],
    });
    expect(list.metadata.resourceVersion).toMatch(/^[1-9][0-9]*$/);
  }),

  contractCase("returns an empty list of a built-in resource without a continue field", async (t) => {
    const { list } = await t.admin.get(t.secrets());
    expect(list).toEqual({
      apiVersion: "v1",
      kind: "SecretList",
      metadata: { resourceVersion: list.metadata.resourceVersion },
      items: [],
    });
  }),

  contractCase("returns an empty list for a namespace that does not exist", async (t) => {
    const { list } = await t.admin.get(t.widgets().replace(t.namespace, "no-such-namespace"));
    expect(list.items).toEqual([]);
  }),

  contractCase("orders by name, and keeps kind and apiVersion on custom resources only", async (t) => {
    for (const name of ["b", "c", "a"]) {
      await t.created(t.widgets(), t.widget(name, {}));
      await t.created(t.configMaps(), { metadata: { name } });
    }
    const widgets = (await t.admin.get(t.widgets())).list;
    expect(names(widgets)).toEqual(["a", "b", "c"]);
    expect(widgets.items[0]).toMatchObject({ apiVersion: "contract.countersign.dev/v1", kind: "Widget" });
    const maps = (await t.admin.get(t.configMaps())).list;
    expect(names(maps)).toEqual(["a", "b", "c"]);
    expect(maps.items[0]).not.toHaveProperty("kind");
    expect(maps.items[0]).not.toHaveProperty("apiVersion");
  }),

  contractCase("has a resourceVersion at least as new as the newest object", async (t) => {
    const created = await t.created(t.widgets(), t.widget("a", {}));
    const { list } = await t.admin.get(t.widgets());
    const [listed, own] = [list.metadata.resourceVersion, created.metadata.resourceVersion].map(BigInt);
    expect((listed ?? 0n) >= (own ?? 0n)).toBe(true);
  }),

  contractCase("lists across namespaces", async (t) => {
    const other = t.unique("other");
    await t.created("/api/v1/namespaces", { metadata: { name: other } });
    const metadata = { name: "a", labels: { case: t.suffix } };
    await t.created(t.widgets(), { ...t.widget("a", {}), metadata });
    await t.created(t.widgets().replace(t.namespace, other), { ...t.widget("a", {}), metadata });
    const path = clusterPath("contract.countersign.dev/v1", "widgets");
    const { list } = await t.admin.get(path, { labelSelector: `case=${t.suffix}` });
    expect(list.items.map((item) => item.metadata.namespace)).toEqual([t.namespace, other]);
  }),

  contractCase("pages with limit and continue and counts what remains", async (t) => {
    for (const name of ["a", "b", "c", "d", "e"]) await t.created(t.widgets(), t.widget(name, {}));
    const first = (await t.admin.get(t.widgets(), { limit: 2 })).list;
    expect(names(first)).toEqual(["a", "b"]);
    expect(first.metadata.remainingItemCount).toBe(3);
    expect(first.metadata.continue).toMatch(/^\S+$/);
    const second = (await t.admin.get(t.widgets(), { limit: 2, continue: first.metadata.continue })).list;
    expect(names(second)).toEqual(["c", "d"]);
    expect(second.metadata.remainingItemCount).toBe(1);
    const third = (await t.admin.get(t.widgets(), { limit: 2, continue: second.metadata.continue })).list;
    expect(names(third)).toEqual(["e"]);
    expect(third.metadata.continue).toBe("");
    expect(third.metadata).not.toHaveProperty("remainingItemCount");
  }),

  contractCase("has no continue token when the last page is exactly full", async (t) => {
    for (const name of ["a", "b"]) await t.created(t.widgets(), t.widget(name, {}));
    const { list } = await t.admin.get(t.widgets(), { limit: 2 });
    expect(list.metadata.continue).toBe("");
  }),

  contractCase("serves later pages from the snapshot of the first", async (t) => {
    for (const name of ["a", "b", "c"]) await t.created(t.widgets(), t.widget(name, { size: 1 }));
    const first = (await t.admin.get(t.widgets(), { limit: 1 })).list;
    await t.created(t.widgets(), t.widget("bb", {}));
    await t.admin.patch(t.widgets("b"), "merge", { spec: { size: 2 } });
    await t.admin.delete(t.widgets("c"));
    const rest = (await t.admin.get(t.widgets(), { continue: first.metadata.continue })).list;
    expect(names(rest)).toEqual(["b", "c"]);
    expect(rest.items[0]).toMatchObject({ spec: { size: 1 } });
    expect(rest.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    expect(names((await t.admin.get(t.widgets())).list)).toEqual(["a", "b", "bb"]);
  }),

  contractCase("does not count what remains where a selector applies", async (t) => {
    for (const name of ["a", "b", "c"]) {
      await t.created(t.widgets(), { ...t.widget(name, {}), metadata: { name, labels: { app: "x" } } });
    }
    const { list } = await t.admin.get(t.widgets(), { limit: 1, labelSelector: "app=x" });
    expect(names(list)).toEqual(["a"]);
    expect(list.metadata.continue).not.toBe("");
    expect(list.metadata).not.toHaveProperty("remainingItemCount");
  }),

  contractCase("fills a page past objects that the selector leaves out", async (t) => {
    for (const name of ["a", "b", "c", "d"]) {
      const labels = { parity: name === "b" || name === "d" ? "even" : "odd" };
      await t.created(t.widgets(), { ...t.widget(name, {}), metadata: { name, labels } });
    }
    const first = (await t.admin.get(t.widgets(), { limit: 1, labelSelector: "parity=even" })).list;
    expect(names(first)).toEqual(["b"]);
    const second = (
      await t.admin.get(t.widgets(), {
        limit: 1,
        labelSelector: "parity=even",
        continue: first.metadata.continue,
      })
    ).list;
    expect(names(second)).toEqual(["d"]);
  }),

  contractCase("refuses a limit that is no number", async (t) => {
    const answer = await t.admin.get(t.widgets(), { limit: "x" });
    expect(answer.body).toEqual(status(400, "BadRequest", 'strconv.ParseInt: parsing "x": invalid syntax'));
  }),

  contractCase("refuses a continue token that it did not issue", async (t) => {
    const answer = await t.admin.get(t.widgets(), { limit: 1, continue: "?" });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({
      reason: "BadRequest",
      message: expect.stringMatching(/^invalid continue token: continue key is not valid: /),
    });
  }),

  contractCase("refuses a resourceVersion that is no number", async (t) => {
    const answer = await t.admin.get(t.widgets(), { resourceVersion: "abc" });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ reason: "BadRequest" });
  }),

  contractCase("refuses a resourceVersion beside a continue token", async (t) => {
    for (const name of ["a", "b"]) await t.created(t.widgets(), t.widget(name, {}));
    const { metadata } = (await t.admin.get(t.widgets(), { limit: 1 })).list;
    const query = { limit: 1, continue: metadata.continue, resourceVersion: metadata.resourceVersion };
    const answer = await t.admin.get(t.widgets(), query);
    expect(answer.status).toBe(400);
    return answer.status;
  }),

  contractCase("answers 504 for a resourceVersion that the store has not reached", async (t) => {
    const { metadata } = (await t.admin.get(t.widgets())).list;
    const resourceVersion = String(BigInt(metadata.resourceVersion) + 1_000_000n);
    const answer = await t.admin.unrecorded.get(t.widgets(), { resourceVersion });
    expect(answer.status).toBe(504);
    expect(answer.body).toMatchObject({
      reason: "Timeout",
      message: expect.stringMatching(/^Timeout: Too large resource version: \d+, current: \d+$/),
      details: {
        causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
        retryAfterSeconds: 1,
      },
    });
  }),

  contractCase("serves the past at exactly a resourceVersion", async (t) => {
    const created = await t.created(t.widgets(), t.widget("a", { size: 1 }));
    await t.admin.patch(t.widgets("a"), "merge", { spec: { size: 2 } });
    const { resourceVersion } = created.metadata;
    const past = await t.admin.get(t.widgets(), { resourceVersion, resourceVersionMatch: "Exact" });
    expect(past.list.items).toEqual([created]);
    expect(past.list.metadata.resourceVersion).toBe(resourceVersion);
    const legacy = await t.admin.get(t.widgets(), { resourceVersion, limit: 1 });
    expect(legacy.list.items).toEqual([created]);
    const fresh = await t.admin.get(t.widgets(), { resourceVersion, resourceVersionMatch: "NotOlderThan" });
    expect(fresh.list.items).toMatchObject([{ spec: { size: 2 } }]);
  }),

  contractCase("refuses a resourceVersionMatch that is unknown or alone", async (t) => {
    for (const query of [
      { resourceVersionMatch: "Exact" },
      { resourceVersionMatch: "Odd", resourceVersion: "1" },
      { resourceVersionMatch: "Exact", resourceVersion: "0" },
    ]) {
      const answer = await t.admin.get(t.widgets(), query);
      expect(answer.body).toMatchObject({
        code: 422,
        details: { kind: "ListOptions", causes: [{ field: "resourceVersionMatch" }] },
      });
    }
  }),

  contractCase("deletes a collection by selector and returns what it deleted", async (t) => {
    for (const name of ["a", "b", "c"]) {
      const labels = { doomed: String(name !== "b") };
      await t.created(t.widgets(), { ...t.widget(name, {}), metadata: { name, labels } });
    }
    const answer = await t.admin.delete(t.widgets(), undefined, { labelSelector: "doomed=true" });
    expect(answer.status).toBe(200);
    expect(names(answer.list).toSorted()).toEqual(["a", "c"]);
    expect(names((await t.admin.get(t.widgets())).list)).toEqual(["b"]);
  }),
]);
