import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildCsr, newPrivateKey, parseCertificate } from "@countersign/issuer-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pageBlocks } from "./page-reader.ts";
import { describeWithPkcs11 } from "./pkcs11-tools.ts";
import { describeWithRigs, VAULT } from "./rigs.ts";
import { createSoftHsm, softHsmPin } from "./softhsm.ts";
import { startVault } from "./vault.ts";
import { opensslVerify } from "./vault-chain.ts";
import { VAULT_FLAVOURS } from "./vault-node.ts";
import { vaultWrite } from "./vault-request.ts";
import { vaultShell } from "./vault-shell.ts";

const WEB = { allowed_domains: "example.com", allow_subdomains: true, key_type: "any" };

function webCsr(): Promise<string> {
  const key = newPrivateKey({ name: "EC", curve: "P-256" });
  return buildCsr({ key, commonName: "a.example.com", dnsNames: ["a.example.com"] });
}

const ROOT_CEREMONY = `cli="node packages/pkcs11-hsm/src/cli.ts ceremony"
$cli keygen --token root --pin-file pin --type ec:p384 --label root --id 01
$cli self-sign --token root --pin-file pin --label root --subject "CN=HSM Root" --days 3650 --out root-ca.pem`;

describeWithPkcs11("docs/guides/vault.md: a root key in SoftHSM above Vault's intermediate", () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "countersign-hsm-root-"));
  });
  afterAll(async () => {
    await rm(directory, { recursive: true });
  });

  for (const flavour of VAULT_FLAVOURS)
    describeWithRigs(VAULT[flavour], flavour, () => {
      test("certifies the key that Vault made; what Vault then issues verifies to the HSM's root", async () => {
        await using vault = await startVault({ flavour });
        await using hsm = await createSoftHsm();
        await hsm.addToken("root");
        const folder = join(directory, flavour);
        await mkdir(folder);
        await writeFile(join(folder, "pin"), softHsmPin);
        const shell = await vaultShell({ vault, directory: folder, client: "vault" });
        const follow = async (script: string) => {
          const env = { ...hsm.env, COUNTERSIGN_HSM_MODULE: hsm.modulePath };
          expect(await shell.run(`set -eu\n${script}`, env)).toMatchObject({ code: 0 });
        };
        await follow(ROOT_CEREMONY);
        await follow("vault secrets enable pki");
        const blocks = (await pageBlocks("guides/vault.md")).filter(({ marks }) =>
          marks.includes("intermediate"),
        );
        for (const block of blocks) if (!block.marks.includes("files")) await follow(block.text);

        await vaultWrite(vault, "pki/roles/web", WEB);
        const issued = await vaultWrite(vault, "pki/sign/web", { csr: await webCsr(), ttl: "1h" });
        const chain = [String(issued.certificate), ...(issued.ca_chain as readonly string[])];
        expect(chain).toHaveLength(3);
        const root = await readFile(join(folder, "root-ca.pem"), "utf8");
        await opensslVerify(root, chain);
        await expect(opensslVerify(root, chain.slice(0, 1))).rejects.toThrow("unable to get local issuer");
      });
    });
});

describeWithRigs(VAULT.openbao, "docs/guides/vault.md: an external key in OpenBao", () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "countersign-external-key-"));
  });
  afterAll(() => rm(directory, { recursive: true }));

  test("signs with a key that another server has, and not without it", async () => {
    await using kms = await startVault({ flavour: "openbao" });
    await using vault = await startVault({ flavour: "openbao" });
    const shell = await vaultShell({ vault, directory, client: "vault" });
    const blocks = (await pageBlocks("guides/vault.md")).filter(({ marks }) =>
      marks.includes("external-key"),
    );
    expect(blocks).toHaveLength(1);
    for (const { text } of blocks) {
      const env = { KMS_ADDR: kms.address, KMS_TOKEN: kms.rootToken };
      expect(await shell.run(`set -eu\n${text}`, env)).toMatchObject({ code: 0 });
    }

    await vaultWrite(vault, "pki-external/roles/web", WEB);
    const csr = await webCsr();
    const signed = await vaultWrite(vault, "pki-external/sign/web", { csr, ttl: "1h" });
    const [leaf, root] = [
      parseCertificate(String(signed.certificate)),
      parseCertificate(String(signed.issuing_ca)),
    ];
    expect(leaf.isIssuedBy(root)).toBe(true);
    const { body } = await kms.request("GET", "transit/keys/ca");
    expect(body.data?.keys).toMatchObject({
      1: { public_key: root.publicKey.export({ format: "pem", type: "spki" }) },
    });

    await kms.stop();
    const without = await vault.request("POST", "pki-external/sign/web", { csr, ttl: "1h" }).then(
      ({ status }) => status,
      (error: NodeJS.ErrnoException) => error.code,
    );
    expect([500, "ECONNRESET"]).toContain(without);
    expect(await vault.request("GET", "sys/health")).toMatchObject({ status: 200 });
  });

  test("has no PKCS#11 plugin, as the page says", async () => {
    await using vault = await startVault({ flavour: "openbao" });
    const config = { plugin: "pkcs11", lib: "softhsm", token_label: "x", pin: "1234" };
    expect(await vault.request("POST", "sys/external-keys/configs/hsm", config)).toMatchObject({
      status: 400,
      body: { errors: ["unknown plugin: pkcs11"] },
    });
  });
});

for (const flavour of VAULT_FLAVOURS)
  describeWithRigs(
    VAULT[flavour],
    `docs/guides/vault.md: the HSM fields of other guides on ${flavour}`,
    () => {
      test("are refused, and managed keys are the Enterprise edition's", async () => {
        await using vault = await startVault({ flavour });
        await vaultWrite(vault, "sys/mounts/pki", { type: "pki" });
        const keys = { key_type: "rsa", key_bits: 2048, hsm: true, key_label: "vault-pki-key" };
        expect(await vault.request("POST", "pki/config/keys", keys)).toMatchObject({
          status: 400,
          body: { errors: [expect.stringContaining("Invalid key specification")] },
        });
        const root = { common_name: "Root", managed_key_name: "hsm" };
        expect(await vault.request("POST", "pki/root/generate/kms", root)).toMatchObject({
          status: 400,
          body: {
            errors: [
              expect.stringContaining(
                flavour === "vault"
                  ? "managed keys are supported within enterprise edition only"
                  : 'must specify "external_key_ref"',
              ),
            ],
          },
        });
      });
    },
  );
