import { caBundleFields, exactlyOneOf, secretKeyRef } from "@countersign/issuer-signer/spec";
import { z } from "zod";
import { attributeName, attributeValue, sid, templateName } from "./request-attributes.ts";

const name = z.string().min(1).max(253);
const username = z.string().min(1).max(256);
const url = z.url({ protocol: /^https$/ }).max(2048);
const duration = z
  .string()
  .max(64)
  .regex(/^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$/);

const password = () => secretKeyRef({ defaultKey: "password" });
const usernameRef = () =>
  secretKeyRef({ defaultKey: "username" }).optional().describe("The user name, from a Secret.");

const account = exactlyOneOf(
  z.object({
    username: username.optional().describe("CORP\\\\user, user@corp.example.com, or a local account's name."),
    usernameSecretRef: usernameRef(),
    passwordSecretRef: password().describe("The password."),
  }),
  ["username", "usernameSecretRef"],
);

const kerberos = exactlyOneOf(
  z.object({
    realm: name
      .optional()
      .describe("Realm of the account, such as CORP.EXAMPLE.COM; needed with a password or kdcs."),
    username: username.optional().describe("Account within the realm; a keytab of one principal needs none."),
    usernameSecretRef: usernameRef(),
    passwordSecretRef: password().optional().describe("Log in with a password."),
    keytabSecretRef: secretKeyRef({ defaultKey: "keytab" })
      .optional()
      .describe("Log in with a keytab with AES keys."),
    kdcs: z
      .array(z.string().min(1).max(260))
      .min(1)
      .max(16)
      .optional()
      .describe(
        "Domain controllers, host or host:port, in the order of preference; found by DNS unless given.",
      ),
    servicePrincipal: z
      .string()
      .regex(/^[^/@\s]+\/[^@\s]+(@[^@\s]+)?$/)
      .max(512)
      .optional()
      .describe("Service principal name of the web server; HTTP/ with the URL's host unless given."),
  }),
  ["passwordSecretRef", "keytabSecretRef"],
).describe("Log in by Kerberos, with channel binding.");

const auth = exactlyOneOf(
  z.object({
    kerberos: kerberos.optional(),
    ntlm: account.optional().describe("Log in by NTLMv2, with channel binding."),
    basic: account.optional().describe("Log in by basic authentication: the server sees the password."),
  }),
  ["kerberos", "ntlm", "basic"],
);

const overrides = z
  .object({
    annotationPrefix: name
      .optional()
      .describe("Prefix of the annotation, before the slash; the API group of the issuer unless given."),
    template: z.array(templateName).min(1).max(64).optional(),
  })
  .describe(
    "Values that an annotation PREFIX/template of a request may put in the place of the issuer's own.",
  );

/** `spec.adcs` of an issuer. */
export const adcsSpec = exactlyOneOf(
  z.object({
    url: url
      .optional()
      .describe(
        "URL of the web enrolment, such as https://pki.corp.example.com; its path is /certsrv unless given.",
      ),
    urls: z
      .array(url)
      .min(1)
      .max(8)
      .optional()
      .describe("URLs of web enrolments of one and the same CA, in the order of preference."),
    serverName: name
      .optional()
      .describe("Name to expect in the servers' certificates instead of the URL's host."),
    ...caBundleFields,
    auth,
    template: templateName
      .optional()
      .describe(
        "Name of the certificate template (not its display name), such as WebServer; none for a standalone CA.",
      ),
    attributes: z
      .array(z.object({ name: attributeName, value: attributeValue }))
      .max(32)
      .optional()
      .describe("Further attributes of each request."),
    correlationAttribute: attributeName
      .default("CertificateManagerUid")
      .describe(
        "Attribute of each request that holds the uid of the Kubernetes object, to find it at the CA.",
      ),
    isCA: z.boolean().default(false).describe("Whether the template, such as SubCA, is for CA certificates."),
    allowedSids: z
      .array(sid)
      .max(64)
      .optional()
      .describe(
        "Security identifiers that a request may name in a URI tag:microsoft.com,2022-09-14:sid:SID.",
      ),
    poll: z
      .object({ minInterval: duration.default("1m"), maxInterval: duration.default("10m") })
      .prefault({})
      .describe("How long to wait before a pending request is looked at again: at random between the two."),
    overrides: overrides.optional(),
  }),
  ["url", "urls"],
).describe("How to reach the web enrolment of AD CS, how to log in, and what to request.");

/** The parsed {@link adcsSpec}. */
export type AdcsSpec = z.output<typeof adcsSpec>;
