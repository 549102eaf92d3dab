import { PermanentError } from "@countersign/issuer-signer";
import type { IssuerDefinition } from "../definition/define-issuer.ts";
import type { CertificateRequest, CertificateSigningRequest, Condition } from "../kube/types.ts";
import { findCondition } from "../request/condition.ts";
import { type IssuerKey, issuerKeyText } from "../request/match-issuer.ts";
import { matchSignerName } from "../request/match-signer-name.ts";
import { signingRequestStatus, signingRequestView } from "../request/signing-request-view.ts";
import { isFinished, withoutManagedFields } from "../request/trim-request.ts";
import { getByUid } from "./certificate-request-source.ts";
import { certificateSigningRequests } from "./resource-types.ts";
import { type ServeContext, watch, writeStatus } from "./serve-context.ts";
import { openByIssuer, type RequestSource } from "./serve-requests.ts";

/** Kubernetes CertificateSigningRequests whose signerName names an issuer of this definition. */
export function signingRequestSource(
  definition: IssuerDefinition,
  context: ServeContext,
): RequestSource<CertificateSigningRequest> {
  const { transport, clock } = context;
  const type = certificateSigningRequests;
  /** What was last said of requests that wait: there is no condition for it, and it must not be said again and again. */
  const waiting = new Map<string, Condition>();
  const issuers = new Map<string, IssuerKey>();
  const view = (object: CertificateSigningRequest) =>
    signingRequestView(definition, object, waiting.get(object.metadata.uid));

  const informer = watch<CertificateSigningRequest>(context, type, {
    transform: ({ metadata, ...object }) => ({ ...object, metadata: withoutManagedFields(metadata) }),
    matches: ({ spec }) => matchSignerName(definition, spec.signerName) !== undefined,
    indexes: {
      [openByIssuer]: (object) => {
        const issuer = matchSignerName(definition, object.spec.signerName);
        const request = view(object);
        if (issuer === undefined || request === undefined || isFinished(request)) return [];
        return [issuerKeyText(issuer.kind.kind, issuer.namespace, issuer.name)];
      },
    },
  });

  return {
    resource: "certificatesigningrequests.certificates.k8s.io",
    informer,
    view(object) {
      const issuer = matchSignerName(definition, object.spec.signerName);
      if (issuer !== undefined) issuers.set(object.metadata.uid, issuer);
      return view(object);
    },
    match: ({ metadata }) => issuers.get(metadata.uid),
    authorize: (request, issuer, signal) => authorizeReference(definition, context, request, issuer, signal),
    async reread({ metadata }, signal) {
      const object = await getByUid<CertificateSigningRequest>(transport, type, metadata, signal);
      return object && view(object);
    },
    async write(request, status, signal) {
      const ready = findCondition(status.conditions, "Ready");
      const written = signingRequestStatus(definition.group, request, status, clock());
      const { uid } = request.metadata;
      if (ready?.reason === "Pending") waiting.set(uid, ready);
      else waiting.delete(uid);
      if (written === undefined) return request;
      const object = await writeStatus<CertificateSigningRequest>(context, {
        type,
        object: request,
        status: written,
        fieldManager: definition.group,
        signal,
      });
      return object && view(object);
    },
    forget({ metadata }) {
      waiting.delete(metadata.uid);
      issuers.delete(metadata.uid);
    },
  };
}

interface AccessReview {
  readonly status?: { readonly allowed?: boolean };
}

/**
 * A CertificateSigningRequest is cluster-scoped, so its approval says nothing of the namespace whose issuer it names: the
 * requester must be allowed to `reference` that issuer, as for cert-manager's own namespaced signers.
 */
async function authorizeReference(
  definition: IssuerDefinition,
  { transport }: ServeContext,
  { spec }: CertificateRequest,
  { namespace, name }: IssuerKey,
  signal: AbortSignal,
): Promise<void> {
  if (namespace === "") return;
  const attributes = { group: definition.group, resource: "signers", verb: "reference", namespace };
  for (const resourceName of [name, "*"]) {
    const review = await transport.request<AccessReview>({
      method: "POST",
      path: "/apis/authorization.k8s.io/v1/subjectaccessreviews",
      body: {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        spec: {
          user: spec.username,
          uid: spec.uid,
          groups: spec.groups,
          extra: spec.extra,
          resourceAttributes: { ...attributes, name: resourceName },
        },
      },
      signal,
    });
    if (review.status?.allowed === true) return;
  }
  throw new PermanentError(
    `The requester may not reference the issuer ${namespace}/${name}. Grant the verb "reference" on signers.${definition.group} "${name}" in namespace ${namespace}.`,
  );
}
