import { type FieldError, invalid, required } from "../field-error.ts";
import { at, deepEqual, type JsonObject, stringAt } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import { labelKeyProblems } from "../registry/qualified-name.ts";
import type { Resource, ServedVersion } from "../registry/resource.ts";
import type { JsonSchema } from "../schema/json-schema.ts";
import type { ResourceStore } from "../store/resource-store.ts";
import { eventColumns } from "./columns.ts";
import { type BuiltinDefinition, defineBuiltin, readText } from "./define-builtin.ts";
import { integer, microTime, object, objectReference, text, time } from "./schemas.ts";

const source = object({ component: text, host: text });
const series = object({ count: integer, lastObservedTime: microTime });

/** The fields of events.k8s.io/v1 and their names in core/v1; all others are the same. */
const NAMES: readonly (readonly [string, string])[] = [
  ["regarding", "involvedObject"],
  ["note", "message"],
  ["reportingController", "reportingComponent"],
  ["deprecatedSource", "source"],
  ["deprecatedFirstTimestamp", "firstTimestamp"],
  ["deprecatedLastTimestamp", "lastTimestamp"],
  ["deprecatedCount", "count"],
];
const TO_CORE = new Map(NAMES);
const TO_EVENTS = new Map(NAMES.map(([modern, core]) => [core, modern]));

const shared: { readonly [name: string]: JsonSchema } = {
  reason: text,
  type: text,
  eventTime: microTime,
  series,
  action: text,
  related: objectReference,
  reportingInstance: text,
};

const coreEvents: BuiltinDefinition = {
  group: "",
  plural: "events",
  kind: "Event",
  shortNames: ["ev"],
  namespaced: true,
  fields: {
    ...shared,
    involvedObject: objectReference,
    message: text,
    reportingComponent: text,
    source,
    firstTimestamp: time,
    lastTimestamp: time,
    count: integer,
  },
  columns: eventColumns,
  zero: {
    involvedObject: {},
    source: {},
    firstTimestamp: null,
    lastTimestamp: null,
    eventTime: null,
    reportingComponent: "",
    reportingInstance: "",
  },
  selectable: {
    ...Object.fromEntries(
      ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"].map((name) => [
        `involvedObject.${name}`,
        readText("involvedObject", name),
      ]),
    ),
    reason: readText("reason"),
    reportingComponent: readText("reportingComponent"),
    source: (event) =>
      stringAt(event, "source", "component") || (stringAt(event, "reportingComponent") ?? ""),
    type: readText("type"),
  },
  rules: { validate: (event) => validateLegacy(event, "reportingComponent") },
};

const modernEvents: BuiltinDefinition = {
  group: "events.k8s.io",
  plural: "events",
  kind: "Event",
  shortNames: ["ev"],
  namespaced: true,
  fields: {
    ...shared,
    regarding: objectReference,
    note: text,
    reportingController: text,
    deprecatedSource: source,
    deprecatedFirstTimestamp: time,
    deprecatedLastTimestamp: time,
    deprecatedCount: integer,
  },
  zero: {
    eventTime: null,
    regarding: {},
    deprecatedSource: {},
    deprecatedFirstTimestamp: null,
    deprecatedLastTimestamp: null,
  },
  columns: eventColumns.map((column) => ({
    ...column,
    read: (event, now) => column.read(toCore(event), now),
  })),
  rules: { validate: validateModern },
};

/** Events of both APIs: one set of objects, stored as core/v1. */
export function eventResources(store: ResourceStore): readonly [core: Resource, modern: Resource] {
  const core = { ...defineBuiltin(coreEvents, store), convert };
  const own = defineBuiltin(modernEvents, store);
  const { selectable } = core.storageVersion;
  // Selectors run on stored objects, which are core/v1; this API offers them under the same core names.
  const versions = new Map(
    [...own.versions].map(([name, version]) => [name, { ...version, selectable: withRegarding(selectable) }]),
  );
  return [core, { ...own, versions, storageVersion: core.storageVersion, convert }];
}

function withRegarding(selectable: ServedVersion["selectable"]): ServedVersion["selectable"] {
  const renamed = [...selectable].map(
    ([label, read]) => [label.replace("involvedObject.", "regarding."), read] as const,
  );
  return new Map([
    ...selectable,
    ...renamed,
    ["reportingController", readText("reportingComponent")] as const,
  ]);
}

/** An event under its core/v1 names. */
function toCore(event: KubeObject): KubeObject {
  return convert(event, { apiVersion: "v1" });
}

function convert(event: KubeObject, { apiVersion }: Pick<ServedVersion, "apiVersion">): KubeObject {
  if (event.apiVersion === apiVersion) return event;
  const names = apiVersion === "v1" ? TO_CORE : TO_EVENTS;
  const renamed: JsonObject = {};
  for (const [name, value] of Object.entries(event)) renamed[names.get(name) ?? name] = value;
  return { ...renamed, apiVersion, kind: "Event", metadata: event.metadata };
}

/** The rules of both APIs, on a core/v1 event. */
function validateLegacy(event: KubeObject, controllerField: string): FieldError[] {
  const namespace = event.metadata.namespace ?? "";
  const about = stringAt(event, "involvedObject", "namespace") ?? "";
  const mismatch = invalid("involvedObject.namespace", about, "does not match event.namespace");
  if (!event.eventTime) {
    const fits = about === "" ? namespace === "" || namespace === "default" : about === namespace;
    return fits ? [] : [mismatch];
  }
  const errors: FieldError[] = [];
  if (about === "" && namespace !== "default" && namespace !== "kube-system") errors.push(mismatch);
  const limits: readonly (readonly [string, string, number])[] = [
    ["reportingComponent", controllerField, Number.POSITIVE_INFINITY],
    ["reportingInstance", "reportingInstance", 128],
    ["action", "action", 128],
    ["reason", "reason", 128],
  ];
  for (const [name, path, limit] of limits) {
    const value = stringAt(event, name) ?? "";
    if (value === "") errors.push(required(path));
    if (name === "reportingComponent") {
      errors.push(...labelKeyProblems(value).map((problem) => invalid(path, value, problem)));
    } else if (value.length > limit) errors.push(invalid(path, "", `can have at most ${limit} characters`));
  }
  if ((stringAt(event, "message") ?? "").length > 1024)
    errors.push(invalid("message", "", "can have at most 1024 characters"));
  return errors;
}

/** events.k8s.io/v1 is stricter: no deprecated fields, and only the series may change. */
function validateModern(event: KubeObject, live: KubeObject | undefined): FieldError[] {
  const legacy = validateLegacy(toCore(event), "reportingController");
  if (live) {
    const fixed = [
      "reason",
      "note",
      "eventTime",
      "action",
      "related",
      "regarding",
      "reportingController",
      "reportingInstance",
      "type",
    ];
    const changed = fixed.filter((name) => !deepEqual(event[name], live[name]));
    const core = (name: string) => (name === "reportingController" ? name : (TO_CORE.get(name) ?? name));
    return [
      ...legacy,
      ...checkSeries(event),
      ...changed.map((name) => invalid(core(name), event[name] ?? null, "field is immutable")),
    ];
  }
  const errors = [...legacy, ...checkSeries(event)];
  if (!event.eventTime) errors.push(required("eventTime"));
  if (event.type !== "Normal" && event.type !== "Warning")
    errors.push(invalid("type", "", `has invalid value: ${String(event.type ?? "")}`));
  for (const name of [
    "deprecatedFirstTimestamp",
    "deprecatedLastTimestamp",
    "deprecatedCount",
    "deprecatedSource",
  ]) {
    const value = event[name];
    const isSet =
      name === "deprecatedSource"
        ? Boolean(stringAt(value, "component") || stringAt(value, "host"))
        : Boolean(value);
    if (isSet) errors.push(invalid(TO_CORE.get(name) ?? name, "", "needs to be unset"));
  }
  return errors;
}

function checkSeries(event: KubeObject): FieldError[] {
  if (!event.series) return [];
  const count = at(event, "series", "count");
  const errors: FieldError[] = [];
  if (typeof count !== "number" || count < 2)
    errors.push(invalid("series.count", "", "should be at least 2"));
  if (!at(event, "series", "lastObservedTime")) errors.push(required("series.lastObservedTime"));
  return errors;
}
