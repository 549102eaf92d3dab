import {
  buildCrl,
  parseCertificates,
  type RevocationReason,
  type RevokedCertificate,
  revocationReasons,
} from "@countersign/issuer-signer";
import { z } from "zod";
import type { Command } from "./command-context.ts";
import { keyHelp, keyOptions, withSigner } from "./key-options.ts";
import { optionalNumber, readOptionFile, requiredText, validityOf, writeNewFile } from "./option-values.ts";

const entries = z.array(
  z.strictObject({
    serial: z.string().regex(/^[0-9A-Fa-f:]{1,60}$/),
    revokedAt: z.iso.datetime({ offset: true }),
    reason: z.enum(Object.keys(revocationReasons) as [RevocationReason, ...RevocationReason[]]).optional(),
  }),
);
const configMap = z.object({
  kind: z.literal("ConfigMap"),
  data: z.object({ "revocations.json": z.string() }),
});

/** Signs a CRL. */
export const crl: Command = {
  name: "crl",
  summary: "sign a certificate revocation list",
  help: `crl --ca FILE --revocations FILE --days N --out FILE [options]

Signs a complete version 2 CRL. The list is a JSON array of
  {"serial": "0a1b", "revokedAt": "2026-01-31T12:00:00Z", "reason": "keyCompromise"}
or a ConfigMap with that array in its key revocations.json, as "kubectl get configmap NAME -o json" prints it.
Reasons (optional): ${Object.keys(revocationReasons).join(", ")}.

  --ca FILE                  PEM certificate of the CA; its key is found by it
  --revocations FILE         the list
  --days N                   when the next list is due, from now: publish it before
  --number N                 CRL number, which must grow; the time in seconds unless given
  --der                      write DER, as most servers publish it, instead of PEM
  --out FILE                 new file for the CRL
${keyHelp}`,
  options: {
    ...keyOptions,
    ca: { type: "string" },
    revocations: { type: "string" },
    days: { type: "string" },
    number: { type: "string" },
    der: { type: "boolean" },
    out: { type: "string" },
  },
  async run(values, context) {
    const [ca] = parseCertificates(await readOptionFile(values, "ca"));
    if (ca === undefined) throw new TypeError("parseCertificates never answers an empty list");
    const revoked = readRevocations(await readOptionFile(values, "revocations"));
    const out = requiredText(values, "out");
    const { notBefore: thisUpdate, notAfter: nextUpdate } = validityOf(values, context.now());
    const number =
      optionalNumber(values, "number", { min: 0, max: 2 ** 48 }) ?? Math.floor(thisUpdate.getTime() / 1000);
    const { pem, der } = await withSigner(values, context, ca.spkiDer, (signer) =>
      buildCrl({ caCertificate: ca, signer, number, thisUpdate, nextUpdate, revoked }),
    );
    await writeNewFile(out, values.der === true ? der : pem);
    context.print(
      `CRL ${number} of ${ca.subject} with ${revoked.length} certificates, next one due ${nextUpdate.toISOString()}`,
    );
    context.print(`written to ${out}`);
  },
};

function readRevocations(text: string): readonly RevokedCertificate[] {
  const parsed = entries.safeParse(listIn(text));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(
      `the list of revocations is not valid at ${issue?.path.join(".") || "its top"}: ${issue?.message}`,
    );
  }
  return parsed.data.map(({ serial, revokedAt, reason }) => ({
    serialHex: serial.replaceAll(":", ""),
    revokedAt: new Date(revokedAt),
    reason,
  }));
}

function listIn(text: string): unknown {
  try {
    const document: unknown = JSON.parse(text);
    const map = configMap.safeParse(document);
    return map.success ? JSON.parse(map.data.data["revocations.json"]) : document;
  } catch {
    throw new Error("the list of revocations is not JSON; see --help");
  }
}
