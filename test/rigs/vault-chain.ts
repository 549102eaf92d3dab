import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** Has openssl, which is neither Vault nor ours, verify a chain (PEM, leaf first) up to a root. Throws what it says. */
export async function opensslVerify(
  rootPem: string,
  [leaf = "", ...between]: readonly string[],
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "countersign-openssl-"));
  try {
    const file = async (name: string, pem: string) => {
      await writeFile(join(directory, name), pem);
      return join(directory, name);
    };
    const options = ["-x509_strict", "-CAfile", await file("root.pem", rootPem)];
    if (between.length > 0) options.push("-untrusted", await file("between.pem", between.join("\n")));
    await promisify(execFile)("openssl", ["verify", ...options, await file("leaf.pem", leaf)]);
  } finally {
    await rm(directory, { recursive: true });
  }
}
