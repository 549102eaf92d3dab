import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { IssuedSecret } from "./wait-for-ready.ts";

const run = promisify(execFile);

/** What openssl says of a Secret: it throws where the leaf does not verify against `ca.crt`. */
export interface OpensslVerdict {
  readonly subject: string;
  readonly text: string;
  /** Whether certificate and private key have the same public key. */
  readonly keyMatches: boolean;
}

/** Has openssl verify and describe what is in a Secret. */
export async function opensslVerdict(secret: IssuedSecret): Promise<OpensslVerdict> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-openssl-"));
  try {
    const path = (name: string) => join(folder, name);
    await writeFile(path("tls.crt"), secret["tls.crt"]);
    await writeFile(path("tls.key"), secret["tls.key"]);
    await writeFile(path("ca.crt"), secret["ca.crt"] ?? "");
    const openssl = async (...args: readonly string[]) => (await run("openssl", [...args])).stdout;
    await openssl("verify", "-x509_strict", "-CAfile", path("ca.crt"), path("tls.crt"));
    const x509 = ["x509", "-in", path("tls.crt"), "-noout"];
    return {
      subject: (await openssl(...x509, "-subject", "-nameopt", "RFC2253")).trim(),
      text: await openssl(...x509, "-text"),
      keyMatches:
        (await openssl(...x509, "-pubkey")) === (await openssl("pkey", "-in", path("tls.key"), "-pubout")),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
