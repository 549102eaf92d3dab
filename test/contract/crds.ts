import { Client } from "./client.ts";
import type { ContractServer } from "./contract-server.ts";
import { clusterPath } from "./paths.ts";

/** The API group of every custom resource that the suite shares between its cases. */
export const contractGroup = "contract.countersign.dev";

/** Where CustomResourceDefinitions live. */
export const crdsPath = clusterPath("apiextensions.k8s.io/v1", "customresourcedefinitions");

const conditions = {
  type: "array",
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": ["type"],
  items: {
    type: "object",
    required: ["type", "status"],
    properties: {
      type: { type: "string", maxLength: 316 },
      status: { type: "string", enum: ["True", "False", "Unknown"] },
      reason: { type: "string", pattern: "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$" },
      message: { type: "string" },
      observedGeneration: { type: "integer", format: "int64" },
      lastTransitionTime: { type: "string", format: "date-time" },
    },
  },
};

const issuerRef = {
  type: "object",
  required: ["name"],
  properties: {
    name: { type: "string" },
    kind: { type: "string", default: "Issuer" },
    group: { type: "string", default: "cert-manager.io" },
  },
};

/** Every kind of schema rule an issuer's CRD uses, one field each. */
const widgetSpec = {
  type: "object",
  properties: {
    size: { type: "integer", minimum: 1, maximum: 100 },
    ratio: { type: "number" },
    enabled: { type: "boolean" },
    mode: { type: "string", enum: ["fast", "slow"], default: "slow" },
    url: { type: "string", pattern: "^https://", maxLength: 40 },
    code: { type: "string", minLength: 2 },
    payload: { type: "string", format: "byte" },
    note: { type: "string", nullable: true },
    port: { "x-kubernetes-int-or-string": true, anyOf: [{ type: "integer" }, { type: "string" }] },
    free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    labels: { type: "object", additionalProperties: { type: "string" } },
    steps: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "atomic", maxItems: 3 },
    tags: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "set" },
    pair: {
      type: "object",
      required: ["left"],
      properties: { left: { type: "string" }, right: { type: "string", default: "r" } },
    },
    issuerRef,
  },
};

/** Namespaced, with status, list-map conditions, selectable fields and printer columns. */
const widgets = crd({
  plural: "widgets",
  kind: "Widget",
  scope: "Namespaced",
  schema: {
    spec: widgetSpec,
    status: {
      type: "object",
      properties: {
        phase: { type: "string" },
        certificate: { type: "string", format: "byte" },
        conditions,
      },
    },
  },
  status: true,
  more: {
    selectableFields: [
      { jsonPath: ".spec.issuerRef.group" },
      { jsonPath: ".spec.issuerRef.kind" },
      { jsonPath: ".spec.issuerRef.name" },
    ],
    additionalPrinterColumns: [
      { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
      { name: "Size", type: "integer", jsonPath: ".spec.size", priority: 1, description: "how big" },
      { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
    ],
  },
});

/** Shaped like cert-manager's CertificateRequest. */
const requests = crd({
  plural: "requests",
  kind: "Request",
  scope: "Namespaced",
  schema: {
    spec: {
      type: "object",
      required: ["issuerRef", "request"],
      properties: {
        request: { type: "string", format: "byte" },
        issuerRef,
        duration: { type: "string" },
        isCA: { type: "boolean" },
        usages: { type: "array", items: { type: "string", enum: ["server auth", "client auth", "signing"] } },
        username: { type: "string" },
        groups: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "atomic" },
        extra: { type: "object", additionalProperties: { type: "array", items: { type: "string" } } },
      },
    },
    status: {
      type: "object",
      properties: {
        ca: { type: "string", format: "byte" },
        certificate: { type: "string", format: "byte" },
        failureTime: { type: "string", format: "date-time" },
        conditions,
      },
    },
  },
  status: true,
});

/** Cluster-scoped, without a status subresource. */
const blueprints = crd({
  plural: "blueprints",
  kind: "Blueprint",
  scope: "Cluster",
  schema: {
    spec: { type: "object", properties: { size: { type: "integer" } } },
    status: { type: "object", properties: { phase: { type: "string" } } },
  },
  status: false,
});

/** What distinguishes one single-version CRD from another. */
export interface CrdOptions {
  readonly plural: string;
  readonly kind: string;
  readonly scope: "Namespaced" | "Cluster";
  /** Properties of the object beside its metadata. */
  readonly schema: Readonly<Record<string, unknown>>;
  readonly status: boolean;
  readonly group?: string;
  readonly more?: Readonly<Record<string, unknown>>;
}

/** A CustomResourceDefinition with the one version `v1`. */
export function crd({ plural, kind, scope, schema, status, group = contractGroup, more = {} }: CrdOptions) {
  const version = {
    name: "v1",
    served: true,
    storage: true,
    schema: { openAPIV3Schema: { type: "object", properties: schema } },
    ...(status ? { subresources: { status: {} } } : {}),
    ...more,
  };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: { group, scope, names: { plural, kind }, versions: [version] },
  };
}

/** Installs the shared CRDs, unless they are there, and waits until their resources are served. */
export async function installCrds(server: ContractServer): Promise<void> {
  const admin = new Client({ ...server, token: server.adminToken });
  const deadline = performance.now() + 20_000;
  for (const definition of [widgets, requests, blueprints]) {
    const created = await admin.create(crdsPath, definition);
    if (created.status !== 201 && created.status !== 409) throw new Error(`install CRD: ${created.text}`);
    const path = clusterPath(`${contractGroup}/v1`, definition.spec.names.plural);
    while ((await admin.get(path)).status !== 200) {
      if (performance.now() > deadline) throw new Error(`${path} is not served after 20 s`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  admin.close();
}
