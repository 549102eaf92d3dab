import { caBundleFields, exactlyOneOf, secretKeyRef } from "@countersign/issuer-signer/spec";
import { z } from "zod";

const name = z.string().min(1).max(253);
const segment = z.string().min(1).max(256);

const serviceAccountRef = z
  .object({
    name: name.describe("ServiceAccount in the issuer's namespace, or in the cluster resource namespace."),
    audiences: z
      .array(z.string().min(1).max(512))
      .max(16)
      .optional()
      .describe(
        "Audiences of the token beside vault://NAMESPACE/ISSUER (vault://ISSUER) and the servers' URLs.",
      ),
  })
  .describe("Log in with a token that Kubernetes issues for this login.");

const storedJwtRef = secretKeyRef({ defaultKey: "token" })
  .optional()
  .describe("Log in with a token from a Secret.");

const appRole = exactlyOneOf(
  z.object({
    path: segment.default("approle").describe("Mount of the auth method."),
    roleId: z.string().min(1).max(1024).optional(),
    roleIdRef: secretKeyRef({ defaultKey: "roleId" }).optional().describe("The role id, from a Secret."),
    secretRef: secretKeyRef({ defaultKey: "secretId" }).describe("The secret id."),
  }),
  ["roleId", "roleIdRef"],
);

const clientCertificate = z.object({
  mountPath: segment.default("/v1/auth/cert").describe("Mount of the auth method."),
  secretName: name
    .optional()
    .describe(
      "Secret of type kubernetes.io/tls to log in with; without it the certificate of the transport.",
    ),
  name: segment.optional().describe("Certificate role; Vault tries every one unless given."),
});

const kubernetes = exactlyOneOf(
  z.object({
    mountPath: segment.default("/v1/auth/kubernetes").describe("Mount of the auth method."),
    role: segment.describe("Role of the auth method."),
    secretRef: storedJwtRef,
    serviceAccountRef: serviceAccountRef.optional(),
  }),
  ["secretRef", "serviceAccountRef"],
);

const jwt = exactlyOneOf(
  z.object({
    mountPath: segment.default("/v1/auth/jwt").describe("Mount of the auth method."),
    role: segment.optional().describe("Role of the auth method; the mount's default unless given."),
    secretRef: storedJwtRef,
    serviceAccountRef: serviceAccountRef.optional(),
  }),
  ["secretRef", "serviceAccountRef"],
);

const auth = exactlyOneOf(
  z.object({
    tokenSecretRef: secretKeyRef({ defaultKey: "token" })
      .optional()
      .describe("A token that is used as it is."),
    appRole: appRole.optional(),
    clientCertificate: clientCertificate.optional(),
    kubernetes: kubernetes.optional(),
    jwt: jwt.optional(),
  }),
  ["tokenSecretRef", "appRole", "clientCertificate", "kubernetes", "jwt"],
);

const server = z.url({ protocol: /^https?$/ }).max(2048);

/**
 * `spec.vault` of an issuer: the fields of cert-manager's own Vault issuer under the same names, and what that one lacks:
 * `servers`, `mount` with `role`, `issuerRef` and `mode`, `caBundleConfigMapRef`, `appRole.roleIdRef`, `jwt`.
 */
export const vaultSpec = exactlyOneOf(
  exactlyOneOf(
    z.object({
      server: server.optional().describe("URL of Vault, such as https://vault.example.com:8200."),
      servers: z
        .array(server)
        .min(1)
        .max(16)
        .optional()
        .describe("URLs of Vault in the order of preference; each can serve every request."),
      serverName: name
        .optional()
        .describe("Name to expect in the servers' certificates instead of the URL's host."),
      namespace: z.string().min(1).max(1024).optional().describe("Namespace of Vault Enterprise or OpenBao."),
      path: z
        .string()
        .min(1)
        .max(1024)
        .optional()
        .describe("Where to sign, such as pki_int/sign/web; or use mount."),
      mount: z.string().min(1).max(512).optional().describe("Mount of the PKI engine, instead of path."),
      role: segment.optional().describe("Role of the PKI engine, with mount."),
      issuerRef: segment.optional().describe("CA of the mount that is to sign, with mount."),
      mode: z
        .enum(["sign", "sign-verbatim", "sign-intermediate"])
        .optional()
        .describe("How to sign, with mount: by the role (default), the CSR as it is, or as a CA."),
      ...caBundleFields,
      clientCertSecretRef: secretKeyRef({ defaultKey: "tls.crt" })
        .optional()
        .describe("Client certificate for every connection; with clientKeySecretRef."),
      clientKeySecretRef: secretKeyRef({ defaultKey: "tls.key" }).optional(),
      auth,
    }),
    ["server", "servers"],
  ),
  ["path", "mount"],
).describe("How to reach Vault or OpenBao, where to sign and how to log in.");

/** The parsed {@link vaultSpec}. */
export type VaultSpec = z.output<typeof vaultSpec>;
