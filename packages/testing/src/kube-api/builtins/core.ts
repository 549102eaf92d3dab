import { createPrivateKey, X509Certificate } from "node:crypto";
import { type FieldError, invalid, required } from "../field-error.ts";
import { deepEqual, field, isObject, without } from "../json.ts";
import type { KubeObject } from "../kube-object.ts";
import { dnsLabelProblems } from "../registry/qualified-name.ts";
import { configMapColumns, namespaceColumns, secretColumns, serviceAccountColumns } from "./columns.ts";
import { type BuiltinDefinition, readText } from "./define-builtin.ts";
import { bytes, flag, listMap, listOf, object, objectReference, text, textMap, texts } from "./schemas.ts";

const TLS = "kubernetes.io/tls";

/** Namespaces: created Active; a deletion leaves them Terminating until their content is gone. */
export const namespaces: BuiltinDefinition = {
  group: "",
  plural: "namespaces",
  kind: "Namespace",
  verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
  shortNames: ["ns"],
  namespaced: false,
  subresources: ["status", "finalize"],
  fields: {
    spec: object({ finalizers: texts }),
    status: object({
      phase: text,
      conditions: listMap(
        ["type"],
        object({ type: text, status: text, reason: text, message: text, lastTransitionTime: text }),
      ),
    }),
  },
  columns: namespaceColumns,
  zero: { spec: {}, status: {} },
  selectable: { "status.phase": readText("status", "phase"), name: readText("metadata", "name") },
  rules: {
    checkName: dnsLabelProblems,
    returnsDeleted: true,
    normalize(namespace) {
      const { name = "", labels } = namespace.metadata;
      if (labels?.["kubernetes.io/metadata.name"] === name) return namespace;
      return {
        ...namespace,
        metadata: { ...namespace.metadata, labels: { ...labels, "kubernetes.io/metadata.name": name } },
      };
    },
    prepareCreate: (namespace) => ({
      ...namespace,
      spec: { finalizers: ["kubernetes"] },
      status: { phase: "Active" },
    }),
    keep: ({ metadata }) =>
      ["default", "kube-system", "kube-public"].includes(metadata.name ?? "")
        ? "this namespace may not be deleted"
        : undefined,
    finalize: (namespace) => ({
      ...namespace,
      status: { ...(isObject(namespace.status) ? namespace.status : {}), phase: "Terminating" },
    }),
  },
};

/** Secrets: `stringData` is written into `data`; type and immutable content never change. */
export const secrets: BuiltinDefinition = {
  group: "",
  plural: "secrets",
  kind: "Secret",
  namespaced: true,
  fields: {
    data: { type: "object", additionalProperties: bytes },
    stringData: textMap,
    type: text,
    immutable: flag,
  },
  columns: secretColumns,
  selectable: { type: readText("type") },
  rules: {
    normalize(secret) {
      const { stringData } = secret;
      const typed = secret.type ? secret : { ...secret, type: "Opaque" };
      if (!isObject(stringData)) return without(typed, "stringData");
      const added = Object.entries(stringData).map(([key, value]) => [
        key,
        Buffer.from(String(value)).toString("base64"),
      ]);
      const data = { ...(isObject(secret.data) ? secret.data : {}), ...Object.fromEntries(added) };
      return { ...without(typed, "stringData"), data };
    },
    warn: (secret) => (secret.type === TLS ? tlsWarnings(secret) : []),
    validate(secret, live) {
      const errors = [
        ...checkKeys(secret, "data"),
        ...checkSize(secret, ["data"]),
        ...checkImmutable(secret, live, ["data"]),
      ];
      if (live && secret.type !== live.type) errors.push(invalid("type", secret.type, "field is immutable"));
      return [...errors, ...checkKnownType(secret)];
    },
  },
};

/** ConfigMaps. */
export const configMaps: BuiltinDefinition = {
  group: "",
  plural: "configmaps",
  kind: "ConfigMap",
  columns: configMapColumns,
  shortNames: ["cm"],
  namespaced: true,
  fields: { data: textMap, binaryData: { type: "object", additionalProperties: bytes }, immutable: flag },
  rules: {
    validate: (map, live) => [
      ...checkKeys(map, "data"),
      ...checkKeys(map, "binaryData"),
      ...checkDistinct(map),
      ...checkSize(map, ["data", "binaryData"]),
      ...checkImmutable(map, live, ["data", "binaryData"]),
    ],
  },
};

/** ServiceAccounts; their `token` subresource is added by `tokenRequests`. */
export const serviceAccounts: BuiltinDefinition = {
  group: "",
  plural: "serviceaccounts",
  kind: "ServiceAccount",
  columns: serviceAccountColumns,
  shortNames: ["sa"],
  namespaced: true,
  subresources: ["token"],
  fields: {
    secrets: listMap(["name"], objectReference),
    imagePullSecrets: listOf({ ...object({ name: text }), "x-kubernetes-map-type": "atomic" }),
    automountServiceAccountToken: flag,
  },
  rules: { returnsDeleted: true },
};

/** The keys that Secrets of the known types need. */
const REQUIRED_KEYS: { readonly [type: string]: readonly string[] } = {
  [TLS]: ["tls.crt", "tls.key"],
  "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
  "kubernetes.io/dockercfg": [".dockercfg"],
  "kubernetes.io/ssh-auth": ["ssh-privatekey"],
};

function checkKnownType(secret: KubeObject): FieldError[] {
  const has = (key: string) => field(secret.data, key) !== undefined;
  const missing = (key: string) => required(`data[${key}]`);
  switch (secret.type) {
    case "kubernetes.io/service-account-token": {
      const key = "kubernetes.io/service-account.name";
      return secret.metadata.annotations?.[key] ? [] : [required(`metadata.annotations[${key}]`)];
    }
    case "kubernetes.io/basic-auth":
      return has("username") || has("password") ? [] : ["username", "password"].map(missing);
    default:
      return (REQUIRED_KEYS[String(secret.type)] ?? []).filter((key) => !has(key)).map(missing);
  }
}

/** What Go's tls.X509KeyPair says of a pair that is stored all the same. */
function tlsWarnings(secret: KubeObject): string[] {
  const read = (key: string) => Buffer.from(String(field(secret.data, key) ?? ""), "base64").toString();
  const [certificate, key] = [read("tls.crt"), read("tls.key")];
  if (!certificate.includes("-----BEGIN CERTIFICATE-----"))
    return ["tls: failed to find any PEM data in certificate input"];
  if (!key.includes("-----BEGIN ")) return ["tls: failed to find any PEM data in key input"];
  try {
    const matches = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
    return matches ? [] : ["tls: private key does not match public key"];
  } catch (error) {
    return [`tls: ${error instanceof Error ? error.message : String(error)}`];
  }
}

function checkKeys(map: KubeObject, name: string): FieldError[] {
  const content = map[name];
  if (!isObject(content)) return [];
  return Object.keys(content)
    .filter((key) => !/^[-._a-zA-Z0-9]{1,253}$/.test(key) || key === "." || key === "..")
    .map((key) =>
      invalid(
        `${name}[${key}]`,
        key,
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
      ),
    );
}

/** Secrets and ConfigMaps hold at most 1 MiB. */
const MAX_DATA_BYTES = 1024 * 1024;

function checkSize(map: KubeObject, names: readonly string[]): FieldError[] {
  const size = (name: string, value: string) =>
    name === "data" && map.kind === "ConfigMap"
      ? Buffer.byteLength(value)
      : Buffer.byteLength(value, "base64");
  const sizes = names.flatMap((name) =>
    Object.values(isObject(map[name]) ? map[name] : {}).map((value) => size(name, String(value))),
  );
  const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
  if (total <= MAX_DATA_BYTES) return [];
  const field = map.kind === "ConfigMap" ? "" : "data";
  return [{ type: "FieldValueTooLong", field, detail: `may not be more than ${MAX_DATA_BYTES} bytes` }];
}

function checkDistinct({ data, binaryData }: KubeObject): FieldError[] {
  if (!isObject(data) || !isObject(binaryData)) return [];
  return Object.keys(binaryData)
    .filter((key) => Object.hasOwn(data, key))
    .map((key) => invalid(`data[${key}]`, key, "duplicate of key present in binaryData"));
}

function checkImmutable(
  next: KubeObject,
  live: KubeObject | undefined,
  contents: readonly string[],
): FieldError[] {
  if (live?.immutable !== true) return [];
  const path = (name: string): FieldError => ({
    type: "FieldValueForbidden",
    field: name,
    detail: "field is immutable when `immutable` is set",
  });
  return [
    ...(next.immutable === true ? [] : [path("immutable")]),
    ...contents.filter((name) => !deepEqual(next[name], live[name])).map(path),
  ];
}
