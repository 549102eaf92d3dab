import type { CertificateRequest } from "@countersign/issuer-core";
import type { Certificate, IssuerRef } from "./certificate.ts";
import { annotationNames, copiedAnnotations } from "./names.ts";
import { requestName } from "./request-name.ts";

/** Who the stand-in says created a request. The real cert-manager's webhook stamps the authenticated user. */
export interface RequesterIdentity {
  readonly username: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
}

/** cert-manager's own ServiceAccount in a default installation. */
export const certManagerIdentity: RequesterIdentity = Object.freeze({
  username: "system:serviceaccount:cert-manager:cert-manager",
  groups: ["system:serviceaccounts", "system:serviceaccounts:cert-manager", "system:authenticated"],
});

/** A reference to the Certificate that owns an object, as `metadata.ownerReferences` holds it. */
export function ownerReference(certificate: Certificate) {
  const { name, uid } = certificate.metadata;
  const { apiVersion, kind } = certificate;
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** What {@link requestObject} makes a request of. */
export interface RequestObjectInput {
  readonly certificate: Certificate;
  readonly revision: number;
  readonly csrPem: string;
  /** Name of the Secret with the private key of the CSR. */
  readonly keySecretName: string;
  readonly requester: RequesterIdentity;
}

/** The CertificateRequest of one issuance, as it is created. */
export function requestObject(input: RequestObjectInput) {
  const { certificate, revision, csrPem, keySecretName, requester } = input;
  const { metadata, spec } = certificate;
  return {
    apiVersion: "cert-manager.io/v1",
    kind: "CertificateRequest",
    metadata: {
      name: requestName(metadata.name, revision),
      namespace: metadata.namespace,
      labels: metadata.labels,
      annotations: {
        ...copiedAnnotations(metadata.annotations),
        [annotationNames.certificateName]: metadata.name,
        [annotationNames.certificateRevision]: String(revision),
        [annotationNames.privateKeySecretName]: keySecretName,
      },
      ownerReferences: [ownerReference(certificate)],
    },
    spec: {
      request: Buffer.from(csrPem).toString("base64"),
      issuerRef: spec.issuerRef,
      duration: spec.duration,
      isCA: spec.isCA,
      usages: spec.usages,
      ...requester,
    },
  };
}

/** Whether two references name the same issuer, with the defaults that every reader has to apply. */
export function sameIssuer(left: IssuerRef, right: IssuerRef): boolean {
  return (
    left.name === right.name &&
    (left.kind || "Issuer") === (right.kind || "Issuer") &&
    (left.group || "cert-manager.io") === (right.group || "cert-manager.io")
  );
}

interface OwnerReference {
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
}

/** The Certificate that owns a request, if one does. */
export function ownerOf({ metadata }: CertificateRequest): OwnerReference | undefined {
  const { ownerReferences = [] } = metadata as { readonly ownerReferences?: readonly OwnerReference[] };
  return ownerReferences.find(({ kind, controller }) => kind === "Certificate" && controller === true);
}

/** The revision that a request was made for; undefined where its annotation is no number. */
export function revisionOf({ metadata }: CertificateRequest): number | undefined {
  const text = metadata.annotations?.[annotationNames.certificateRevision] ?? "";
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}
