import {
  BadCertificateError,
  type CertificateCache,
  parseCertificate,
  parseCertificates,
  pathFromLeaf,
  type X509,
} from "@countersign/issuer-signer";
import { valueAt } from "./fields.ts";
import type { WebhookResponseSpec } from "./spec.ts";

/** More than any chain has; a list is cut before it costs time. */
const maxValues = 100;

/** Base64 of RFC 4648 §4, without its line breaks. */
const base64 = /^[A-Za-z0-9+/]+={0,2}$/;

/**
 * The certificates of an answer as one path upwards from the one for the key that was asked for. Each field may be PEM
 * with one certificate or several, base64 of PEM or of DER, or a list of those.
 *
 * @throws BadCertificateError where a field holds anything else, or none is for the key
 */
export function certificatesOf(
  json: unknown,
  spec: WebhookResponseSpec,
  { spkiDer, cache }: { readonly spkiDer: Uint8Array; readonly cache: CertificateCache },
): readonly X509[] {
  const read = (field: string) => readValue(valueAt(json, field), field, cache);
  const first = read(spec.certificateField);
  if (first.length === 0)
    throw new BadCertificateError(
      `the answer has no "${spec.certificateField}"; check spec.webhook.response, and have the service answer with the certificate`,
    );
  const all = [...first, ...read(spec.chainField), ...read(spec.caField)];
  const leaf = all.find((certificate) => Buffer.compare(certificate.spkiDer, spkiDer) === 0);
  if (leaf === undefined)
    throw new BadCertificateError(
      "no certificate of the answer is for the requested key; have the service sign the request that it was sent",
    );
  const path = pathFromLeaf(leaf, all);
  // A leaf alone is one thing; CAs of which none has issued it are another.
  if (path.length === 1 && !leaf.isSelfSigned && all.some(({ sha256Hex }) => sha256Hex !== leaf.sha256Hex))
    throw new BadCertificateError(
      "no other certificate of the answer has issued the one for the requested key; have the service answer with its CA",
    );
  return path;
}

function readValue(value: unknown, field: string, cache: CertificateCache): readonly X509[] {
  if (value === undefined || value === null || value === "") return [];
  if (typeof value === "string") return readText(value, field, cache);
  if (!Array.isArray(value)) throw unreadable(field);
  if (value.length > maxValues)
    throw new BadCertificateError(
      `"${field}" of the answer has ${value.length} entries; at most ${maxValues} are read`,
    );
  return value.flatMap((each: unknown) => {
    if (typeof each !== "string") throw unreadable(field);
    return readText(each, field, cache);
  });
}

function readText(text: string, field: string, cache: CertificateCache): readonly X509[] {
  if (text.includes("-----BEGIN ")) return parseCertificates(text, undefined, cache);
  const packed = text.replace(/\s/g, "");
  if (!base64.test(packed)) throw unreadable(field);
  const bytes = Buffer.from(packed, "base64");
  if (bytes.includes("-----BEGIN ")) return parseCertificates(bytes, undefined, cache);
  return [parseCertificate(bytes)];
}

function unreadable(field: string): BadCertificateError {
  return new BadCertificateError(
    `"${field}" of the answer is neither PEM, nor base64, nor a list of those; check spec.webhook.response`,
  );
}
