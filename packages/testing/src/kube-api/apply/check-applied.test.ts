import { expect, test } from "vitest";
import { compileRootSchema } from "../schema/schema.ts";
import { widgetCrd } from "../testing-client.ts";
import { checkApplied } from "./check-applied.ts";

const [version] = widgetCrd.spec.versions;
const schema = compileRootSchema((version?.schema.openAPIV3Schema ?? {}) as object);

test.each([
  [{ spec: { size: 1, port: "http", free: { any: [1] }, note: null } }, []],
  [{ spec: { nope: 1 } }, [".spec.nope: field not declared in schema"]],
  [{ spec: { size: "1" } }, [".spec.size: expected numeric (int or float), got string"]],
  [{ spec: { name: 1 } }, [".spec.name: expected string, got &value.valueUnstructured{Value:1}"]],
  [{ spec: [] }, [".spec: expected map, got &{[]}"]],
  [{ spec: { tags: ["a", "a"] } }, ['.spec.tags: duplicate entries for key [="a"]']],
  [{ spec: { list: [{ m: 1 }] } }, [".spec.list[0].m: field not declared in schema"]],
  [
    { status: { conditions: [{ type: "a" }, { type: "a" }] } },
    ['.status.conditions: duplicate entries for key [type="a"]'],
  ],
  [
    { status: { conditions: [1] } },
    [".status.conditions: element 0: associative list with keys may not have non-map elements"],
  ],
])("checkApplied(%j)", (config, problems) => {
  expect(checkApplied(config, schema)).toEqual(problems);
});
