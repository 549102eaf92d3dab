import {
  assertUsableCa,
  buildCertificate,
  defineIssuer,
  deterministicSerial,
  issued,
  orderChain,
  parsePrivateKey,
  softwareCaSigner,
} from "@countersign/issuer-core";
import { z } from "zod";

/**
 * An issuer whose CA certificate and key are in a Secret (`tls.crt`, `tls.key`), as cert-manager's CA issuer keeps them
 * or as another PKI, such as AD CS, exports them: RSA, EC or Ed25519; PKCS#1, SEC1 or PKCS#8.
 *
 * Serial and dates follow from the request alone, so that a repeated `sign` is the same certificate again.
 */
export const softwareCa = defineIssuer({
  group: "software-ca.countersign.dev",
  version: "v1alpha1",
  kinds: { namespaced: "SoftwareCAIssuer", cluster: "SoftwareCAClusterIssuer" },
  spec: z.object({
    secretName: z
      .string()
      .min(1)
      .max(253)
      .describe("Secret with the CA: its chain in tls.crt, its key in tls.key."),
    crlDistributionPoints: z
      .array(z.url())
      .max(8)
      .optional()
      .describe("URLs of the CRL, copied into certificates."),
    ocspServers: z
      .array(z.url())
      .max(8)
      .optional()
      .describe("URLs of the OCSP responder, copied into certificates."),
    issuingCertificateURLs: z.array(z.url()).max(8).optional().describe("URLs of the CA certificate."),
  }),
  secrets: ({ secretName }) => ({
    certificate: { name: secretName, key: "tls.crt" },
    key: { name: secretName, key: "tls.key" },
  }),
  connect({ spec, secrets }) {
    const key = parsePrivateKey(secrets.key);
    const caChain = orderChain(secrets.certificate);
    const [ca] = caChain.chain;
    if (ca === undefined) throw new TypeError("orderChain never answers an empty chain");
    const signer = softwareCaSigner(key);
    return {
      idempotent: true,
      check: async () => assertUsableCa(ca, { now: new Date(), key }),
      async sign({ parsedCsr, isCA, usages, durationSeconds, approvedAt }, { attemptId }) {
        const certificate = await buildCertificate({
          csr: parsedCsr,
          caCertificate: ca,
          signer,
          serial: deterministicSerial(attemptId),
          notBefore: new Date(approvedAt * 1000),
          notAfter: new Date((approvedAt + durationSeconds) * 1000),
          isCA,
          usages,
          crlDistributionPoints: spec.crlDistributionPoints,
          ocspServers: spec.ocspServers,
          issuingCertificateUrls: spec.issuingCertificateURLs,
        });
        return issued({ chain: certificate.pem + secrets.certificate });
      },
    };
  },
});
