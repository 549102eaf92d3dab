import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildCsr, newPrivateKey } from "@countersign/issuer-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AdminShell } from "./admin-shell.ts";
import { type ControlPlane, kubectl, serviceAccountToken, startControlPlane } from "./control-plane.ts";
import { CONTROL_PLANE, describeWithRigs, VAULT } from "./rigs.ts";
import { startVault, type Vault } from "./vault.ts";
import { VAULT_FLAVOURS } from "./vault-node.ts";
import { vaultWrite } from "./vault-request.ts";
import { vaultShell } from "./vault-shell.ts";

const SCRIPT = join(import.meta.dirname, "../../examples/vault/setup/vault-setup.sh");

for (const flavour of VAULT_FLAVOURS) {
  describeWithRigs([...CONTROL_PLANE, ...VAULT[flavour]], `${flavour}: vault-setup.sh`, () => {
    let vault: Vault;
    let controlPlane: ControlPlane;
    let directory: string;
    let shell: AdminShell;
    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), "countersign-vault-setup-"));
      [vault, controlPlane] = await Promise.all([
        startVault({ flavour, tls: "server" }),
        startControlPlane(),
      ]);
      const client = flavour === "vault" ? "vault" : "bao";
      shell = await vaultShell({ vault, controlPlane, directory, client });
    });
    afterAll(async () => {
      await vault?.stop();
      await controlPlane?.stop();
      await rm(directory, { recursive: true, force: true });
    });

    const setUp = (...args: readonly string[]) =>
      shell.run('script=$1; shift; exec "$script" "$@"', {}, SCRIPT, ...args);

    /** Logs in as the service account and has a certificate signed; resolves to the leaf and what is above it. */
    async function sign(
      login: {
        readonly auth: string;
        readonly role: string;
        readonly audience: string;
        readonly account: string;
      },
      path: string,
      dnsName: string,
    ) {
      const jwt = await serviceAccountToken(controlPlane, "default", login.account, {
        audiences: [login.audience],
      });
      const answer = await vault.request(
        "POST",
        `auth/${login.auth}/login`,
        { role: login.role, jwt },
        { token: "" },
      );
      const token = answer.body.auth?.client_token ?? `no token: ${answer.body.errors}`;
      const csr = await buildCsr({ key: newPrivateKey({ name: "EC", curve: "P-256" }), dnsNames: [dnsName] });
      return vault.request("POST", path, { csr }, { token });
    }

    test("sets up all that an issuer needs; run again, it keeps the CA and writes the rest anew", async () => {
      const first = await setUp();
      expect(first).toMatchObject({ code: 0, output: expect.stringContaining("make a root in pki") });
      const root = (await vault.request("GET", "pki/cert/ca")).body.data?.certificate;
      await vault.request("DELETE", "pki/roles/kubernetes-certs");
      const second = await setUp("--domains", "example.com,example.org");
      expect(second).toMatchObject({ code: 0, output: expect.stringContaining("keep the CA of pki") });
      expect((await vault.request("GET", "pki/cert/ca")).body.data?.certificate).toBe(root);

      const login = {
        auth: "kubernetes",
        role: "vault-issuer",
        audience: "vault://default/vault-issuer",
        account: "vault-issuer",
      };
      const signed = await sign(login, "pki/sign/kubernetes-certs", "a.example.org");
      expect(signed).toMatchObject({ status: 200, body: { data: { issuing_ca: root } } });
      expect(await sign(login, "pki/sign/kubernetes-certs", "a.example.net")).toMatchObject({ status: 400 });
      expect(await sign(login, "pki/issue/kubernetes-certs", "a.example.org")).toMatchObject({ status: 403 });
      expect(
        await sign({ ...login, audience: "vault" }, "pki/sign/kubernetes-certs", "a.example.org"),
      ).toMatchObject({ status: 403 });
    });

    test("takes an intermediate of another CA, in two steps", async () => {
      const options = ["--mount", "pki_int", "--no-kubernetes"];
      const asked = await setUp(...options, "--csr", "vault-ca.csr");
      expect(asked).toMatchObject({
        code: 0,
        output: expect.stringContaining("wrote vault-ca.csr; have it signed"),
      });
      expect(await setUp(...options, "--csr", "vault-ca.csr")).toMatchObject({
        code: 1,
        output: expect.stringMatching(/^vault-setup.sh: vault-ca.csr exists: its key would be given up/),
      });
      const ca = `
        openssl req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -subj '/CN=Corporate Root' -days 10
        printf 'basicConstraints=critical,CA:TRUE,pathlen:0\\nkeyUsage=critical,keyCertSign,cRLSign\\n' >ca.ext
        openssl x509 -req -in vault-ca.csr -CA root.pem -CAkey root.key -CAcreateserial -days 5 -extfile ca.ext -out int.pem
        cat int.pem root.pem >chain.pem`;
      expect(await shell.run(`set -e; ${ca}`)).toMatchObject({ code: 0 });
      expect(await setUp(...options, "--signed", "chain.pem")).toMatchObject({ code: 0 });
      const csr = await buildCsr({
        key: newPrivateKey({ name: "EC", curve: "P-256" }),
        dnsNames: ["a.example.com"],
      });
      const { ca_chain } = await vaultWrite(vault, "pki_int/sign/kubernetes-certs", { csr, ttl: "1h" });
      const pems = ["int.pem", "root.pem"].map((file) => readFile(join(directory, file), "utf8"));
      expect(ca_chain).toEqual((await Promise.all(pems)).map((pem) => pem.trim()));
    });

    test("refuses a chain for another key", async () => {
      const options = ["--mount", "pki_foreign", "--no-kubernetes"];
      expect(await setUp(...options, "--csr", "foreign.csr")).toMatchObject({ code: 0 });
      const make =
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout f.key -out f.pem -subj /CN=Foreign -days 10";
      expect(await shell.run(make)).toMatchObject({ code: 0 });
      expect(await setUp(...options, "--signed", "f.pem")).toMatchObject({ code: 1 });
    });

    test("serves a cluster issuer, with names of its own", async () => {
      const names = [
        "--auth",
        "team-k8s",
        "--auth-role",
        "web",
        "--issuer",
        "web",
        "--service-account",
        "default/web",
      ];
      expect(await setUp(...names, "--policy", "web", "--mount", "team/pki", "--role", "web")).toMatchObject({
        code: 0,
      });
      const login = { auth: "team-k8s", role: "web", audience: "vault://web", account: "web" };
      expect(await sign(login, "team/pki/sign/web", "a.example.com")).toMatchObject({ status: 200 });
      const accounts = await kubectl(
        controlPlane,
        "get",
        "serviceaccounts",
        "--all-namespaces",
        "--output=name",
      );
      expect(accounts.trim().split("\n").sort()).toContain("serviceaccount/web");
    });

    test.each([
      ["VAULT_ADDR is not set", { VAULT_ADDR: "" }, []],
      ["http://127.0.0.1:1 does not answer", { VAULT_ADDR: "http://127.0.0.1:1" }, []],
      ["the server does not take the token", { VAULT_TOKEN: "guess" }, []],
      ["neither vault nor bao is on PATH", { PATH: "/usr/bin:/bin" }, []],
      ["nowhere.pem cannot be read", {}, ["--signed", "nowhere.pem"]],
      ["unknown option --rooot", {}, ["--rooot"]],
      ["cannot write the role kubernetes-certs", {}, ["--max-ttl", "soon", "--no-kubernetes"]],
      ["cannot tell kubernetes how to review tokens", {}, ["--reviewer-ttl", "1s"]],
    ])("says %s", async (problem, env, args) => {
      const { code, output } = await shell.run('script=$1; shift; exec "$script" "$@"', env, SCRIPT, ...args);
      expect(code).not.toBe(0);
      expect(output.trimEnd().split("\n").at(-1)).toContain(problem);
    });

    test("says that the server is sealed", async () => {
      await vault.seal();
      try {
        expect(await setUp()).toMatchObject({
          code: 1,
          output: expect.stringContaining("is sealed or not initialised"),
        });
      } finally {
        await vault.unseal();
      }
    });
  });
}
