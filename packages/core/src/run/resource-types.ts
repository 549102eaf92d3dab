import type { IssuerDefinition, IssuerKind } from "../definition/define-issuer.ts";
import type { ResourceType } from "../kube/types.ts";

/** cert-manager's CertificateRequest. */
export const certificateRequests: ResourceType = Object.freeze({
  group: "cert-manager.io",
  version: "v1",
  kind: "CertificateRequest",
  plural: "certificaterequests",
  namespaced: true,
});

/** Kubernetes' own CertificateSigningRequest. */
export const certificateSigningRequests: ResourceType = Object.freeze({
  group: "certificates.k8s.io",
  version: "v1",
  kind: "CertificateSigningRequest",
  plural: "certificatesigningrequests",
  namespaced: false,
});

/** Secrets of the core group. */
export const secrets: ResourceType = Object.freeze({
  group: "",
  version: "v1",
  kind: "Secret",
  plural: "secrets",
  namespaced: true,
});

/** ConfigMaps of the core group. */
export const configMaps: ResourceType = Object.freeze({
  group: "",
  version: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  namespaced: true,
});

/** An issuer kind of a definition. */
export function issuerResource(definition: IssuerDefinition, kind: IssuerKind): ResourceType {
  return {
    group: definition.group,
    version: definition.version,
    kind: kind.kind,
    plural: kind.plural,
    namespaced: kind.scope === "Namespaced",
  };
}
