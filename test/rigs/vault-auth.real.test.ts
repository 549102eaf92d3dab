import { buildCsr, newPrivateKey, parseCertificates } from "@countersign/issuer-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ControlPlane, kubectl, serviceAccountToken, startControlPlane } from "./control-plane.ts";
import { CONTROL_PLANE, describeWithRigs, VAULT } from "./rigs.ts";
import { startVault, type Vault } from "./vault.ts";
import {
  type AppRole,
  setUpAppRole,
  setUpCertAuth,
  setUpJwtAuth,
  setUpKubernetesAuth,
} from "./vault-auth.ts";
import { newTlsAuthority } from "./vault-ca.ts";
import { opensslVerify } from "./vault-chain.ts";
import { VAULT_FLAVOURS } from "./vault-node.ts";
import { setUpPki, type VaultPki } from "./vault-pki.ts";
import { type VaultResponse, vaultWrite } from "./vault-request.ts";

const audience = "vault://team/ca";
const grantTo = (policy: string) => ({
  policies: [policy],
  namespace: "team",
  serviceAccount: "issuer",
  audience,
});

async function csrFor(dnsName: string): Promise<string> {
  return buildCsr({ key: newPrivateKey({ name: "EC", curve: "P-256" }), dnsNames: [dnsName] });
}

const subjects = (chain: unknown) =>
  (chain as readonly string[]).flatMap((pem) => parseCertificates(pem).map(({ subject }) => subject));

for (const flavour of VAULT_FLAVOURS) {
  describeWithRigs(VAULT[flavour], `${flavour}: the PKI of the rig`, () => {
    let vault: Vault;
    beforeAll(async () => {
      vault = await startVault({ flavour });
    });
    afterAll(() => vault?.stop());

    test("signs names of its role for an ECDSA key; openssl verifies the chain to the root", async () => {
      const { signPath, rootPem, intermediatePem } = await setUpPki(vault);
      const data = await vaultWrite(vault, signPath, { csr: await csrFor("a.example.com") });
      expect(subjects(data.ca_chain)).toEqual(["CN=Rig Intermediate", "CN=Rig Root"]);
      await opensslVerify(rootPem, [String(data.certificate), intermediatePem]);
      await expect(opensslVerify(rootPem, [String(data.certificate)])).rejects.toThrow("unable to get local");
    });

    test("has a variant that does not know its root, and answers the intermediate alone", async () => {
      const { signPath } = await setUpPki(vault, { name: "rootless", withoutRoot: true });
      const data = await vaultWrite(vault, signPath, { csr: await csrFor("a.example.com") });
      expect(subjects(data.ca_chain)).toEqual(["CN=Rig Intermediate"]);
    });

    test("refuses other names with 400", async () => {
      const { signPath } = await setUpPki(vault, { name: "narrow", domain: "narrow.example" });
      expect(await vault.request("POST", signPath, { csr: await csrFor("a.example.com") })).toMatchObject({
        status: 400,
        body: { errors: [expect.stringContaining("a.example.com not allowed by this role")] },
      });
    });
  });

  describeWithRigs([...CONTROL_PLANE, ...VAULT[flavour]], `${flavour}: the auth methods of the rig`, () => {
    let vault: Vault;
    let controlPlane: ControlPlane;
    let pki: VaultPki;
    let appRole: AppRole;
    const clients = newTlsAuthority("clients");
    beforeAll(async () => {
      [vault, controlPlane] = await Promise.all([
        startVault({ flavour, tls: "server" }),
        startControlPlane(),
      ]);
      pki = await setUpPki(vault);
      for (const name of ["issuer", "stranger"])
        await kubectl(controlPlane, "create", "serviceaccount", name, "--namespace=default");
      await kubectl(controlPlane, "create", "namespace", "team");
      for (const name of ["issuer", "stranger"])
        await kubectl(controlPlane, "create", "serviceaccount", name, "--namespace=team");
      const grant = grantTo(pki.policy);
      appRole = await setUpAppRole(vault, grant);
      await setUpCertAuth(vault, clients.caPem, grant);
      await setUpKubernetesAuth(vault, controlPlane, grant);
      await setUpJwtAuth(vault, controlPlane, grant);
    });
    afterAll(async () => {
      await vault?.stop();
      await controlPlane?.stop();
    });

    const login = (method: string, body: object, options: object = {}) =>
      vault.request("POST", `auth/${method}/login`, body, { token: "", ...options });
    const loginAs = async (method: string, name: string, to = audience, namespace = "team") =>
      login(method, {
        role: "issuer",
        jwt: await serviceAccountToken(controlPlane, namespace, name, { audiences: [to] }),
      });

    /** The token that was handed out may sign, and nothing else. */
    async function expectToSign({ status, body }: VaultResponse): Promise<void> {
      expect({ status, errors: body.errors }).toEqual({ status: 200, errors: undefined });
      expect(body.auth).toMatchObject({ lease_duration: 3600 });
      const token = body.auth?.client_token ?? "";
      const csr = await csrFor("a.example.com");
      expect(await vault.request("POST", pki.signPath, { csr }, { token })).toMatchObject({ status: 200 });
      expect(await vault.request("POST", `${pki.mount}/issue/web`, {}, { token })).toMatchObject({
        status: 403,
      });
    }

    test("AppRole", async () => {
      const { roleId: role_id, secretId: secret_id } = appRole;
      await expectToSign(await login("approle", { role_id, secret_id }));
      expect(await login("approle", { role_id, secret_id: "guess" })).toMatchObject({ status: 400 });
    });

    test("TLS certificates, of its authority only", async () => {
      const clientCertificate = await clients.issue({ commonName: "issuer" });
      await expectToSign(await login("cert", { name: "issuer" }, { clientCertificate }));
      const stranger = await newTlsAuthority("others").issue({ commonName: "issuer" });
      expect(await login("cert", {}, { clientCertificate: stranger })).toMatchObject({ status: 400 });
    });

    test.each(["kubernetes", "jwt"])("%s: one ServiceAccount's tokens of one audience", async (method) => {
      await expectToSign(await loginAs(method, "issuer"));
      const refused = method === "jwt" ? 400 : 403;
      expect(await loginAs(method, "stranger")).toMatchObject({ status: refused });
      expect(await loginAs(method, "issuer", "vault")).toMatchObject({ status: refused });
      expect(await loginAs(method, "issuer", audience, "default")).toMatchObject({ status: refused });
    });

    test("Kubernetes: Vault asks the API server, so a deleted ServiceAccount's token is refused once its cache of 10 s is over", async () => {
      await kubectl(controlPlane, "create", "namespace", "gone");
      await kubectl(controlPlane, "create", "serviceaccount", "issuer", "--namespace=gone");
      const role = { bound_service_account_names: "issuer", bound_service_account_namespaces: "gone" };
      await vaultWrite(vault, "auth/kubernetes/role/gone", {
        ...role,
        audience,
        token_policies: [pki.policy],
      });
      const jwt = await serviceAccountToken(controlPlane, "gone", "issuer", { audiences: [audience] });
      expect(await login("kubernetes", { role: "gone", jwt })).toMatchObject({ status: 200 });
      await kubectl(controlPlane, "delete", "serviceaccount", "issuer", "--namespace=gone");
      await expect
        .poll(async () => (await login("kubernetes", { role: "gone", jwt })).status, { timeout: 20_000 })
        .toBe(403);
    });
  });
}
