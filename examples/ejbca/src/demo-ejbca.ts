import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { DemoIssuer } from "@countersign/issuer-testing";
import { startEjbca } from "../../../test/rigs/ejbca/start-ejbca.ts";

const authority = "LabIssuingCA";

/** Starts the EJBCA simulator of the test rigs, with a client certificate whose role may do no more than it needs. */
export async function startDemoEjbca(): Promise<DemoIssuer> {
  const ejbca = await startEjbca();
  const { cert, key } = ejbca.clients.issuer;
  return {
    spec: {
      ejbca: {
        url: new URL(ejbca.url).origin,
        caBundleSecretRef: { name: "ejbca-client", key: "ca.crt" },
        auth: { clientCertificate: { secretName: "ejbca-client" } },
        certificateAuthorityName: authority,
        certificateProfileName: "LabTLS",
        endEntityProfileName: "LabEEP-OneCA",
      },
    },
    secrets: { "ejbca-client": { "tls.crt": cert, "tls.key": key, "ca.crt": ejbca.tlsCaPem } },
    notes: [
      `started a simulator of EJBCA at ${ejbca.url}: what it answers was recorded from EJBCA CE 8.2.0.1`,
      "put a client certificate of its role `issuer` into the Secret default/ejbca-client",
    ],
    verify: ({ certificate }) => verify(certificate, ejbca.chains[authority] ?? ""),
    [Symbol.asyncDispose]: () => ejbca.stop(),
  };
}

/** Asks OpenSSL, which knows nothing but the simulator's own root. */
async function verify(certificate: string, chain: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-demo-ejbca-"));
  try {
    const root = chain.slice(chain.lastIndexOf("-----BEGIN CERTIFICATE-----"));
    await writeFile(join(folder, "root.pem"), root);
    await writeFile(join(folder, "tls.crt"), certificate);
    const args = ["verify", "-x509_strict", "-CAfile", "root.pem", "-untrusted", "tls.crt", "tls.crt"];
    const { stdout } = await promisify(execFile)("openssl", args, { cwd: folder });
    return `  openssl verify, with the root of ${authority} as the simulator gave it:  ${stdout.trim()}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
