import { describe, expect, test } from "vitest";
import { configMapRefs, secretRefs } from "./secret-refs.ts";
import { vaultIssuer } from "./vault-issuer.ts";

const { spec } = vaultIssuer;

/** Specs of cert-manager's own Vault issuer, one for each way to log in, with every field that it has. */
const builtIn = {
  AppRole: {
    server: "https://vault.local",
    path: "pki_int/sign/example-dot-com",
    caBundle: "PGJhc2U2NCBlbmNvZGVkIGNhQnVuZGxlIFBFTSBmaWxlPg==",
    auth: {
      appRole: {
        path: "approle",
        roleId: "291b9d21-8ff5-4f1d-9a4e-6f1d6f3d6c11",
        secretRef: { name: "cert-manager-vault-approle", key: "secretId" },
      },
    },
  },
  "a token": {
    server: "https://vault.local",
    path: "pki_int/sign/example-dot-com",
    caBundleSecretRef: { name: "vault-ca", key: "ca.pem" },
    namespace: "team-a",
    auth: { tokenSecretRef: { name: "cert-manager-vault-token", key: "token" } },
  },
  "a service account's stored token": {
    server: "https://vault.local",
    path: "pki_int/sign/example-dot-com",
    auth: {
      kubernetes: {
        role: "my-app-1",
        mountPath: "/v1/auth/kubernetes",
        secretRef: { name: "issuer-token-lmzpj", key: "token" },
      },
    },
  },
  "a service account": {
    server: "http://vault.vault:8200",
    serverName: "vault.internal",
    path: "pki/sign/vault-issuer",
    auth: {
      kubernetes: {
        role: "vault-issuer",
        mountPath: "/v1/auth/kubernetes",
        serviceAccountRef: {
          name: "vault-issuer",
          audiences: ["https://kubernetes.default.svc.cluster.local"],
        },
      },
    },
  },
  "a client certificate": {
    server: "https://vault.local",
    path: "pki_int/sign/example-dot-com",
    clientCertSecretRef: { name: "vault-client", key: "tls.crt" },
    clientKeySecretRef: { name: "vault-client", key: "tls.key" },
    auth: { clientCertificate: { mountPath: "/v1/auth/cert", secretName: "vault-login", name: "web" } },
  },
};

describe("spec.vault", () => {
  test.each(Object.entries(builtIn))("is that of the built-in issuer with %s, as it stands", (_, vault) => {
    expect(spec.parse({ vault })).toEqual({ vault });
  });

  test("reads the keys that the built-in issuer reads where none is named", () => {
    const { vault } = spec.parse({
      vault: {
        server: "https://vault.local",
        path: "pki/sign/web",
        caBundleSecretRef: { name: "a" },
        clientCertSecretRef: { name: "b" },
        clientKeySecretRef: { name: "b" },
        auth: { clientCertificate: { secretName: "c" } },
      },
    });
    expect(secretRefs({ vault })).toMatchObject({
      caBundle: { name: "a", key: "ca.crt" },
      clientCert: { name: "b", key: "tls.crt" },
      clientKey: { name: "b", key: "tls.key" },
      loginCert: { name: "c", key: "tls.crt" },
      loginKey: { name: "c", key: "tls.key" },
    });
    expect(vault.auth.clientCertificate?.mountPath).toBe("/v1/auth/cert");
  });

  test("takes several servers, the parts of a path, and a ConfigMap with the CAs", () => {
    const { vault } = spec.parse({
      vault: {
        servers: ["https://a.example.com", "https://b.example.com"],
        mount: "pki",
        role: "web",
        issuerRef: "ca-2",
        mode: "sign-verbatim",
        caBundleConfigMapRef: { name: "trust" },
        auth: { appRole: { roleIdRef: { name: "r" }, secretRef: { name: "r" } } },
      },
    });
    expect(configMapRefs({ vault })).toEqual({ caBundle: { name: "trust", key: "ca.crt" } });
    expect(secretRefs({ vault })).toMatchObject({
      roleId: { name: "r", key: "roleId" },
      secretId: { name: "r", key: "secretId" },
      token: undefined,
    });
  });

  const auth = { tokenSecretRef: { name: "t" } };
  const appRole = { roleId: "x", secretRef: { name: "s" } };
  test.each([
    [{ auth }, "exactly one of server, servers"],
    [{ server: "https://a", servers: ["https://b"], auth }, "exactly one of server, servers"],
    [{ server: "https://a", path: undefined, auth }, "exactly one of path, mount"],
    [{ server: "https://a", mount: "pki", auth }, "exactly one of path, mount"],
    [{ server: "ftp://a", auth }, "Invalid URL"],
    [{ server: "vault.local", auth }, "Invalid URL"],
    [{ server: "https://a", caBundle: "no base64!", auth }, "base64"],
    [{ server: "https://a" }, "expected object"],
    [{ server: "https://a", auth: {} }, "exactly one of tokenSecretRef"],
    [{ server: "https://a", auth: { ...auth, appRole } }, "exactly one of tokenSecretRef"],
    [{ server: "https://a", auth: { aws: { role: "x" } } }, "exactly one of tokenSecretRef"],
    [
      { server: "https://a", auth: { appRole: { ...appRole, roleIdRef: { name: "r" } } } },
      "exactly one of roleId",
    ],
    [{ server: "https://a", auth: { kubernetes: { role: "x" } } }, "exactly one of secretRef"],
    [
      {
        server: "https://a",
        auth: { jwt: { secretRef: { name: "s" }, serviceAccountRef: { name: "a" } } },
      },
      "exactly one of secretRef",
    ],
  ])("refuses %j", (vault, words) => {
    const result = spec.safeParse({ vault: { path: "pki/sign/web", ...vault } });
    expect(result.success).toBe(false);
    expect(result.error?.issues.map(({ message }) => message).join("; ")).toContain(words);
  });
});

test("the fragment asks for what it uses", () => {
  expect(vaultIssuer.requestsTokens).toBe(true);
});
