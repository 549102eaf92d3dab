import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildCsr, newPrivateKey, parseCertificate, parseCertificates } from "@countersign/issuer-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CERT_MANAGER, describeWithRigs, VAULT } from "./rigs.ts";
import { startVault } from "./vault.ts";
import { type GuideReader, guideReader, pageBlocks } from "./vault-guide.ts";
import { VAULT_FLAVOURS } from "./vault-node.ts";
import { vaultWrite } from "./vault-request.ts";
import { runbookCases } from "./vault-runbook-cases.ts";
import { adminShell } from "./vault-shell.ts";

const variants = ["root", "intermediate"] as const;
const marks = new Set<string>([...variants, "run", "by-hand", "external-key"]);

/** The CA that the page takes for granted where it has Vault's intermediate signed. */
const OWN_CA = `openssl req -x509 -newkey rsa:2048 -nodes -keyout root-ca.key -out root-ca.pem -days 3650 \\
  -subj '/CN=Corporate Root' -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign`;

test("the guide marks its blocks with words that this test knows", async () => {
  const blocks = await pageBlocks("guides/vault.md");
  expect(blocks.flatMap((block) => block.marks).filter((mark) => !marks.has(mark))).toEqual([]);
  expect(blocks.filter(({ language }) => language === "sh").length).toBeGreaterThan(15);
});

for (const flavour of VAULT_FLAVOURS)
  for (const variant of variants)
    describeWithRigs(
      [...CERT_MANAGER, ...VAULT[flavour]],
      `docs/guides/vault.md: ${flavour}, ${variant}`,
      () => {
        let reader: GuideReader;
        beforeAll(async () => {
          reader = await guideReader(flavour);
        });
        afterAll(() => reader?.[Symbol.asyncDispose]());

        test("leads to a certificate that openssl verifies, and that Vault has in its list", async () => {
          const blocks = await pageBlocks("guides/vault.md");
          expect(await reader.shell.run(OWN_CA)).toMatchObject({ code: 0 });
          let output = "";
          for (const block of blocks) {
            const [mark] = block.marks;
            if (block.language === "text") expect(output).toBe(block.text);
            else if (mark === "run") await reader.start(block);
            else if (mark === undefined || mark === variant) output = await reader.follow(block);
          }

          const file = (name: string) => readFile(join(reader.shell.directory, name), "utf8");
          const chain = parseCertificates(await file("tls.crt"));
          const [leaf] = chain;
          expect(chain.map(({ subject }) => subject)).toEqual(
            variant === "root"
              ? ["CN=service.example.com"]
              : ["CN=service.example.com", "CN=Vault Issuing CA"],
          );
          const ca = parseCertificate(await file("ca.crt"));
          expect(ca.subject).toBe(variant === "root" ? "CN=Internal Root CA" : "CN=Corporate Root");
          if (variant === "intermediate") expect(ca.pem.trim()).toBe((await file("root-ca.pem")).trim());
          const { body } = await reader.vault.request("LIST", "pki/certs");
          expect(String(body.data?.keys).replaceAll(":", "")).toContain(leaf?.serialHex ?? "no leaf");
        });

        if (variant === "root") runbookCases(() => reader);
      },
    );

describeWithRigs(VAULT.openbao, "docs/guides/vault.md: an external key in OpenBao", () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "countersign-external-key-"));
  });
  afterAll(() => rm(directory, { recursive: true }));

  test("signs with a key that another server has, and not without it", async () => {
    await using kms = await startVault({ flavour: "openbao" });
    await using vault = await startVault({ flavour: "openbao" });
    const shell = await adminShell({ vault, directory, client: "vault" });
    const blocks = (await pageBlocks("guides/vault.md")).filter(({ marks }) =>
      marks.includes("external-key"),
    );
    expect(blocks).toHaveLength(1);
    for (const { text } of blocks) {
      const env = { KMS_ADDR: kms.address, KMS_TOKEN: kms.rootToken };
      expect(await shell.run(`set -eu\n${text}`, env)).toMatchObject({ code: 0 });
    }

    const role = { allowed_domains: "example.com", allow_subdomains: true, key_type: "any" };
    await vaultWrite(vault, "pki-external/roles/web", role);
    const key = newPrivateKey({ name: "EC", curve: "P-256" });
    const csr = await buildCsr({ key, commonName: "a.example.com" });
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
