import { caBundleFields, exactlyOneOf, secretKeyRef } from "@countersign/issuer-signer/spec";
import { z } from "zod";
import { cloudRegions } from "./cloud/cloud-urls.ts";
import { defaultObjectName, objectNamePattern } from "./object-name.ts";

const name = z.string().min(1).max(253);
const fieldName = z.string().min(1).max(255);
const fieldValue = z.string().min(1).max(4096);

const serviceAccountRef = z
  .object({
    name: name.describe("ServiceAccount in the issuer's namespace, or in the cluster resource namespace."),
    audiences: z
      .array(z.string().min(1).max(512))
      .max(16)
      .optional()
      .describe("Audiences of the token; the server's host unless given."),
  })
  .optional();

const customFields = z
  .array(
    z.object({
      name: fieldName.describe("Label of the custom field."),
      values: z.array(fieldValue).min(1).max(64),
    }),
  )
  .max(64)
  .optional()
  .describe("Custom fields of every certificate.");

const tpp = exactlyOneOf(
  z.object({
    url: z
      .string()
      .min(1)
      .max(2048)
      .describe("URL of TPP, such as https://tpp.example.com/vedsdk; always spoken to by https."),
    credentialsRef: z
      .object({ name })
      .optional()
      .describe(
        "Secret with access-token, or refresh-token, or username and password, or tls.crt and tls.key, or jwt; and with client-id.",
      ),
    serviceAccountRef: serviceAccountRef.describe(
      "Log in with a token that Kubernetes issues for this login, which TPP maps to a user.",
    ),
    clientId: z
      .string()
      .min(1)
      .max(255)
      .default("cert-manager.io")
      .describe("Client id of the API integration where the Secret has no client-id."),
    scope: z
      .string()
      .min(1)
      .max(512)
      .default("certificate:manage")
      .describe("Scope to ask for with a login."),
    maxTLSVersion: z
      .enum(["1.2", "1.3"])
      .optional()
      .describe("Newest version of TLS; 1.2 where IIS asks for client certificates after the handshake."),
    ...caBundleFields,
    cadn: z
      .string()
      .min(1)
      .max(1024)
      .optional()
      .describe("DN of the CA template, such as \\VED\\Policy\\CAs\\Web; the zone's unless given."),
    objectName: z
      .string()
      .max(255)
      .regex(objectNamePattern)
      .default(defaultObjectName)
      .describe("Name of the certificate object, with {commonName}, {namespace}, {name}, {uid}, {attempt}."),
    contacts: z
      .array(z.string().min(1).max(512))
      .max(32)
      .optional()
      .describe("Contacts of the certificates, as prefixed universal ids such as local:{GUID}."),
    customFields,
    allowedCustomFields: z
      .array(fieldName)
      .max(64)
      .optional()
      .describe(
        "Custom fields that requests may set by the annotation venafi.cert-manager.io/custom-fields.",
      ),
  }),
  ["credentialsRef", "serviceAccountRef"],
);

const serviceAccount = exactlyOneOf(
  z.object({
    tokenURL: z
      .url({ protocol: /^https$/ })
      .max(2048)
      .describe("Token URL of the service account, as the SaaS shows it."),
    serviceAccountRef: serviceAccountRef.describe("Assert with a token that Kubernetes issues."),
    jwtSecretRef: secretKeyRef({ defaultKey: "jwt" }).optional().describe("Assert with a JWT of a Secret."),
  }),
  ["serviceAccountRef", "jwtSecretRef"],
);

const cloud = exactlyOneOf(
  z.object({
    url: z
      .string()
      .min(1)
      .max(2048)
      .optional()
      .describe("URL of the API, for regions that have no name here."),
    region: z.enum(cloudRegions).optional().describe("Region of the tenant; us unless url or this is given."),
    apiTokenSecretRef: secretKeyRef({ defaultKey: "api-key" }).optional().describe("API key of a user."),
    serviceAccount: serviceAccount.optional().describe("Service account by workload identity federation."),
    ...caBundleFields,
    tags: z
      .array(z.string().min(1).max(255))
      .max(32)
      .optional()
      .describe("Tags of the certificates, NAME or NAME:VALUE."),
  }),
  ["apiTokenSecretRef", "serviceAccount"],
);

/**
 * `spec.venafi` of an issuer: the fields of cert-manager's own Venafi issuer under the same names, and what that one lacks
 * (see the README's table).
 */
export const venafiSpec = exactlyOneOf(
  z.object({
    zone: z
      .string()
      .min(1)
      .max(1024)
      .describe("TPP: policy folder, with or without \\VED\\Policy\\. SaaS: Application\\Template alias."),
    origin: z
      .string()
      .min(1)
      .max(64)
      .default("cert-manager")
      .describe("What Venafi shows as the origin of the certificates."),
    tpp: tpp.optional().describe("Venafi TPP: CyberArk Certificate Manager, Self-Hosted."),
    cloud: cloud.optional().describe("Venafi Cloud: CyberArk Certificate Manager, SaaS."),
  }),
  ["tpp", "cloud"],
).describe("How to reach Venafi, how to log in, and the policy that certificates are asked for by.");

/** The parsed {@link venafiSpec}. */
export type VenafiSpec = z.output<typeof venafiSpec>;
/** `spec.venafi.tpp`. */
export type TppSpec = NonNullable<VenafiSpec["tpp"]>;
/** `spec.venafi.cloud`. */
export type CloudSpec = NonNullable<VenafiSpec["cloud"]>;
