import type { IssuerDefinition, IssuerKind } from "../definition/define-issuer.ts";
import type { CertificateRequest } from "../kube/types.ts";

/** The issuer object that a request names. */
export interface IssuerKey {
  readonly kind: IssuerKind;
  /** Empty for a cluster-scoped issuer. */
  readonly namespace: string;
  readonly name: string;
}

/** `Kind/namespace/name`: the same text for the same issuer object. */
export function issuerKeyText(kind: string, namespace: string, name: string): string {
  return `${kind}/${namespace}/${name}`;
}

/**
 * The issuer of this definition that a CertificateRequest names, or undefined when the request is none of ours. Group
 * and kind must be equal as they stand: an empty group means `cert-manager.io` and an empty kind means `Issuer`, and
 * to claim either has made other issuers fail foreign requests.
 */
export function matchIssuer(
  definition: IssuerDefinition,
  request: CertificateRequest,
): IssuerKey | undefined {
  const { group, kind: kindName, name } = request.spec.issuerRef;
  if (group !== definition.group) return undefined;
  const kind = definition.kinds.find((candidate) => candidate.kind === kindName);
  if (kind === undefined) return undefined;
  return { kind, name, namespace: kind.scope === "Namespaced" ? (request.metadata.namespace ?? "") : "" };
}
