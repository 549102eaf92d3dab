import { z } from "zod";

/** A certificate has printable ASCII in its URLs, and what has a name in another script is written in punycode. */
const url = z
  .url()
  .max(2048)
  .regex(/^[!-~]+$/);
const urls = z.array(url).min(1).max(8).optional();

/** Fields of `spec` for an issuer that signs with a CA of its own: a `CaProfile`. Spread them into `z.object`. */
export const caProfileFields = Object.freeze({
  crlDistributionPoints: urls.describe("URLs of the CRL, copied into certificates."),
  ocspServers: urls.describe("URLs of the OCSP responder, copied into certificates."),
  issuingCertificateURLs: urls.describe("URLs of the CA certificate, copied into certificates."),
  policyOIDs: z
    .array(
      z
        .string()
        .max(128)
        .regex(/^([01]\.([0-9]|[1-3][0-9])|2\.(0|[1-9][0-9]{0,8}))(\.(0|[1-9][0-9]{0,8}))+$/),
    )
    .min(1)
    .max(8)
    .optional()
    .describe("Policies under which certificates are issued, as dotted OIDs."),
  maxDurationSeconds: z
    .int()
    .min(60)
    .max(3_155_760_000)
    .optional()
    .describe("Longest lifetime of a certificate; requests for more get this."),
  maxPathLength: z
    .int()
    .min(0)
    .max(16)
    .optional()
    .describe("CA certificates that may follow below a CA certificate that is issued."),
  serial: z
    .enum(["request", "random"])
    .default("request")
    .describe(
      "Where serial numbers come from: the request, so that a repeat is the same certificate, or chance.",
    ),
});
