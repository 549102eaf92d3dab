import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { DemoIssuer } from "@countersign/issuer-testing";
import { buildRig } from "../../../test/rigs/build-rig.ts";
import { startVault } from "../../../test/rigs/vault.ts";
import { setUpAppRole } from "../../../test/rigs/vault-auth.ts";
import { setUpPki, type VaultPki } from "../../../test/rigs/vault-pki.ts";

/**
 * Starts a real OpenBao over TLS, which is fetched into the cache of the test rigs the first time, with a root, an
 * intermediate that signs, and an AppRole that may do just that.
 */
export async function startDemoVault(log: (line: string) => void): Promise<DemoIssuer> {
  await buildRig("openbao", { log });
  const server = await startVault({ flavour: "openbao", tls: "server" });
  try {
    const pki = await setUpPki(server);
    const { roleId, secretId } = await setUpAppRole(server, { policies: [pki.policy] });
    return {
      spec: {
        vault: {
          server: server.address,
          path: pki.signPath,
          caBundleSecretRef: { name: "openbao" },
          auth: { appRole: { path: "approle", roleId, secretRef: { name: "openbao" } } },
        },
      },
      secrets: { openbao: { secretId, "ca.crt": server.caPem ?? "" } },
      notes: [
        `started OpenBao at ${server.address}, with a CA at ${pki.mount} and an AppRole that may use ${pki.signPath}`,
      ],
      verify: ({ certificate }) => verify(certificate, pki),
      [Symbol.asyncDispose]: () => server.stop(),
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Asks OpenSSL, which knows nothing but OpenBao's own root. */
async function verify(certificate: string, { rootMount, rootPem }: VaultPki): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-demo-vault-"));
  try {
    await writeFile(join(folder, "root.pem"), rootPem);
    await writeFile(join(folder, "tls.crt"), certificate);
    const args = ["verify", "-x509_strict", "-CAfile", "root.pem", "-untrusted", "tls.crt", "tls.crt"];
    const { stdout } = await promisify(execFile)("openssl", args, { cwd: folder });
    return `  openssl verify, with the root of ${rootMount} as OpenBao gave it:  ${stdout.trim()}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
