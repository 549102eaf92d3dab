import {
  conditions,
  dateTime,
  issuerRef,
  object,
  string,
  stringMap,
  strings,
  usages,
} from "./schema-parts.ts";

const goDuration = (description: string) => string(`${description} A Go duration such as 2160h.`);

/** The OpenAPI schema of cert-manager.io/v1 Certificate: the fields that the stand-in acts on. */
export const certificateSchema = object({
  apiVersion: string(),
  kind: string(),
  metadata: { type: "object" },
  spec: object(
    {
      secretName: string("The Secret that receives tls.crt, tls.key and ca.crt."),
      issuerRef,
      commonName: string(),
      literalSubject: string("RFC 4514 text; instead of commonName and subject."),
      subject: object({
        organizations: strings(),
        organizationalUnits: strings(),
        countries: strings(),
        provinces: strings(),
        localities: strings(),
        streetAddresses: strings(),
        postalCodes: strings(),
        serialNumber: string(),
      }),
      dnsNames: strings(),
      ipAddresses: strings(),
      uris: strings(),
      emailAddresses: strings(),
      duration: goDuration("Requested lifetime."),
      renewBefore: goDuration("How long before expiry the certificate is renewed."),
      renewBeforePercentage: { type: "integer", format: "int32" },
      usages,
      encodeUsagesInRequest: { type: "boolean" },
      isCA: { type: "boolean" },
      privateKey: object({
        algorithm: { type: "string", enum: ["RSA", "ECDSA", "Ed25519"] },
        size: { type: "integer" },
        encoding: { type: "string", enum: ["PKCS1", "PKCS8"] },
        rotationPolicy: { type: "string", enum: ["Never", "Always"] },
      }),
      revisionHistoryLimit: { type: "integer", format: "int32", minimum: 1 },
      secretTemplate: object({ annotations: stringMap, labels: stringMap }),
    },
    ["issuerRef", "secretName"],
  ),
  status: object({
    conditions: conditions(true),
    revision: { type: "integer" },
    nextPrivateKeySecretName: string(),
    notBefore: dateTime,
    notAfter: dateTime,
    renewalTime: dateTime,
    lastFailureTime: dateTime,
    failedIssuanceAttempts: { type: "integer" },
  }),
});
