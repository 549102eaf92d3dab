import { conditions, dateTime, issuerRef, object, string, strings, usages } from "./schema-parts.ts";

const base64 = (description: string) => ({ type: "string", format: "byte", description });

/** The OpenAPI schema of cert-manager.io/v1 CertificateRequest. */
export const certificateRequestSchema = object({
  apiVersion: string(),
  kind: string(),
  metadata: { type: "object" },
  spec: object(
    {
      request: base64("base64 of the PEM PKCS#10 request."),
      issuerRef,
      duration: string("Requested lifetime as a Go duration."),
      isCA: { type: "boolean" },
      usages,
      username: string("Who created the request."),
      uid: string(),
      groups: strings(),
      extra: {
        type: "object",
        additionalProperties: { type: "array", items: string() },
      },
    },
    ["issuerRef", "request"],
  ),
  status: object({
    conditions: conditions(false),
    certificate: base64("base64 of the PEM chain, leaf first, without the root."),
    ca: base64("base64 of the PEM CA."),
    failureTime: dateTime,
  }),
});
