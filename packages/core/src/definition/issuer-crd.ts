import type { IssuerDefinition, IssuerKind } from "./define-issuer.ts";
import { type Manifest, manifestLabels } from "./manifest.ts";
import { type StructuralSchema, structuralSchema } from "./structural-schema.ts";

/** apiextensions.k8s.io/v1 CustomResourceDefinition: the fields that the generator writes. */
export interface CustomResourceDefinition extends Manifest {
  readonly spec: {
    readonly group: string;
    readonly names: {
      readonly kind: string;
      readonly listKind: string;
      readonly plural: string;
      readonly singular: string;
      readonly categories: readonly string[];
    };
    readonly scope: IssuerKind["scope"];
    readonly versions: readonly {
      readonly name: string;
      readonly served: boolean;
      readonly storage: boolean;
      readonly schema: { readonly openAPIV3Schema: StructuralSchema };
      readonly subresources: { readonly status: Readonly<Record<string, never>> };
      readonly additionalPrinterColumns: readonly PrinterColumn[];
    }[];
  };
}

/** A column of `kubectl get`; those of priority 1 are shown with `-o wide` only. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: "string" | "date";
  readonly jsonPath: string;
  readonly priority?: number;
}

/** metav1.Condition with the validation that its Go markers give to a CRD. */
const conditionSchema: StructuralSchema = {
  type: "object",
  required: ["lastTransitionTime", "message", "reason", "status", "type"],
  properties: {
    type: {
      type: "string",
      description: "Kind of the condition, such as Ready.",
      maxLength: 316,
      pattern:
        "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$",
    },
    status: { type: "string", enum: ["True", "False", "Unknown"] },
    reason: {
      type: "string",
      description: "Why, for machines.",
      minLength: 1,
      maxLength: 1024,
      pattern: "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
    },
    message: { type: "string", description: "Why, for people.", maxLength: 32768 },
    lastTransitionTime: { type: "string", format: "date-time", description: "When status last changed." },
    observedGeneration: {
      type: "integer",
      format: "int64",
      minimum: 0,
      description: "The metadata.generation that the condition speaks of.",
    },
  },
};

const statusSchema: StructuralSchema = {
  type: "object",
  description: "What the controller found; written by the controller only.",
  properties: {
    conditions: {
      type: "array",
      items: conditionSchema,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["type"],
    },
  },
};

function readyColumn(name: string, field: string, priority = 0): PrinterColumn {
  const jsonPath = `.status.conditions[?(@.type=="Ready")].${field}`;
  return { name, type: "string", jsonPath, ...(priority === 0 ? {} : { priority }) };
}

const printerColumns: readonly PrinterColumn[] = [
  readyColumn("Ready", "status"),
  readyColumn("Reason", "reason"),
  readyColumn("Message", "message", 1),
  { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
];

/**
 * The CustomResourceDefinitions of a definition, one per kind, in the order of `kinds`.
 *
 * @throws TypeError as `structuralSchema` does
 */
export function issuerCrds(definition: IssuerDefinition): readonly CustomResourceDefinition[] {
  const spec = structuralSchema(definition.spec);
  return definition.kinds.map((kind) => issuerCrd(definition, kind, spec));
}

function issuerCrd(
  definition: IssuerDefinition,
  { kind, plural, singular, scope }: IssuerKind,
  spec: StructuralSchema,
): CustomResourceDefinition {
  const openAPIV3Schema: StructuralSchema = {
    type: "object",
    required: ["spec"],
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { type: "object" },
      spec,
      status: statusSchema,
    },
  };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${definition.group}`, labels: manifestLabels(definition, "crd") },
    spec: {
      group: definition.group,
      // kubectl expands a category before it looks for a resource: a category `issuers` would hide cert-manager's own.
      names: { kind, listKind: `${kind}List`, plural, singular, categories: ["cert-manager"] },
      scope,
      versions: [
        {
          name: definition.version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema },
          subresources: { status: {} },
          additionalPrinterColumns: printerColumns,
        },
      ],
    },
  };
}
