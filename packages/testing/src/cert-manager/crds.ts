import { certificateRequestSchema } from "./certificate-request-schema.ts";
import { certificateSchema } from "./certificate-schema.ts";

/** Marks the CRDs as the stand-in's own, so that it never replaces those of a real cert-manager. */
export const standInLabel = "countersign/cert-manager-stand-in";

const age = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" };
const condition = (type: string) => `.status.conditions[?(@.type == "${type}")].status`;
const readyMessage = {
  name: "Status",
  type: "string",
  jsonPath: '.status.conditions[?(@.type == "Ready")].message',
  priority: 1,
};

interface CrdParts {
  readonly names: { readonly kind: string; readonly plural: string; readonly shortNames: readonly string[] };
  readonly schema: object;
  readonly columns: readonly object[];
}

function certManagerCrd({ names, schema, columns }: CrdParts) {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${names.plural}.cert-manager.io`, labels: { [standInLabel]: "true" } },
    spec: {
      group: "cert-manager.io",
      scope: "Namespaced",
      names: {
        ...names,
        listKind: `${names.kind}List`,
        singular: names.kind.toLowerCase(),
        categories: ["cert-manager"],
      },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: schema },
          additionalPrinterColumns: columns,
          selectableFields: ["group", "kind", "name"].map((field) => ({
            jsonPath: `.spec.issuerRef.${field}`,
          })),
        },
      ],
    },
  };
}

/**
 * The CustomResourceDefinitions Certificate and CertificateRequest, written from cert-manager's documented contract. They
 * hold the fields that the stand-in acts on and no webhook stands behind them: the API server drops any other field, and
 * a spec that has been created can be changed.
 */
export function certManagerCrds() {
  return [
    certManagerCrd({
      names: { kind: "Certificate", plural: "certificates", shortNames: ["cert", "certs"] },
      schema: certificateSchema,
      columns: [
        { name: "Ready", type: "string", jsonPath: condition("Ready") },
        { name: "Secret", type: "string", jsonPath: ".spec.secretName" },
        { name: "Issuer", type: "string", jsonPath: ".spec.issuerRef.name", priority: 1 },
        readyMessage,
        age,
      ],
    }),
    certManagerCrd({
      names: { kind: "CertificateRequest", plural: "certificaterequests", shortNames: ["cr", "crs"] },
      schema: certificateRequestSchema,
      columns: [
        { name: "Approved", type: "string", jsonPath: condition("Approved") },
        { name: "Denied", type: "string", jsonPath: condition("Denied") },
        { name: "Ready", type: "string", jsonPath: condition("Ready") },
        { name: "Issuer", type: "string", jsonPath: ".spec.issuerRef.name" },
        { name: "Requester", type: "string", jsonPath: ".spec.username" },
        readyMessage,
        age,
      ],
    }),
  ];
}
