import { caBundleFields, exactlyOneOf, secretKeyRef } from "@countersign/issuer-signer/spec";
import { z } from "zod";

const name = z.string().min(1).max(253);
const baseUrl = z.url({ protocol: /^https?$/ }).max(2048);
const path = z
  .string()
  .regex(/^\/[^?#\s\\]*$/)
  .max(1024);
/** Names of members, joined by dots for one inside another. */
const field = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64}){0,7}$/)
  .max(520);
const headerName = z.string().regex(/^[A-Za-z0-9-]{1,128}$/);
const text = z.string().max(4096);

const basic = exactlyOneOf(
  z.object({
    username: z
      .string()
      .min(1)
      .max(255)
      .regex(/^[^:]*$/)
      .optional(),
    usernameSecretRef: secretKeyRef({ defaultKey: "username" }).optional(),
    passwordSecretRef: secretKeyRef({ defaultKey: "password" }),
  }),
  ["username", "usernameSecretRef"],
);

const serviceAccountRef = z
  .object({
    name: name.describe("ServiceAccount in the issuer's namespace, or in the cluster resource namespace."),
    audiences: z
      .array(z.string().min(1).max(512))
      .min(1)
      .max(16)
      .describe("Audiences of the token: those that the service has reviewed."),
  })
  .describe("Send a token that Kubernetes issues for this service account.");

const auth = exactlyOneOf(
  z.object({
    tokenSecretRef: secretKeyRef({ defaultKey: "token" })
      .optional()
      .describe("A bearer token that is sent as it is."),
    serviceAccountRef: serviceAccountRef.optional(),
    basic: basic.optional().describe("User and password (RFC 7617)."),
  }),
  ["tokenSecretRef", "serviceAccountRef", "basic"],
);

/** How a request is written. */
export const requestSpec = z.object({
  csrField: field.default("csr").describe("Where the CSR is."),
  csrFormat: z
    .enum(["base64-der", "base64-pem", "pem"])
    .default("base64-der")
    .describe("How the CSR is written: base64 of its DER, base64 of its PEM, or PEM."),
  durationField: field.optional().describe("Where the lifetime in seconds is; not sent unless given."),
  usagesField: field.optional().describe("Where the list of usages is; not sent unless given."),
  isCAField: field
    .optional()
    .describe("Where it says that a CA certificate is wanted. Without it such requests are refused."),
  values: z
    .array(z.object({ field, value: text }))
    .max(32)
    .optional()
    .describe("What is sent with every request, such as the name of a profile."),
});

/** How an answer is read. */
export const responseSpec = z.object({
  certificateField: field
    .default("certificate")
    .describe("Where the certificate is, alone or with its chain."),
  chainField: field.default("chain").describe("Where more certificates of the chain are."),
  caField: field.default("ca").describe("Where the CA is, or the chain up to it."),
  pollField: field.optional().describe("Where a 202 says at which URL to ask again, if not in Location."),
});

const idempotencySpec = z.object({
  header: headerName
    .default("Idempotency-Key")
    .describe("Header with the attempt's id, the same for every repeat."),
  promised: z
    .boolean()
    .default(false)
    .describe(
      "The service never issues twice for one value of that header, whatever becomes of its processes.",
    ),
});

/** `spec.webhook` of an issuer: where a `/sign` service is, who asks, and how requests and answers are written. */
export const webhookSpec = exactlyOneOf(
  z.object({
    url: baseUrl.optional().describe("Base URL of the service, such as https://signer.example.com."),
    urls: z
      .array(baseUrl)
      .min(1)
      .max(16)
      .optional()
      .describe("Base URLs in the order of preference; each can serve every request."),
    path: path.default("/sign").describe("Where requests are posted, below the base URL."),
    healthPath: path.optional().describe("What answers 2xx to a GET while the service can sign."),
    serverName: name
      .optional()
      .describe("Name to expect in the service's certificate instead of the URL's host."),
    ...caBundleFields,
    clientCertSecretRef: secretKeyRef({ defaultKey: "tls.crt" })
      .optional()
      .describe("Client certificate for every connection; with clientKeySecretRef."),
    clientKeySecretRef: secretKeyRef({ defaultKey: "tls.key" }).optional(),
    auth: auth.optional(),
    headers: z
      .array(z.object({ name: headerName, value: text.regex(/^[ -~]*$/) }))
      .max(16)
      .optional()
      .describe("Headers of every call; no secrets."),
    request: requestSpec.optional(),
    response: responseSpec.optional(),
    idempotency: idempotencySpec.optional(),
  }),
  ["url", "urls"],
).describe("Which service signs, and how it is asked.");

/** The parsed {@link webhookSpec}. */
export type WebhookSpec = z.output<typeof webhookSpec>;

/** The parsed {@link requestSpec}. */
export type WebhookRequestSpec = z.output<typeof requestSpec>;

/** The parsed {@link responseSpec}. */
export type WebhookResponseSpec = z.output<typeof responseSpec>;
