import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ChainQuestion, ChainVerdict, Purpose } from "./x509-oracle.ts";

const PURPOSES = Object.freeze({ any: "any", "server auth": "sslserver", "client auth": "sslclient" });

/** `openssl verify -x509_strict`, which holds certificates to RFC 5280 where OpenSSL by itself looks away. */
export async function opensslVerify(question: ChainQuestion): Promise<ChainVerdict> {
  const { certificate, intermediates = [], root, purpose = "any", host, at } = question;
  const directory = await mkdtemp(join(tmpdir(), "countersign-openssl-"));
  try {
    const file = async (name: string, ...certificates: readonly Uint8Array[]): Promise<string> => {
      const path = join(directory, name);
      await writeFile(path, certificates.map(toPem).join(""));
      return path;
    };
    const untrusted =
      intermediates.length === 0 ? [] : ["-untrusted", await file("ca.pem", ...intermediates)];
    return await run([
      "verify",
      "-x509_strict",
      // Without these, OpenSSL would also trust the machine's own roots.
      "-no-CApath",
      "-no-CAstore",
      ...["-CAfile", await file("root.pem", root)],
      ...untrusted,
      ...purposeArguments(purpose),
      ...(host === undefined ? [] : ["-verify_hostname", host]),
      ...["-attime", String(Math.floor(at.getTime() / 1000))],
      await file("certificate.pem", certificate),
    ]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function purposeArguments(purpose: Purpose): string[] {
  return ["-purpose", PURPOSES[purpose]];
}

function toPem(der: Uint8Array): string {
  const body = Buffer.from(der).toString("base64").replace(/.{64}/g, "$&\n").trimEnd();
  return `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
}

function run(args: readonly string[]): Promise<ChainVerdict> {
  return new Promise((resolve, reject) => {
    execFile("openssl", args, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== "number") reject(error);
      else if (error !== null) resolve({ verifier: "openssl", valid: false, message: `${stdout}${stderr}` });
      else resolve({ verifier: "openssl", valid: true, message: "" });
    });
  });
}
