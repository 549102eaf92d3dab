import { pruneSchemas } from "../crd/prune-schemas.ts";
import { validateCrd } from "../crd/validate-crd.ts";
import { arrayAt, deepEqual, isObject, type JsonObject, stringAt } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import { createdColumns } from "./columns.ts";
import { type BuiltinDefinition, pick } from "./define-builtin.ts";
import { flag, integer, listMap, listOf, object, text, texts, time } from "./schemas.ts";

const untyped = { type: "object", "x-kubernetes-preserve-unknown-fields": true } as const;
const names = object({
  plural: text,
  singular: text,
  shortNames: { ...texts },
  kind: text,
  listKind: text,
  categories: texts,
});

/** Held until the objects of a deleted definition are gone. */
export const CLEANUP_FINALIZER = "customresourcecleanup.apiextensions.k8s.io";

/** apiextensions.k8s.io CustomResourceDefinitions. What they define is served by `serveCustomResources`. */
export const customResourceDefinitions: BuiltinDefinition = {
  group: "apiextensions.k8s.io",
  plural: "customresourcedefinitions",
  kind: "CustomResourceDefinition",
  columns: createdColumns,
  categories: ["api-extensions"],
  zero: {
    spec: { group: "", names: { plural: "", kind: "" }, scope: "", versions: null },
    status: { conditions: null, acceptedNames: { plural: "", kind: "" }, storedVersions: null },
  },
  shortNames: ["crd", "crds"],
  namespaced: false,
  subresources: ["status"],
  fields: {
    spec: object({
      group: text,
      names,
      scope: text,
      preserveUnknownFields: flag,
      conversion: object({ strategy: text, webhook: untyped }),
      versions: listOf(
        object({
          name: text,
          served: flag,
          storage: flag,
          deprecated: flag,
          deprecationWarning: text,
          schema: object({ openAPIV3Schema: untyped }),
          subresources: object({ status: untyped, scale: untyped }),
          additionalPrinterColumns: listOf(
            object({
              name: text,
              type: text,
              format: text,
              description: text,
              priority: integer,
              jsonPath: text,
            }),
          ),
          selectableFields: listOf(object({ jsonPath: text })),
        }),
      ),
    }),
    status: object({
      conditions: listMap(
        ["type"],
        object({
          type: text,
          status: text,
          reason: text,
          message: text,
          lastTransitionTime: time,
          observedGeneration: integer,
        }),
      ),
      acceptedNames: names,
      storedVersions: texts,
      observedGeneration: integer,
    }),
  },
  rules: {
    prune: pruneSchemas,
    normalize: complete,
    prepareCreate: (crd) => ({
      ...crd,
      metadata: { ...crd.metadata, generation: 1 },
      status: {
        conditions: null,
        acceptedNames: { plural: "", kind: "" },
        storedVersions: storageVersions(crd),
      },
    }),
    prepareUpdate(next, live, { subresource }) {
      if (subresource === "status") return { ...live, metadata: next.metadata, ...pick(next, "status") };
      const kept = { ...next, ...pick(live, "status") };
      const { generation = 1 } = live.metadata;
      const changed = !deepEqual(next.spec, live.spec);
      return withStorageVersion({
        ...kept,
        metadata: { ...kept.metadata, generation: changed ? generation + 1 : generation },
      });
    },
    validate: validateCrd,
  },
};

/** The defaults of a definition: singular and list kind from its names, no conversion. */
function complete(crd: KubeObject): KubeObject {
  const spec = isObject(crd.spec) ? crd.spec : {};
  const given: JsonObject = isObject(spec.names) ? spec.names : {};
  const kind = stringAt(given, "kind") ?? "";
  const completed = {
    ...given,
    singular: given.singular || kind.toLowerCase(),
    listKind: given.listKind || `${kind}List`,
  };
  return {
    ...crd,
    spec: { ...spec, names: completed, conversion: spec.conversion ?? { strategy: "None" } },
  };
}

function storageVersions(crd: KubeObject): string[] {
  return arrayAt(crd, "spec", "versions")
    .filter((version) => isObject(version) && version.storage === true)
    .map((version) => stringAt(version, "name") ?? "");
}

function withStorageVersion(crd: KubeObject): KubeObject {
  const stored = arrayAt(crd, "status", "storedVersions").map(String);
  const missing = storageVersions(crd).filter((name) => !stored.includes(name));
  if (missing.length === 0) return crd;
  return {
    ...crd,
    status: { ...(isObject(crd.status) ? crd.status : {}), storedVersions: [...stored, ...missing] },
  };
}
