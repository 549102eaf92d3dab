import type { IssuerDefinition } from "./define-issuer.ts";

/**
 * What of a definition is served where only some namespaces are: its namespaced kind, since cluster issuers and Kubernetes
 * CertificateSigningRequests can be read in the whole cluster only. All of it where none are given.
 *
 * @throws TypeError where nothing is left to serve
 */
export function withinNamespaces(
  definition: IssuerDefinition,
  namespaces: readonly string[] | undefined,
): IssuerDefinition {
  if (namespaces === undefined) return definition;
  if (namespaces.length === 0)
    throw new TypeError("Expected `namespaces` to be at least one namespace, or undefined for all, got none");
  const kinds = definition.kinds.filter(({ scope }) => scope === "Namespaced");
  if (kinds.length === 0)
    throw new TypeError(
      `Expected a definition with a namespaced kind to be served in some namespaces, got ${definition.group} with cluster kinds alone`,
    );
  return { ...definition, kinds };
}
