import { expect } from "vitest";
import type { KubeObject } from "../answer.ts";
import { contractArea, contractCase } from "../contract-case.ts";
import type { ContractContext } from "../contract-context.ts";
import { crd, crdsPath } from "../crds.ts";
import { clusterPath, namespacedPath } from "../paths.ts";

function toys(t: ContractContext, schema: Readonly<Record<string, unknown>>, more = {}) {
  const group = `${t.suffix}.example.com`;
  return crd({ plural: "toys", kind: "Toy", scope: "Namespaced", group, schema, status: false, more });
}

const path = (t: ContractContext) => namespacedPath(`${t.suffix}.example.com/v1`, t.namespace, "toys");
const toy = (t: ContractContext, name: string, spec: unknown = {}) => ({
  apiVersion: `${t.suffix}.example.com/v1`,
  kind: "Toy",
  metadata: { name },
  spec,
});

/** Creates the CRD and waits until its resource answers. */
async function install(t: ContractContext, definition: ReturnType<typeof crd>): Promise<void> {
  await t.created(crdsPath, definition);
  await t.eventually(
    () => t.admin.unrecorded.get(path(t)),
    (answer) => answer.status === 200,
  );
}

const conditionsOf = (object: KubeObject) =>
  (object.status as { conditions?: { type: string; status: string }[] }).conditions ?? [];

function refuses(title: string, schema: Readonly<Record<string, unknown>>, field: string, reason: string) {
  return contractCase(`refuses ${title}`, async (t) => {
    const answer = await t.admin.create(crdsPath, toys(t, schema));
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      reason: "Invalid",
      details: { causes: expect.arrayContaining([expect.objectContaining({ field, reason })]) },
    });
  });
}

const root = "spec.validation.openAPIV3Schema.properties[spec]";

export const crdCases = contractArea("CustomResourceDefinitions", [
  contractCase("fill in names and conversion", async (t) => {
    const created = await t.created(crdsPath, toys(t, {}));
    expect(created).toMatchObject({
      metadata: { generation: 1 },
      spec: {
        names: { plural: "toys", singular: "toy", kind: "Toy", listKind: "ToyList" },
        conversion: { strategy: "None" },
      },
      status: { storedVersions: ["v1"] },
    });
  }),

  contractCase("become Established and serve their resource", async (t) => {
    const definition = toys(t, { spec: { type: "object", properties: { a: { type: "string" } } } });
    await t.created(crdsPath, definition);
    const name = definition.metadata.name;
    const answer = await t.eventually(
      () => t.admin.unrecorded.get(`${crdsPath}/${name}`),
      (reply) =>
        conditionsOf(reply.object).some(({ type, status }) => type === "Established" && status === "True"),
    );
    expect(conditionsOf(answer.object).map(({ type, status }) => `${type} ${status}`)).toEqual([
      "NamesAccepted True",
      "Established True",
    ]);
    await t.eventually(
      () => t.admin.unrecorded.get(path(t)),
      (reply) => reply.status === 200,
    );
    const created = await t.created(path(t), toy(t, "a", { a: "x", b: "pruned" }));
    expect(created.spec).toEqual({ a: "x" });
    return answer.object.status;
  }),

  contractCase("show up in discovery", async (t) => {
    await install(t, toys(t, {}));
    const group = `${t.suffix}.example.com`;
    await t.eventually(
      () => t.admin.unrecorded.get(`/apis/${group}/v1`),
      (answer) => answer.status === 200 && answer.text.includes('"toys"'),
    );
    await t.eventually(
      () => t.admin.unrecorded.get("/apis"),
      (answer) => answer.text.includes(group),
    );
  }),

  contractCase("take their resource and its objects away when deleted", async (t) => {
    const definition = toys(t, {});
    await install(t, definition);
    await t.created(path(t), toy(t, "a"));
    await t.admin.unrecorded.delete(`${crdsPath}/${definition.metadata.name}`);
    await t.eventually(
      () => t.admin.unrecorded.get(`${crdsPath}/${definition.metadata.name}`),
      (answer) => answer.status === 404,
    );
    await t.eventually(
      () => t.admin.unrecorded.get(path(t)),
      (answer) => answer.status === 404,
    );
    await install(t, definition);
    expect((await t.admin.get(path(t))).list.items).toEqual([]);
  }),

  contractCase("tell their watchers when the objects go with them", async (t) => {
    const definition = toys(t, {});
    await install(t, definition);
    const created = await t.created(path(t), toy(t, "a"));
    const watch = await t.admin.unrecorded.watch(path(t), {
      resourceVersion: created.metadata.resourceVersion,
    });
    await t.admin.unrecorded.delete(`${crdsPath}/${definition.metadata.name}`);
    const events = await watch.rest();
    expect(events.map(({ type }) => type)).toContain("DELETED");
  }),

  contractCase("hold back deletion for the finalizers of their objects", async (t) => {
    const definition = toys(t, {});
    await install(t, definition);
    const metadata = { name: "a", finalizers: ["example.com/hold"] };
    await t.created(path(t), { ...toy(t, "a"), metadata });
    await t.admin.unrecorded.delete(`${crdsPath}/${definition.metadata.name}`);
    await t.eventually(
      () => t.admin.unrecorded.get(`${path(t)}/a`),
      (answer) => answer.object.metadata.deletionTimestamp !== undefined,
    );
    const refused = await t.admin.create(path(t), toy(t, "b"));
    expect(refused.status).toBe(403);
    expect(refused.body).toMatchObject({
      reason: "Forbidden",
      message:
        `toys.${t.suffix}.example.com "b" is forbidden: ` +
        "create not allowed while custom resource definition is terminating",
    });
    await t.admin.unrecorded.patch(`${path(t)}/a`, "merge", { metadata: { finalizers: null } });
    await t.eventually(
      () => t.admin.unrecorded.get(`${crdsPath}/${definition.metadata.name}`),
      (answer) => answer.status === 404,
    );
  }),

  contractCase("apply a changed schema to the next write", async (t) => {
    const definition = toys(t, { spec: { type: "object", properties: { a: { type: "string" } } } });
    await install(t, definition);
    await t.created(path(t), toy(t, "old", { a: "x" }));
    await t.admin.unrecorded.patch(`${crdsPath}/${definition.metadata.name}`, "json", [
      {
        op: "add",
        path: "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/b",
        value: { type: "string", default: "filled" },
      },
    ]);
    await t.eventually(
      () => t.admin.unrecorded.get(`${path(t)}/old`),
      (answer) => (answer.object.spec as { b?: string }).b === "filled",
    );
    expect((await t.created(path(t), toy(t, "new", { b: "own" }))).spec).toEqual({ b: "own" });
  }),

  contractCase("serve every version of one stored object", async (t) => {
    const base = toys(t, { spec: { type: "object", properties: { a: { type: "string" } } } });
    const [v1] = base.spec.versions;
    const versions = [
      { ...v1, name: "v1beta1", storage: false },
      { ...v1, name: "v1" },
    ];
    await install(t, { ...base, spec: { ...base.spec, versions } } as typeof base);
    const created = await t.created(path(t), toy(t, "a", { a: "x" }));
    const beta = (await t.admin.get(path(t).replace("/v1/", "/v1beta1/").concat("/a"))).object;
    expect(beta).toMatchObject({ apiVersion: `${t.suffix}.example.com/v1beta1`, spec: { a: "x" } });
    expect(beta.metadata.uid).toBe(created.metadata.uid);
  }),

  contractCase("refuse a name that is not plural and group", async (t) => {
    const definition = toys(t, {});
    const metadata = { name: `wrong.${t.suffix}.example.com` };
    const answer = await t.admin.create(crdsPath, { ...definition, metadata });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      details: {
        causes: [
          {
            reason: "FieldValueInvalid",
            message: `Invalid value: "${metadata.name}": must be spec.names.plural+"."+spec.group`,
            field: "metadata.name",
          },
        ],
      },
    });
  }),

  contractCase("refuse a version without a schema", async (t) => {
    const definition = toys(t, {}, { schema: undefined });
    const answer = await t.admin.create(crdsPath, definition);
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({
      details: {
        causes: [{ reason: "FieldValueRequired", field: "spec.versions[0].schema.openAPIV3Schema" }],
      },
    });
  }),

  refuses(
    "a field without a type, as not structural",
    { spec: { properties: { a: { type: "string" } } } },
    `${root}.type`,
    "FieldValueRequired",
  ),
  refuses(
    "types inside anyOf, as not structural",
    { spec: { type: "object", anyOf: [{ type: "object" }] } },
    `${root}.anyOf[0].type`,
    "FieldValueForbidden",
  ),
  refuses(
    "a default that its own schema refuses",
    { spec: { type: "object", properties: { a: { type: "string", default: 3 } } } },
    `${root}.properties[a].default`,
    "FieldValueTypeInvalid",
  ),
  refuses(
    "a list-map without keys",
    {
      spec: {
        type: "object",
        properties: {
          a: { type: "array", "x-kubernetes-list-type": "map", items: { type: "object", properties: {} } },
        },
      },
    },
    `${root}.properties[a].x-kubernetes-list-map-keys`,
    "FieldValueRequired",
  ),
  refuses("an unknown type", { spec: { type: "text" } }, `${root}.type`, "FieldValueNotSupported"),

  contractCase("are listed with every kind the cluster has", async (t) => {
    const { list } = await t.admin.unrecorded.get(
      clusterPath("apiextensions.k8s.io/v1", "customresourcedefinitions"),
    );
    expect(list.kind).toBe("CustomResourceDefinitionList");
    expect(list.items.map((item) => item.metadata.name)).toContain("widgets.contract.countersign.dev");
  }),
]);
