import {
  assertUsableCa,
  buildCertificate,
  parseCertificates,
  parseCsr,
  randomSerial,
} from "@countersign/issuer-signer";
import type { Command } from "./command-context.ts";
import { describeCertificate } from "./describe-certificate.ts";
import { keyHelp, keyOptions, withSigner } from "./key-options.ts";
import { optionalNumber, readOptionFile, requiredText, validityOf, writeNewFile } from "./option-values.ts";

const urls = ["crl-url", "ocsp-url", "ca-url"] as const;

/** Signs a subordinate CA. */
export const ceremonySign: Command = {
  name: "ceremony sign",
  summary: "sign the certificate of a subordinate CA",
  help: `ceremony sign --ca FILE --csr FILE --days N --out FILE [options]

  --ca FILE                  PEM certificate of the CA that signs; its key is found by it
  --csr FILE                 PKCS#10 request of the subordinate CA
  --days N                   lifetime, from now; ends with the CA's at the latest
  --path-length N            CA certificates that may follow below it: 0 unless given
  --crl-url, --ocsp-url, --ca-url URL   put into the certificate; each may be given several times
  --out FILE                 new PEM file for the certificate
${keyHelp}`,
  options: {
    ...keyOptions,
    ca: { type: "string" },
    csr: { type: "string" },
    days: { type: "string" },
    "path-length": { type: "string" },
    ...Object.fromEntries(urls.map((name) => [name, { type: "string", multiple: true } as const])),
    out: { type: "string" },
  },
  async run(values, context) {
    const [ca] = parseCertificates(await readOptionFile(values, "ca"));
    if (ca === undefined) throw new TypeError("parseCertificates never answers an empty list");
    const csr = parseCsr(await readOptionFile(values, "csr"));
    const out = requiredText(values, "out");
    const validity = validityOf(values, context.now());
    const pathLength = optionalNumber(values, "path-length", { min: 0, max: 16 }) ?? 0;
    assertUsableCa(ca, { now: context.now() });
    const list = (name: (typeof urls)[number]) => values[name] as readonly string[] | undefined;
    const certificate = await withSigner(values, context, ca.spkiDer, (signer) =>
      buildCertificate({
        csr,
        caCertificate: ca,
        signer,
        serial: randomSerial(),
        ...validity,
        isCA: true,
        usages: ["digital signature", "cert sign", "crl sign"],
        pathLength,
        crlDistributionPoints: list("crl-url"),
        ocspServers: list("ocsp-url"),
        issuingCertificateUrls: list("ca-url"),
      }),
    );
    await writeNewFile(out, certificate.pem);
    for (const line of describeCertificate(certificate)) context.print(line);
    context.print(`written to ${out}`);
  },
};
