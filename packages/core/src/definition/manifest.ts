import type { IssuerDefinition } from "./define-issuer.ts";

/** A Kubernetes object to apply: plain JSON, without what only the API server sets. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ManifestMetadata;
}

/** Metadata of a {@link Manifest}. */
export interface ManifestMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** The name of a definition's first resource, `acmeissuers.pki.example.com`: unique in a cluster. */
export function definitionName({ kinds, group }: IssuerDefinition): string {
  return `${kinds[0]?.plural}.${group}`;
}

/** Labels of every generated object: `app.kubernetes.io/name` is the first kind in lower case. */
export function manifestLabels(
  definition: IssuerDefinition,
  component: string,
): Readonly<Record<string, string>> {
  return {
    "app.kubernetes.io/name": definition.kinds[0]?.singular ?? "",
    "app.kubernetes.io/component": component,
    "app.kubernetes.io/managed-by": "countersign",
  };
}
