import { buildCsr } from "@countersign/issuer-signer";
import type { Command } from "./command-context.ts";
import { keyHelp, keyOptions, withSigner } from "./key-options.ts";
import { parseSubject, requiredText, writeNewFile } from "./option-values.ts";

/** Makes the request for a subordinate CA. */
export const ceremonyCsr: Command = {
  name: "ceremony csr",
  summary: "make the request for a CA certificate that another CA signs",
  help: `ceremony csr --subject NAME --out FILE [options]

  --subject NAME             such as "C=DE,O=Example,CN=Example Issuing CA", the country first
  --out FILE                 new PEM file for the PKCS#10 request
${keyHelp}`,
  options: { ...keyOptions, subject: { type: "string" }, out: { type: "string" } },
  async run(values, context) {
    const subject = parseSubject(requiredText(values, "subject"));
    const out = requiredText(values, "out");
    const usages = ["digital signature", "cert sign", "crl sign"];
    const csr = await withSigner(values, context, undefined, (signer) =>
      buildCsr({ key: signer, subject, isCA: true, usages }),
    );
    await writeNewFile(out, csr);
    context.print(`written to ${out}`);
  },
};
