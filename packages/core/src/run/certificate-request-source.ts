import type { IssuerDefinition } from "../definition/define-issuer.ts";
import { isKubeApiError } from "../kube/kube-api-error.ts";
import { resourcePath } from "../kube/resource-path.ts";
import type { KubeTransport } from "../kube/transport.ts";
import type { CertificateRequest, KubeObject, ResourceType } from "../kube/types.ts";
import { issuerKeyText, matchIssuer } from "../request/match-issuer.ts";
import { isFinished, trimRequest } from "../request/trim-request.ts";
import { certificateRequests } from "./resource-types.ts";
import { type ServeContext, watch, writeStatus } from "./serve-context.ts";
import { openByIssuer, type RequestSource } from "./serve-requests.ts";

/** cert-manager's CertificateRequests that name this definition's group. */
export function certificateRequestSource(
  definition: IssuerDefinition,
  context: ServeContext,
): RequestSource<CertificateRequest> {
  const { transport } = context;
  const type = certificateRequests;
  const informer = watch<CertificateRequest>(context, type, {
    fieldSelector: `spec.issuerRef.group=${definition.group}`,
    matches: ({ spec }) => spec.issuerRef.group === definition.group,
    transform: trimRequest,
    indexes: {
      [openByIssuer]: (request) => {
        const issuer = isFinished(request) ? undefined : matchIssuer(definition, request);
        return issuer === undefined ? [] : [issuerKeyText(issuer.kind.kind, issuer.namespace, issuer.name)];
      },
    },
  });
  return {
    resource: "certificaterequests.cert-manager.io",
    informer,
    view: (object) => object,
    match: (request) => matchIssuer(definition, request),
    // cert-manager's approval stands for the right to use an issuer.
    authorize: async () => {},
    reread: ({ metadata }, signal) => getByUid(transport, type, metadata, signal),
    write: (object, status, signal) =>
      writeStatus(context, { type, object, status, fieldManager: definition.group, signal }),
  };
}

/** The object as the API server has it; undefined when it is gone, also when another one has taken its name. */
export async function getByUid<T extends KubeObject>(
  transport: KubeTransport,
  type: ResourceType,
  { namespace, name, uid }: KubeObject["metadata"],
  signal: AbortSignal,
): Promise<T | undefined> {
  try {
    const object = await transport.request<T>({ path: resourcePath(type, { namespace, name }), signal });
    return object.metadata.uid === uid ? object : undefined;
  } catch (error) {
    if (isKubeApiError(error, 404)) return undefined;
    throw error;
  }
}
