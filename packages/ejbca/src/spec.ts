import { caBundleFields, exactlyOneOf, secretKeyRef } from "@countersign/issuer-signer/spec";
import { z } from "zod";
import { defaultEndEntityName } from "./end-entity-name.ts";

const name = z.string().min(1).max(253);
/** EJBCA's own columns hold 250 characters; one more than that is answered with a bare 500. */
const ejbcaName = z.string().min(1).max(250);
const url = z.url({ protocol: /^https?$/ }).max(2048);

const oauth2 = exactlyOneOf(
  z.object({
    tokenUrl: url.describe("Token endpoint of the OAuth2 server that EJBCA trusts."),
    clientId: z.string().min(1).max(1024).optional(),
    clientIdRef: secretKeyRef({ defaultKey: "clientId" })
      .optional()
      .describe("The client id, from a Secret."),
    clientSecretRef: secretKeyRef({ defaultKey: "clientSecret" }).describe("The client secret."),
    clientAuthentication: z
      .enum(["basic", "post"])
      .default("basic")
      .describe("Whether id and secret go into the Authorization header or into the form."),
    scopes: z
      .array(
        z
          .string()
          .max(256)
          .regex(/^[!#-[\]-~]+$/),
      )
      .max(32)
      .optional(),
    audience: z
      .string()
      .min(1)
      .max(1024)
      .optional()
      .describe("Sent as audience, which some servers want; EJBCA may demand one in the token."),
    ...caBundleFields,
  }),
  ["clientId", "clientIdRef"],
).describe("Log in with a token of the client credentials grant.");

const auth = exactlyOneOf(
  z.object({
    clientCertificate: z
      .object({
        secretName: name.describe("Secret with tls.crt and tls.key, such as one of type kubernetes.io/tls."),
      })
      .optional()
      .describe("Log in with a client certificate that is a member of a role in EJBCA."),
    oauth2: oauth2.optional(),
  }),
  ["clientCertificate", "oauth2"],
);

const template = z.string().min(1).max(1024);
const data = z
  .array(z.object({ name: z.string().min(1).max(256), value: template }))
  .max(32)
  .optional();
const allowed = z.array(ejbcaName).min(1).max(64).optional();

const overrides = z
  .object({
    annotationPrefix: z
      .string()
      .min(1)
      .max(253)
      .optional()
      .describe(
        "Prefix of the annotations, before the slash; the API group of the issuer unless given. ejbca-issuer.keyfactor.com for those of Keyfactor's issuer.",
      ),
    certificateAuthorityName: allowed,
    certificateProfileName: allowed,
    endEntityProfileName: allowed,
    endEntityName: allowed,
  })
  .describe("Values that an annotation PREFIX/FIELD of a request may put in the place of the issuer's own.");

/** `spec.ejbca` of an issuer. */
export const ejbcaSpec = exactlyOneOf(
  z.object({
    url: url
      .optional()
      .describe(
        "URL of EJBCA, such as https://ejbca.example.com:8443; its path is /ejbca/ejbca-rest-api unless given.",
      ),
    urls: z
      .array(url)
      .min(1)
      .max(16)
      .optional()
      .describe("URLs of the nodes of one EJBCA in the order of preference; each can serve every request."),
    serverName: name
      .optional()
      .describe("Name to expect in the servers' certificates instead of the URL's host."),
    ...caBundleFields,
    auth,
    certificateAuthorityName: ejbcaName.describe("Name of the CA, as the CA list has it; not its DN."),
    certificateProfileName: ejbcaName,
    endEntityProfileName: ejbcaName,
    mode: z
      .enum(["createOrUpdate", "existingEndEntity"])
      .default("createOrUpdate")
      .describe("Whether the issuer makes end entities, or uses those that somebody has registered."),
    endEntityName: template
      .default(defaultEndEntityName)
      .describe(
        "Username of the end entity, with {namespace}, {name}, {uid}, {certificate}, {commonName} and so on.",
      ),
    allowRequestedEndEntities: z
      .boolean()
      .default(false)
      .describe("Allows an endEntityName that requesters choose freely: they can overwrite any end entity."),
    enrollmentCodeSecretRef: secretKeyRef({ defaultKey: "enrollmentCode" })
      .optional()
      .describe("Enrolment code (password) of the end entity."),
    generateEnrollmentCode: z
      .boolean()
      .default(false)
      .describe("Gives each end entity a random enrolment code, for end entity profiles that demand one."),
    email: template.optional().describe("E-mail address of the end entity, such as {email}."),
    accountBindingId: template.optional(),
    extensionData: data.describe("Data of the end entity for certificate extensions; newer EJBCA only."),
    customData: data.describe("Custom data of the end entity; newer EJBCA only."),
    requestDuration: z
      .boolean()
      .default(true)
      .describe(
        "Asks EJBCA 9.3.3 or newer for the lifetime that the request wants (Allow Validity Override).",
      ),
    overrides: overrides.optional(),
  }),
  ["url", "urls"],
).describe("How to reach EJBCA, how to log in, and what to enrol.");

/** The parsed {@link ejbcaSpec}. */
export type EjbcaSpec = z.output<typeof ejbcaSpec>;
