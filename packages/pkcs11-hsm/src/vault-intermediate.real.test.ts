import {
  buildCertificate,
  buildCsr,
  newPrivateKey,
  parseCsr,
  randomSerial,
  selfSignCa,
} from "@countersign/issuer-signer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWithPkcs11 } from "../../../test/rigs/pkcs11-tools.ts";
import { describeWithRigs, VAULT } from "../../../test/rigs/rigs.ts";
import { createSoftHsm, type SoftHsm, softHsmPin } from "../../../test/rigs/softhsm.ts";
import { startVault } from "../../../test/rigs/vault.ts";
import { opensslVerify } from "../../../test/rigs/vault-chain.ts";
import { VAULT_FLAVOURS } from "../../../test/rigs/vault-node.ts";
import { mountPki } from "../../../test/rigs/vault-pki.ts";
import { vaultWrite } from "../../../test/rigs/vault-request.ts";
import { HsmKey } from "./hsm-key.ts";

const at = (days: number) => new Date(Date.now() + days * 86_400_000);

describeWithPkcs11("a root key in SoftHSM above Vault's intermediate", () => {
  let softHsm: SoftHsm;
  let key: HsmKey;
  beforeAll(async () => {
    softHsm = await createSoftHsm();
    await softHsm.addToken("root", [{ type: "EC:secp384r1", label: "root-ca", id: "01" }]);
    const { modulePath, env } = softHsm;
    const token = { modulePath, token: { label: "root" }, pin: softHsmPin, env: { ...process.env, ...env } };
    key = new HsmKey({ tokens: [token], key: { label: "root-ca" } });
  });
  afterAll(async () => {
    await key?.close();
    await softHsm?.[Symbol.asyncDispose]();
  });

  for (const flavour of VAULT_FLAVOURS)
    describeWithRigs(VAULT[flavour], flavour, () => {
      test("certifies the key that Vault made; what Vault then issues verifies to the HSM's root", async () => {
        await using vault = await startVault({ flavour });
        const signer = await key.signer();
        const subject = [{ type: "CN", value: "HSM Root" }];
        const root = await selfSignCa({
          signer,
          subject,
          notBefore: at(-1),
          notAfter: at(3650),
          pathLength: 1,
        });

        await mountPki(vault, "pki", "43800h");
        const asked = { common_name: "Vault Issuing CA", key_type: "ec" };
        const { csr } = await vaultWrite(vault, "pki/intermediate/generate/internal", asked);
        const intermediate = await buildCertificate({
          csr: parseCsr(String(csr)),
          caCertificate: root,
          signer,
          serial: randomSerial(),
          notBefore: at(-1),
          notAfter: at(1825),
          isCA: true,
          usages: ["cert sign", "crl sign"],
          pathLength: 0,
        });
        const certificate = `${intermediate.pem}${root.pem}`;
        await vaultWrite(vault, "pki/intermediate/set-signed", { certificate });

        const role = { allowed_domains: "example.com", allow_subdomains: true, key_type: "any" };
        await vaultWrite(vault, "pki/roles/web", role);
        const leafKey = newPrivateKey({ name: "EC", curve: "P-256" });
        const leafCsr = await buildCsr({
          key: leafKey,
          commonName: "a.example.com",
          dnsNames: ["a.example.com"],
        });
        const issued = await vaultWrite(vault, "pki/sign/web", { csr: leafCsr, ttl: "1h" });
        const chain = [String(issued.certificate), ...(issued.ca_chain as readonly string[])];
        expect(chain.slice(1).map((pem) => pem.trim())).toEqual([intermediate.pem.trim(), root.pem.trim()]);
        await opensslVerify(root.pem, chain);
        await expect(opensslVerify(root.pem, chain.slice(0, 1))).rejects.toThrow(
          "unable to get local issuer",
        );
      });
    });
});
