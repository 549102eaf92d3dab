import { parseCertificate } from "@countersign/issuer-signer";
import { importCertificate } from "../ceremony/import-certificate.ts";
import { withToken } from "../ceremony/with-token.ts";
import type { Command } from "./command-context.ts";
import { tokenHelp, tokenOf, tokenOptions } from "./key-options.ts";
import { readOptionFile } from "./option-values.ts";

/** Stores a CA certificate in the token. */
export const ceremonyImport: Command = {
  name: "ceremony import",
  summary: "store the CA certificate in the token, beside its key",
  help: `ceremony import --certificate FILE [options]

Finds the certificate's key in the token and stores the certificate under the key's id and label. Issuers do not need
it: they take the certificate from a Secret or a ConfigMap.

  --certificate FILE         PEM certificate of the CA
${tokenHelp}`,
  options: { ...tokenOptions, certificate: { type: "string" } },
  async run(values, context) {
    const certificate = parseCertificate(await readOptionFile(values, "certificate"));
    const key = await withToken(await tokenOf(values, context), (session) =>
      importCertificate(session, certificate),
    );
    context.print(`stored the certificate of ${certificate.subject} with the id ${key.idHex} of its key`);
  },
};
