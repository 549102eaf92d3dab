import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type ControlPlane,
  kubectl,
  serviceAccountToken,
  startControlPlane,
} from "../../../../test/rigs/control-plane.ts";
import { CONTROL_PLANE, describeWithRigs, VAULT } from "../../../../test/rigs/rigs.ts";
import { startVault, type Vault } from "../../../../test/rigs/vault.ts";
import {
  setUpAppRole,
  setUpCertAuth,
  setUpJwtAuth,
  setUpKubernetesAuth,
} from "../../../../test/rigs/vault-auth.ts";
import { newTlsAuthority } from "../../../../test/rigs/vault-ca.ts";
import { VAULT_FLAVOURS } from "../../../../test/rigs/vault-node.ts";
import { expectVault, vaultWrite } from "../../../../test/rigs/vault-request.ts";
import { type ConnectOptions, failureOf } from "../connect-fixture.ts";
import { connect, webRequest } from "./connect.ts";
import { countTokens, mountPki, newToken, type PkiMount } from "./pki-mount.ts";

/** Where the service accounts are. */
const namespace = "team";

for (const flavour of VAULT_FLAVOURS) {
  describeWithRigs([...CONTROL_PLANE, ...VAULT[flavour]], `${flavour}: logins`, () => {
    let vault: Vault;
    let controlPlane: ControlPlane;
    let pki: PkiMount;
    const policy = "pki";
    const clients = newTlsAuthority("clients");

    beforeAll(async () => {
      [vault, controlPlane] = await Promise.all([
        startVault({ flavour, tls: "server" }),
        startControlPlane(),
      ]);
      pki = await mountPki(vault);
      await kubectl(controlPlane, "create", "namespace", namespace);
      for (const name of ["issuer", "stranger"])
        await kubectl(controlPlane, "create", "serviceaccount", name, `--namespace=${namespace}`);
      const grant = { role: "web", policies: [policy] };
      const account = { ...grant, namespace, serviceAccount: "issuer", audience: "vault://team/ca" };
      await setUpKubernetesAuth(vault, controlPlane, account);
      await setUpJwtAuth(vault, controlPlane, account);
      await setUpCertAuth(vault, clients.caPem, grant);
      await setUpAppRole(vault, grant);
    });
    afterAll(async () => {
      await vault?.stop();
      await controlPlane?.stop();
    });

    const issuer = (auth: object, more: Omit<ConnectOptions, "vault"> = {}) =>
      connect(vault, {
        vault: { path: pki.signPath, auth },
        requestToken: ({ name, audiences, expirationSeconds = 600 }) =>
          serviceAccountToken(controlPlane, namespace, name, { audiences, expirationSeconds }),
        ...more,
      });
    const appRole = async () => {
      const { data } = await expectVault(vault, "GET", "auth/approle/role/web/role-id");
      const { secret_id: secretId } = await vaultWrite(vault, "auth/approle/role/web/secret-id", {});
      return { roleId: String(data?.role_id), secretId: String(secretId) };
    };
    const kubernetes = (more: object = {}) => ({
      kubernetes: { role: "web", serviceAccountRef: { name: "issuer" }, ...more },
    });

    /** Checks, signs twice, and leaves no token behind. */
    async function signsWith(auth: object, more: Omit<ConnectOptions, "vault"> = {}): Promise<void> {
      const before = await countTokens(vault);
      {
        await using connected = issuer(auth, more);
        await connected.check();
        const [request, other] = [await webRequest("a"), await webRequest("b")];
        await connected.sign(request);
        await connected.sign(other);
        expect(await countTokens(vault)).toBe(before + ("tokenSecretRef" in auth ? 0 : 1));
        expect(await connected.find(request)).toMatchObject({ status: "issued" });
      }
      expect(await countTokens(vault)).toBe(before);
    }

    test("a token, whose end is told", async () => {
      const token = await newToken(vault, policy, { ttl: "1h" });
      await signsWith({ tokenSecretRef: { name: "t" } }, { secrets: { token } });
      await using connected = issuer({ tokenSecretRef: { name: "t" } }, { secrets: { token } });
      await connected.check();
      const [report] = connected.credentials;
      expect(report?.credential).toBe("token");
      expect(Math.abs((report?.expiresAt ?? 0) - Date.now() - 3_600_000)).toBeLessThan(60_000);
    });

    test("a token without the default policy, which may not even ask what it may", async () => {
      const token = await newToken(vault, policy, { no_default_policy: true });
      await signsWith({ tokenSecretRef: { name: "t" } }, { secrets: { token } });
    });

    test("AppRole, with the role id in the spec or in a Secret", async () => {
      const { roleId, secretId } = await appRole();
      await signsWith(
        { appRole: { path: "approle", roleId, secretRef: { name: "s" } } },
        { secrets: { secretId } },
      );
      await signsWith(
        { appRole: { path: "/v1/auth/approle", roleIdRef: { name: "s" }, secretRef: { name: "s" } } },
        { secrets: { roleId, secretId } },
      );
    });

    test("Kubernetes, with TokenReview by the real API server and the issuer's own audience", async () => {
      await signsWith(kubernetes());
      for (const mountPath of ["kubernetes", "auth/kubernetes", "/v1/auth/kubernetes/"])
        await signsWith(kubernetes({ mountPath }));
    });

    test("Kubernetes, with a token from a Secret", async () => {
      const jwt = await serviceAccountToken(controlPlane, namespace, "issuer", {
        audiences: ["vault://team/ca"],
      });
      const auth = { kubernetes: { role: "web", secretRef: { name: "s" } } };
      await signsWith(auth, { secrets: { jwt } });
    });

    test("Kubernetes, with an extra audience", async () => {
      await vaultWrite(vault, "auth/kubernetes/role/extra", {
        ...{ bound_service_account_names: "issuer", bound_service_account_namespaces: namespace },
        ...{ audience: "extra", token_policies: [policy] },
      });
      await signsWith(
        kubernetes({ role: "extra", serviceAccountRef: { name: "issuer", audiences: ["extra"] } }),
      );
    });

    test("JWT, which Vault checks by itself", async () => {
      const jwt = { role: "web", serviceAccountRef: { name: "issuer" } };
      await signsWith({ jwt });
      await signsWith({ jwt: { ...jwt, mountPath: "jwt" } });
    });

    test("a client certificate, of the login or of the transport", async () => {
      const { cert, key } = await clients.issue({ commonName: "issuer" });
      await signsWith(
        { clientCertificate: { secretName: "c", name: "web" } },
        { secrets: { loginCert: cert, loginKey: key } },
      );
      await using connected = connect(vault, {
        vault: {
          ...{ clientCertSecretRef: { name: "c" }, clientKeySecretRef: { name: "c" } },
          ...{ path: `${pki.mount}/sign/web`, auth: { clientCertificate: {} } },
        },
        secrets: { clientCert: cert, clientKey: key },
      });
      await connected.sign(await webRequest());
    });

    test("a batch token, which cannot be renewed or revoked", async () => {
      await vaultWrite(vault, "auth/approle/role/batch", { token_policies: [policy], token_type: "batch" });
      const { data } = await expectVault(vault, "GET", "auth/approle/role/batch/role-id");
      const { secret_id: secretId } = await vaultWrite(vault, "auth/approle/role/batch/secret-id", {});
      await using connected = issuer(
        { appRole: { roleId: data?.role_id, secretRef: { name: "s" } } },
        { secrets: { secretId: String(secretId) } },
      );
      await connected.check();
      await connected.sign(await webRequest());
    });

    describe("refusals are the issuer's trouble, by the server's own words", () => {
      test.each<[string, () => Promise<[object, Omit<ConnectOptions, "vault">?]>, string]>([
        [
          "a wrong secret id",
          async () => {
            const { roleId } = await appRole();
            return [{ appRole: { roleId, secretRef: { name: "s" } } }, { secrets: { secretId: "wrong" } }];
          },
          "secret id is wrong",
        ],
        [
          "a mount that is not there",
          async () => [
            { appRole: { path: "nowhere", roleId: "x", secretRef: { name: "s" } } },
            { secrets: { secretId: "x" } },
          ],
          "mounted at auth/nowhere",
        ],
        ["an unknown Kubernetes role", async () => [kubernetes({ role: "nobody" })], "role does not exist"],
        [
          "another service account",
          async () => [kubernetes({ serviceAccountRef: { name: "stranger" } })],
          "bound_service_account_names",
        ],
        [
          "another audience",
          async () => {
            await vaultWrite(vault, "auth/kubernetes/role/other", {
              ...{ bound_service_account_names: "issuer", bound_service_account_namespaces: namespace },
              ...{ audience: "other", token_policies: [policy] },
            });
            return [kubernetes({ role: "other" })];
          },
          "vault://team/ca",
        ],
        [
          "another namespace",
          async () => {
            await vaultWrite(vault, "auth/kubernetes/role/elsewhere", {
              ...{ bound_service_account_names: "issuer", bound_service_account_namespaces: "elsewhere" },
              ...{ audience: "vault://team/ca", token_policies: [policy] },
            });
            return [kubernetes({ role: "elsewhere" })];
          },
          "bound_service_account_namespaces",
        ],
        [
          "a token that is none",
          async () => [
            { kubernetes: { role: "web", secretRef: { name: "s" } } },
            { secrets: { jwt: "not-a-jwt" } },
          ],
          "Kubernetes login",
        ],
        [
          "a method without its config",
          async () => {
            await vaultWrite(vault, "sys/auth/empty", { type: "kubernetes" });
            await vaultWrite(vault, "auth/empty/role/web", {
              ...{ bound_service_account_names: "issuer", bound_service_account_namespaces: namespace },
            });
            return [kubernetes({ mountPath: "empty" })];
          },
          "auth/empty",
        ],
        [
          "an unknown JWT role",
          async () => [{ jwt: { role: "nobody", serviceAccountRef: { name: "issuer" } } }],
          "does not exist",
        ],
        [
          "a JWT of another subject",
          async () => [{ jwt: { role: "web", serviceAccountRef: { name: "stranger" } } }],
          "bound_subject",
        ],
        [
          "a JWT of another audience",
          async () => {
            const jwt = await serviceAccountToken(controlPlane, namespace, "issuer", {
              audiences: ["other"],
            });
            return [{ jwt: { role: "web", secretRef: { name: "s" } } }, { secrets: { jwt } }];
          },
          "audience",
        ],
        [
          "a certificate of another CA",
          async () => {
            const { cert, key } = await newTlsAuthority("others").issue({ commonName: "issuer" });
            const secrets = { loginCert: cert, loginKey: key };
            return [{ clientCertificate: { secretName: "c", name: "web" } }, { secrets }];
          },
          "certificate",
        ],
        ["no certificate", async () => [{ clientCertificate: {} }], "certificate"],
        [
          "a token that is none",
          async () => [{ tokenSecretRef: { name: "t" } }, { secrets: { token: "wrong" } }],
          "Store a new one",
        ],
      ])("%s", async (_, make, words) => {
        const [auth, more] = await make();
        await using connected = issuer(auth, more);
        const request = await webRequest();
        for (const call of [connected.check, () => connected.sign(request)]) {
          const error = await failureOf(call());
          expect(error).toMatchObject({ code: "ISSUER" });
          expect(error.message).toContain(words);
        }
      });

      test("the API server being away is not permanent, and passes", async () => {
        const audiences = ["vault://team/ca"];
        const token = await serviceAccountToken(controlPlane, namespace, "issuer", { audiences });
        await using connected = issuer(kubernetes(), { requestToken: async () => token });
        await controlPlane.stopApiServer("SIGKILL");
        try {
          const error = await failureOf(connected.sign(await webRequest()));
          expect(error).toMatchObject({ code: "ISSUER" });
          expect(error.message).toContain("its TokenReview failed");
        } finally {
          await controlPlane.startApiServer();
        }
        await connected.sign(await webRequest());
      });
    });
  });
}
