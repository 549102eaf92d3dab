import { expect } from "vitest";
import type { Answer } from "../answer.ts";
import { contractArea, contractCase } from "../contract-case.ts";

const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";

interface Table {
  readonly columnDefinitions: readonly {
    readonly name: string;
    readonly type: string;
    readonly priority: number;
  }[];
  readonly rows: readonly { readonly cells: readonly unknown[]; readonly object: unknown }[];
}

function table(answer: Answer): Table {
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({ kind: "Table", apiVersion: "meta.k8s.io/v1" });
  return answer.body as Table;
}

const columns = ({ columnDefinitions }: Table) =>
  columnDefinitions.map(({ name, type, priority }) => `${name} ${type} ${priority}`);

export const tableCases = contractArea("tables", [
  contractCase("have a custom resource's printer columns, name first", async (t) => {
    await t.created(t.widgets(), t.widget("a", { size: 3 }));
    await t.created(t.widgets(), t.widget("b", {}));
    const conditions = [{ type: "Ready", status: "True" }];
    await t.admin.patch(t.widgets("a", "status"), "merge", { status: { conditions } });
    const list = table(await t.admin.unrecorded.get(t.widgets(), {}, { accept }));
    expect(columns(list)).toEqual(["Name string 0", "Ready string 0", "Size integer 1", "Age date 0"]);
    const cells = list.rows.map((row) => row.cells.slice(0, 3));
    expect(cells).toEqual([
      ["a", "True", 3],
      ["b", null, null],
    ]);
    expect(list.rows[0]?.cells[3]).toMatch(/^\d+s$/);
    expect(list.rows[0]?.object).toMatchObject({ kind: "PartialObjectMetadata", metadata: { name: "a" } });
    return cells;
  }),

  contractCase("serve one object as one row", async (t) => {
    await t.created(t.widgets(), t.widget("a", {}));
    const single = table(
      await t.admin.unrecorded.get(t.widgets("a"), {}, { accept: `${accept},application/json` }),
    );
    expect(single.rows.map((row) => row.cells[0])).toEqual(["a"]);
  }),

  contractCase("have name and age where a CRD names no columns", async (t) => {
    await t.created(t.requests(), t.request("a"));
    const list = table(await t.admin.unrecorded.get(t.requests(), {}, { accept }));
    expect(columns(list)).toEqual(["Name string 0", "Age date 0"]);
  }),

  contractCase("have the built-in columns of Secrets and ConfigMaps", async (t) => {
    await t.created(t.secrets(), { metadata: { name: "a" }, stringData: { one: "1", two: "2" } });
    await t.created(t.configMaps(), { metadata: { name: "a" }, data: { one: "1" } });
    const secrets = table(await t.admin.unrecorded.get(t.secrets(), {}, { accept }));
    expect(columns(secrets)).toEqual(["Name string 0", "Type string 0", "Data string 0", "Age string 0"]);
    expect(secrets.rows[0]?.cells.slice(0, 3)).toEqual(["a", "Opaque", 2]);
    const maps = table(await t.admin.unrecorded.get(t.configMaps(), {}, { accept }));
    expect(columns(maps)).toEqual(["Name string 0", "Data string 0", "Age string 0"]);
    expect(maps.rows[0]?.cells.slice(0, 2)).toEqual(["a", 1]);
  }),

  contractCase("carry the object, its metadata or nothing, as asked", async (t) => {
    await t.created(t.widgets(), t.widget("a", { size: 3 }));
    const rows = async (includeObject: string) =>
      table(await t.admin.unrecorded.get(t.widgets(), { includeObject }, { accept })).rows[0]?.object;
    expect(await rows("Object")).toMatchObject({ kind: "Widget", spec: { size: 3 } });
    expect(await rows("Metadata")).toMatchObject({ kind: "PartialObjectMetadata", metadata: { name: "a" } });
    expect(await rows("None")).toBeNull();
  }),

  contractCase("may be metadata alone, for one object and for a list", async (t) => {
    await t.created(t.widgets(), t.widget("a", { size: 3 }));
    const one = await t.admin.get(
      t.widgets("a"),
      {},
      {
        accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
      },
    );
    expect(one.body).toMatchObject({ kind: "PartialObjectMetadata", metadata: { name: "a" } });
    expect(one.body).not.toHaveProperty("spec");
    const list = await t.admin.get(
      t.widgets(),
      {},
      {
        accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
      },
    );
    expect(list.body).toMatchObject({
      kind: "PartialObjectMetadataList",
      items: [{ metadata: { name: "a" } }],
    });
  }),
]);
