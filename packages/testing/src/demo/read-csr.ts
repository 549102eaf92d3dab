import { readFile, stat } from "node:fs/promises";
import { parseCsr } from "@countersign/issuer-core";

/** Far above the largest CSR that is taken; keeps a wrong path, such as a disk image, out of memory. */
const maxFileBytes = 1024 * 1024;

/** @throws Error of one line that names the file and what to do. */
export async function readCsrFile(file: string): Promise<Buffer> {
  try {
    const { size } = await stat(file);
    if (size === 0) throw new Error("it is empty");
    if (size > maxFileBytes) throw new Error(`it has ${size} bytes`);
    return await readFile(file);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const why = code === "" && error instanceof Error ? error.message : code;
    throw new Error(`Cannot read ${file} (${why}). Give the path of a PEM certificate signing request.`);
  }
}

/**
 * What a CertificateRequest for this CSR must say beside it, since cert-manager wants both to agree: the usages and the
 * CA flag that the CSR itself asks for. A CSR that cannot be read gets the defaults, and the issuer's own refusal.
 */
export function profileOf(csr: Buffer): { readonly usages: readonly string[]; readonly isCA: boolean } {
  try {
    const { keyUsage, extendedKeyUsage, basicConstraints } = parseCsr(csr);
    const asked = [...(keyUsage ?? []), ...(extendedKeyUsage ?? [])];
    return {
      usages: asked.length === 0 ? ["digital signature", "key encipherment", "server auth"] : asked,
      isCA: basicConstraints?.isCA === true,
    };
  } catch {
    return { usages: ["digital signature", "key encipherment"], isCA: false };
  }
}
