import type { ContractContext } from "./contract-context.ts";
import { base64, certificatePem, requestPem } from "./pem.ts";

/** A chain of one, as status.certificate carries it. */
export const certificate = base64(certificatePem);
/** A condition of the type, as a client sends it. */
export const condition = (type: string) => ({ type, status: "True", reason: "Because", message: "so" });

/** A CertificateSigningRequest for a signer that no other case uses. */
export function csrBody(t: ContractContext, spec: Readonly<Record<string, unknown>> = {}) {
  return {
    metadata: { name: t.unique("csr") },
    spec: {
      request: base64(requestPem),
      signerName: `acmeissuers.${t.suffix}.example.com/one`,
      usages: ["digital signature", "server auth"],
      ...spec,
    },
  };
}

/** Creates a request and returns its path, with a subresource where one is named. */
export async function createCsr(t: ContractContext): Promise<(subresource?: string) => string> {
  const { metadata } = await t.created(t.signingRequests(), csrBody(t));
  return (subresource) => t.signingRequests(metadata.name, subresource);
}

/** A patch that sets the conditions. */
export const conditions = (...types: readonly string[]) => ({ status: { conditions: types.map(condition) } });
