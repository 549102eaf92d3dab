import { arrayAt, at, isObject, stringAt } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import { humanDuration } from "../table/human-duration.ts";
import {
  age,
  ageColumn,
  createdColumn,
  fieldColumn,
  nameColumn,
  type TableColumn,
  textColumn,
} from "../table/table-column.ts";

const ageText = ageColumn("string");

/** The tables that `kubectl get` shows of built-in types, as the real server lays them out. */
export const namespaceColumns = [nameColumn, fieldColumn("Status", "status", "phase"), ageText];
export const secretColumns = [nameColumn, fieldColumn("Type", "type"), dataColumn("data"), ageText];
export const configMapColumns = [nameColumn, dataColumn("data", "binaryData"), ageText];
export const serviceAccountColumns = [nameColumn, ageText];
export const leaseColumns = [nameColumn, fieldColumn("Holder", "spec", "holderIdentity"), ageText];
export const createdColumns = [nameColumn, createdColumn];

export const bindingColumns = [
  nameColumn,
  textColumn(
    "Role",
    (binding) => `${stringAt(binding, "roleRef", "kind")}/${stringAt(binding, "roleRef", "name")}`,
  ),
  ageText,
  textColumn("Users", (binding) => subjects(binding, "User"), 1),
  textColumn("Groups", (binding) => subjects(binding, "Group"), 1),
  textColumn("ServiceAccounts", (binding) => subjects(binding, "ServiceAccount"), 1),
];

export const csrColumns = [
  nameColumn,
  ageText,
  fieldColumn("SignerName", "spec", "signerName"),
  fieldColumn("Requestor", "spec", "username"),
  textColumn("RequestedDuration", (csr) => {
    const seconds = at(csr, "spec", "expirationSeconds");
    return typeof seconds === "number" ? humanDuration(seconds * 1000) : "<none>";
  }),
  textColumn("Condition", csrCondition),
];

/** Events of core/v1; those of events.k8s.io are converted before they are shown. */
export const eventColumns: readonly TableColumn[] = [
  textColumn("Last Seen", (event, now) => age(lastSeen(event), now)),
  fieldColumn("Type", "type"),
  fieldColumn("Reason", "reason"),
  textColumn("Object", (event) => {
    const kind = (stringAt(event, "involvedObject", "kind") ?? "").toLowerCase();
    const name = stringAt(event, "involvedObject", "name");
    return name ? `${kind}/${name}` : kind;
  }),
  textColumn("Subobject", (event) => stringAt(event, "involvedObject", "fieldPath") ?? "", 1),
  textColumn("Source", eventSource, 1),
  textColumn("Message", (event) => (stringAt(event, "message") ?? "").trim()),
  textColumn("First Seen", (event, now) => age(event.firstTimestamp ?? event.eventTime, now), 1),
  textColumn("Count", (event) => at(event, "series", "count") ?? event.count ?? 1, 1),
  { ...nameColumn, priority: 1 },
];

function dataColumn(...fields: readonly string[]): TableColumn {
  const count = (object: KubeObject, name: string) =>
    Object.keys(isObject(object[name]) ? object[name] : {}).length;
  return textColumn("Data", (object) => fields.reduce((sum, name) => sum + count(object, name), 0));
}

function subjects(binding: KubeObject, kind: string): string {
  return arrayAt(binding, "subjects")
    .filter((subject) => stringAt(subject, "kind") === kind)
    .map((subject) => {
      const name = stringAt(subject, "name") ?? "";
      return kind === "ServiceAccount" ? `${stringAt(subject, "namespace") ?? ""}/${name}` : name;
    })
    .join(", ");
}

function csrCondition(csr: KubeObject): string {
  const types = new Set(arrayAt(csr, "status", "conditions").map((condition) => stringAt(condition, "type")));
  const decision = types.has("Denied") ? "Denied" : types.has("Approved") ? "Approved" : "Pending";
  const issued = stringAt(csr, "status", "certificate") ? ",Issued" : "";
  return `${decision}${types.has("Failed") ? ",Failed" : ""}${issued}`;
}

function lastSeen(event: KubeObject): unknown {
  return (
    at(event, "series", "lastObservedTime") ?? event.lastTimestamp ?? event.firstTimestamp ?? event.eventTime
  );
}

function eventSource(event: KubeObject): string {
  const component = stringAt(event, "source", "component") || (stringAt(event, "reportingComponent") ?? "");
  const instance = stringAt(event, "source", "host") || (stringAt(event, "reportingInstance") ?? "");
  return instance ? `${component}, ${instance}` : component;
}
