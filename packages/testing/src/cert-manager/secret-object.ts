import type { X509Certificate } from "node:crypto";
import { isIPv6, SocketAddress } from "node:net";
import type { Certificate } from "./certificate.ts";
import { readChain } from "./issued-certificate.ts";
import { annotationNames, managedSecretLabel } from "./names.ts";

/** What goes into the Secret of a Certificate, as PEM texts. */
export interface SecretContents {
  readonly chainPem: string;
  readonly keyPem: string;
  /** Undefined leaves `ca.crt` out, and an apply then removes an earlier one. */
  readonly caPem: string | undefined;
}

/** The values of one kind in the leaf's subject alternative names, comma-separated as cert-manager annotates them. */
function alternativeNames(leaf: X509Certificate, kind: string, format = (value: string) => value): string {
  const names = leaf.subjectAltName?.split(", ") ?? [];
  const values = names
    .filter((name) => name.startsWith(`${kind}:`))
    .map((name) => name.slice(kind.length + 1));
  return values.map(format).join(",");
}

/** OpenSSL writes IPv6 addresses in full, RFC 5952 and Go in short. */
function canonicalIp(address: string): string {
  return isIPv6(address) ? new SocketAddress({ address, family: "ipv6" }).address : address;
}

/**
 * The Secret of a Certificate, as it is server-side applied. `type` is immutable: that of a Secret which exists stays.
 */
export function secretObject(certificate: Certificate, contents: SecretContents, type = "kubernetes.io/tls") {
  const { metadata, spec } = certificate;
  const { chainPem, keyPem, caPem } = contents;
  const [leaf] = readChain(chainPem);
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: spec.secretName,
      namespace: metadata.namespace,
      labels: { ...spec.secretTemplate?.labels, [managedSecretLabel]: "true" },
      annotations: {
        ...spec.secretTemplate?.annotations,
        [annotationNames.certificateName]: metadata.name,
        [annotationNames.issuerName]: spec.issuerRef.name,
        [annotationNames.issuerKind]: spec.issuerRef.kind || "Issuer",
        [annotationNames.issuerGroup]: spec.issuerRef.group ?? "",
        [annotationNames.commonName]: /^CN=(.*)$/m.exec(leaf.subject ?? "")?.[1] ?? "",
        [annotationNames.altNames]: alternativeNames(leaf, "DNS"),
        [annotationNames.ipSans]: alternativeNames(leaf, "IP Address", canonicalIp),
        [annotationNames.uriSans]: alternativeNames(leaf, "URI"),
        [annotationNames.emailSans]: alternativeNames(leaf, "email"),
      },
    },
    type,
    data: {
      "tls.crt": base64(chainPem),
      "tls.key": base64(keyPem),
      ...(caPem === undefined ? {} : { "ca.crt": base64(caPem) }),
    },
  };
}
