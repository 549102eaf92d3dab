/** Label on the Secrets that cert-manager writes: it watches only these. */
export const managedSecretLabel = "controller.cert-manager.io/fao";

/** Label on the Secret that holds the key of an issuance under way. */
export const nextPrivateKeyLabel = "cert-manager.io/next-private-key";

/** Annotations of CertificateRequests and Secrets. */
export const annotationNames = Object.freeze({
  certificateName: "cert-manager.io/certificate-name",
  certificateRevision: "cert-manager.io/certificate-revision",
  privateKeySecretName: "cert-manager.io/private-key-secret-name",
  issuerName: "cert-manager.io/issuer-name",
  issuerKind: "cert-manager.io/issuer-kind",
  issuerGroup: "cert-manager.io/issuer-group",
  commonName: "cert-manager.io/common-name",
  altNames: "cert-manager.io/alt-names",
  ipSans: "cert-manager.io/ip-sans",
  uriSans: "cert-manager.io/uri-sans",
  emailSans: "cert-manager.io/email-sans",
});

/** Annotations of a Certificate with these prefixes are not copied to its CertificateRequests. */
const uncopiedPrefixes = ["kubectl.kubernetes.io/", "fluxcd.io/", "argocd.argoproj.io/"];

/** The annotations of a Certificate that its CertificateRequests carry too: how users pass options to an issuer. */
export function copiedAnnotations(
  annotations: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(annotations).filter(
      ([name]) => !uncopiedPrefixes.some((prefix) => name.startsWith(prefix)),
    ),
  );
}
