import {
  caProfileFields,
  configMapKeyRef,
  exactlyOneOf,
  secretKeyRef,
} from "@countersign/issuer-signer/spec";
import { z } from "zod";

const label = z.string().min(1).max(255);
const id = z
  .string()
  .regex(/^([0-9A-Fa-f]{2}){1,128}$/)
  .describe("CKA_ID of the key, in hexadecimal.");
const modulePath = z
  .string()
  .min(1)
  .max(1024)
  .describe("PKCS#11 module: one that the operator allows; may be left out where that is one only.");
const pinSecretRef = secretKeyRef({ defaultKey: "pin" });

const token = z.object({
  modulePath: modulePath.optional(),
  uri: z
    .string()
    .min(1)
    .max(2048)
    .optional()
    .describe("PKCS#11 URI (RFC 7512) instead of the fields beside it, such as pkcs11:token=ca1;object=ca."),
  label: label.optional().describe("Label of the token."),
  serial: z.string().min(1).max(64).optional().describe("Serial number of the token."),
  pinSecretRef: pinSecretRef.optional().describe("PIN of this token, where it has another than the first."),
});

/**
 * `spec` of an issuer whose CA key is in one or several PKCS#11 tokens. It names no library that the operator does not
 * allow, no file, and no Secret but in its own namespace.
 */
export const pkcs11Spec = z.object({
  tokens: z
    .array(token)
    .min(1)
    .max(8)
    .describe("Tokens that hold the same key, in the order of preference; the next signs where one is away."),
  key: z
    .object({ id: id.optional(), label: label.optional() })
    .optional()
    .describe("The CA key; found by the public key of the CA certificate alone unless given."),
  pinSecretRef: pinSecretRef.optional().describe("The PIN. Tried once for each version of the Secret."),
  operatorPin: z
    .string()
    .min(1)
    .max(63)
    .optional()
    .describe("Name of a PIN that the operator keeps in a file or the environment; cluster issuers only."),
  certificate: exactlyOneOf(
    z.object({
      secretRef: secretKeyRef({ defaultKey: "tls.crt" }).optional(),
      configMapRef: configMapKeyRef({ defaultKey: "ca.crt" }).optional(),
      inline: z.string().min(1).max(95_000).optional(),
    }),
    ["secretRef", "configMapRef", "inline"],
  ).describe("The CA certificate as PEM, with the certificates above it."),
  rsaPss: z.boolean().default(false).describe("Make RSA-PSS signatures with an RSA key."),
  sessions: z.int().min(1).max(64).default(4).describe("Signatures that one token makes at the same time."),
  profile: z.object(caProfileFields).optional().describe("What goes into every certificate."),
});

/** The parsed {@link pkcs11Spec}. */
export type Pkcs11Spec = z.output<typeof pkcs11Spec>;
