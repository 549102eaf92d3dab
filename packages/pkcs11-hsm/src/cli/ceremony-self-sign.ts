import { selfSignCa } from "@countersign/issuer-signer";
import type { Command } from "./command-context.ts";
import { describeCertificate } from "./describe-certificate.ts";
import { keyHelp, keyOptions, withSigner } from "./key-options.ts";
import { optionalNumber, parseSubject, requiredText, validityOf, writeNewFile } from "./option-values.ts";

/** Makes a root certificate. */
export const ceremonySelfSign: Command = {
  name: "ceremony self-sign",
  summary: "make the certificate of a root CA",
  help: `ceremony self-sign --subject NAME --days N --out FILE [options]

  --subject NAME             such as "C=DE,O=Example,CN=Example Root", the country first
  --days N                   lifetime, from now
  --path-length N            CA certificates that may follow below it; no limit unless given
  --out FILE                 new PEM file for the certificate
${keyHelp}`,
  options: {
    ...keyOptions,
    subject: { type: "string" },
    days: { type: "string" },
    "path-length": { type: "string" },
    out: { type: "string" },
  },
  async run(values, context) {
    const subject = parseSubject(requiredText(values, "subject"));
    const out = requiredText(values, "out");
    const pathLength = optionalNumber(values, "path-length", { min: 0, max: 16 });
    const validity = validityOf(values, context.now());
    const certificate = await withSigner(values, context, undefined, (signer) =>
      selfSignCa({ signer, subject, ...validity, pathLength }),
    );
    await writeNewFile(out, certificate.pem);
    for (const line of describeCertificate(certificate)) context.print(line);
    context.print(`written to ${out}`);
  },
};
