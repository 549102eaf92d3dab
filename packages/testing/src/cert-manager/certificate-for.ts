import type { CertificateSpec } from "./certificate.ts";

/** A Certificate in a few words: its spec laid flat beside its name. */
export interface CertificateForOptions extends Partial<CertificateSpec> {
  /** `default` where none is named. */
  readonly namespace?: string;
  readonly name: string;
  readonly issuerRef: CertificateSpec["issuerRef"];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * A Certificate object to create. The Secret is named `<name>-tls` where none is named; a Certificate that names nothing
 * to certify gets `<name>.example.com` as its DNS name.
 *
 * @example
 * certificateFor({ name: "web", issuerRef: { name: "ca", kind: "AcmeIssuer", group: "pki.example.com" } })
 */
export function certificateFor(options: CertificateForOptions) {
  const { namespace = "default", name, labels, annotations, ...spec } = options;
  const { commonName, literalSubject, dnsNames, ipAddresses, uris, emailAddresses } = spec;
  const named = [commonName, literalSubject, dnsNames, ipAddresses, uris, emailAddresses].some(
    (value) => value !== undefined,
  );
  return {
    apiVersion: "cert-manager.io/v1",
    kind: "Certificate",
    metadata: { namespace, name, ...(labels && { labels }), ...(annotations && { annotations }) },
    spec: { secretName: `${name}-tls`, ...(named ? {} : { dnsNames: [`${name}.example.com`] }), ...spec },
  };
}
