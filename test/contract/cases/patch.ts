import { expect } from "vitest";
import { contractArea, contractCase } from "../contract-case.ts";
import { status } from "../status.ts";

const rejected = status(422, "Invalid", "the server rejected our request due to an error in our request", {});

function badPatch(title: string, operations: unknown) {
  return contractCase(`JSON patch: refuses ${title}`, async (t) => {
    await t.created(t.widgets(), t.widget("a", { size: 1 }));
    const answer = await t.admin.patch(t.widgets("a"), "json", operations);
    expect(answer.body).toEqual(rejected);
  });
}

export const patchCases = contractArea("patch", [
  contractCase("merge: replaces values and lists, merges objects, removes on null", async (t) => {
    const spec = { size: 1, steps: ["a", "b"], labels: { x: "1", y: "2" }, code: "ok" };
    await t.created(t.widgets(), t.widget("a", spec));
    const answer = await t.admin.patch(t.widgets("a"), "merge", {
      spec: { size: 2, steps: ["c"], labels: { x: null, z: "3" }, code: null },
    });
    expect(answer.status).toBe(200);
    expect(answer.object.spec).toEqual({ mode: "slow", size: 2, steps: ["c"], labels: { y: "2", z: "3" } });
    expect(answer.object.metadata.generation).toBe(2);
  }),

  contractCase("merge: keeps resourceVersion when nothing changes", async (t) => {
    const created = await t.created(t.widgets(), t.widget("a", { size: 1 }));
    const answer = await t.admin.patch(t.widgets("a"), "merge", { spec: { size: 1 } });
    expect(answer.object).toEqual(created);
  }),

  contractCase("merge: takes a resourceVersion as a precondition", async (t) => {
    const created = await t.created(t.widgets(), t.widget("a", { size: 1 }));
    const patch = (size: number) =>
      t.admin.patch(t.widgets("a"), "merge", {
        metadata: { resourceVersion: created.metadata.resourceVersion },
        spec: { size },
      });
    expect((await patch(2)).status).toBe(200);
    const answer = await patch(3);
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({ reason: "Conflict", details: { name: "a", kind: "widgets" } });
  }),

  contractCase("merge: refuses another uid as a change of an immutable field", async (t) => {
    await t.created(t.widgets(), t.widget("a", { size: 1 }));
    const answer = await t.admin.patch(t.widgets("a"), "merge", {
      metadata: { uid: "x" },
      spec: { size: 2 },
    });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      reason: "Invalid",
      message:
        'Widget.contract.countersign.dev "a" is invalid: metadata.uid: Invalid value: "x": field is immutable',
    });
  }),

  contractCase("merge: refuses to rename", async (t) => {
    await t.created(t.widgets(), t.widget("a", {}));
    const answer = await t.admin.patch(t.widgets("a"), "merge", { metadata: { name: "b" } });
    expect(answer.body).toEqual(
      status(400, "BadRequest", "the name of the object (b) does not match the name on the URL (a)"),
    );
  }),

  contractCase("merge: refuses a body that is no object", async (t) => {
    await t.created(t.widgets(), t.widget("a", {}));
    for (const body of ["[]", '"x"', "nope"]) {
      const answer = await t.admin.patch(t.widgets("a"), "merge", body);
      expect(answer.status).toBe(400);
      expect(answer.body).toMatchObject({
        reason: "BadRequest",
        message: expect.stringMatching(/^error decoding patch: /),
      });
    }
  }),

  contractCase("merge: prunes unknown fields and validates the result", async (t) => {
    await t.created(t.widgets(), t.widget("a", { size: 1 }));
    const unknown = await t.admin.patch(t.widgets("a"), "merge", { spec: { size: 2, bogus: 1 } });
    expect(unknown.object.spec).toEqual({ mode: "slow", size: 2 });
    const wrong = await t.admin.patch(t.widgets("a"), "merge", { spec: { size: 200 } });
    expect(wrong.status).toBe(422);
  }),

  contractCase("answers 404 for an object that does not exist, of every type but apply", async (t) => {
    for (const [type, body] of [
      ["merge", {}],
      ["json", []],
    ] as const) {
      const answer = await t.admin.patch(t.widgets("a"), type, body);
      expect(answer.status).toBe(404);
      expect(answer.body).toMatchObject({ reason: "NotFound" });
    }
  }),

  contractCase("JSON patch: adds, replaces, removes, moves and copies", async (t) => {
    const spec = { size: 1, steps: ["a", "c"], labels: { x: "1", "a/b~c": "2" } };
    await t.created(t.widgets(), t.widget("a", spec));
    const answer = await t.admin.patch(t.widgets("a"), "json", [
      { op: "test", path: "/spec/size", value: 1 },
      { op: "replace", path: "/spec/size", value: 5 },
      { op: "add", path: "/spec/steps/1", value: "b" },
      { op: "remove", path: "/spec/steps/0" },
      { op: "add", path: "/spec/steps/-", value: "d" },
      { op: "move", from: "/spec/labels/a~1b~0c", path: "/spec/labels/moved" },
      { op: "copy", from: "/spec/labels/x", path: "/spec/labels/y" },
    ]);
    expect(answer.object.spec).toEqual({
      mode: "slow",
      size: 5,
      steps: ["b", "c", "d"],
      labels: { x: "1", moved: "2", y: "1" },
    });
  }),

  badPatch("a test that fails", [{ op: "test", path: "/spec/size", value: 2 }]),
  badPatch("a test of another uid", [{ op: "test", path: "/metadata/uid", value: "x" }]),
  badPatch("to remove what is not there", [{ op: "remove", path: "/spec/code" }]),
  badPatch("to add below what is not there", [{ op: "add", path: "/spec/pair/left", value: "x" }]),
  badPatch("an index past the end", [
    { op: "add", path: "/spec/steps", value: [] },
    { op: "add", path: "/spec/steps/5", value: "x" },
  ]),
  badPatch("an unknown operation", [{ op: "bogus", path: "/spec/size", value: 1 }]),

  contractCase("JSON patch: changes nothing where one operation fails", async (t) => {
    const created = await t.created(t.widgets(), t.widget("a", { size: 1 }));
    await t.admin.patch(t.widgets("a"), "json", [
      { op: "replace", path: "/spec/size", value: 9 },
      { op: "test", path: "/spec/size", value: 1 },
    ]);
    expect((await t.admin.get(t.widgets("a"))).object).toEqual(created);
  }),

  contractCase("JSON patch: refuses a body that is no array", async (t) => {
    await t.created(t.widgets(), t.widget("a", {}));
    const answer = await t.admin.patch(t.widgets("a"), "json", { op: "test" });
    expect(answer.body).toEqual(
      status(
        400,
        "BadRequest",
        "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
      ),
    );
  }),

  contractCase("strategic: merges lists of a built-in resource by their key", async (t) => {
    const subject = (name: string) => ({ apiVersion: "v1", kind: "ConfigMap", name, uid: `uid-${name}` });
    const metadata = { name: "a", ownerReferences: [subject("one"), subject("two")], finalizers: ["x/a"] };
    await t.created(t.configMaps(), { metadata, data: { key: "1" } });
    const answer = await t.admin.patch(t.configMaps("a"), "strategic", {
      metadata: {
        ownerReferences: [{ uid: "uid-three", apiVersion: "v1", kind: "ConfigMap", name: "three" }],
        finalizers: ["x/b"],
      },
      data: { other: "2" },
    });
    expect(answer.object).toMatchObject({
      data: { key: "1", other: "2" },
      metadata: { finalizers: expect.arrayContaining(["x/a", "x/b"]) },
    });
    const owners = (answer.object.metadata as unknown as { ownerReferences: { name: string }[] })
      .ownerReferences;
    expect(owners.map(({ name }) => name).toSorted()).toEqual(["one", "three", "two"]);
  }),

  contractCase("strategic: deletes a list item by $patch and replaces an object by $patch", async (t) => {
    const owner = { apiVersion: "v1", kind: "ConfigMap", name: "one", uid: "uid-one" };
    await t.created(t.configMaps(), {
      metadata: { name: "a", ownerReferences: [owner, { ...owner, name: "two", uid: "uid-two" }] },
      data: { key: "1" },
    });
    const answer = await t.admin.patch(t.configMaps("a"), "strategic", {
      metadata: { ownerReferences: [{ $patch: "delete", uid: "uid-one" }] },
      data: { $patch: "replace", other: "2" },
    });
    expect(answer.object).toMatchObject({
      data: { other: "2" },
      metadata: { ownerReferences: [{ name: "two" }] },
    });
    expect(answer.object.data).not.toHaveProperty("key");
  }),

  contractCase("strategic: is not offered for custom resources", async (t) => {
    await t.created(t.widgets(), t.widget("a", {}));
    const answer = await t.admin.patch(t.widgets("a"), "strategic", {});
    expect(answer.body).toEqual(
      status(
        415,
        "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types include: " +
          "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
      ),
    );
  }),

  contractCase("refuses a patch of an unknown media type", async (t) => {
    const map = await t.created(t.configMaps(), { metadata: { name: "a" } });
    const request = { body: map, contentType: "application/json" };
    const builtIn = await t.admin.request("PATCH", t.configMaps("a"), request);
    expect(builtIn.status).toBe(415);
    expect(builtIn.body).toMatchObject({ reason: "UnsupportedMediaType" });
    await t.created(t.widgets(), t.widget("a", {}));
    const custom = await t.admin.request("PATCH", t.widgets("a"), request);
    expect(custom.status).toBe(415);
    expect(custom.body).toMatchObject({ reason: "UnsupportedMediaType" });
  }),

  contractCase("survives concurrent patches of different fields, all of them applied", async (t) => {
    await t.created(t.configMaps(), { metadata: { name: "a" }, data: {} });
    const keys = ["a", "b", "c", "d", "e", "f"];
    const { unrecorded } = t.admin;
    const answers = await Promise.all(
      keys.map((key) => unrecorded.patch(t.configMaps("a"), "merge", { data: { [key]: key } })),
    );
    expect(answers.map((answer) => answer.status)).toEqual(keys.map(() => 200));
    const { data } = (await t.admin.unrecorded.get(t.configMaps("a"))).object;
    expect(Object.keys(data as object).toSorted()).toEqual(keys);
  }),
]);
