import type { KeyObject } from "node:crypto";
import { buildCsr, defaultUsages, type SubjectAttribute } from "@countersign/issuer-signer";
import type { CertificateSpec } from "./certificate.ts";
import { parseLiteralSubject } from "./literal-subject.ts";

/**
 * The PEM request of a Certificate. As cert-manager's it says nothing of being a CA (no BasicConstraints): only
 * `spec.isCA` of the CertificateRequest does.
 */
export function certificateCsr(spec: CertificateSpec, key: KeyObject): Promise<string> {
  const usages = [
    ...(spec.usages === undefined || spec.usages.length === 0 ? defaultUsages : spec.usages),
    ...(spec.isCA ? ["cert sign"] : []),
  ];
  const subject = subjectAttributes(spec);
  return buildCsr({
    key,
    subject: subject.length === 0 ? undefined : subject,
    dnsNames: spec.dnsNames,
    ipAddresses: spec.ipAddresses,
    uris: spec.uris,
    emails: spec.emailAddresses,
    usages: spec.encodeUsagesInRequest === false ? undefined : usages,
  });
}

/** In the order in which Go's pkix.Name is encoded. */
function subjectAttributes({
  literalSubject,
  subject = {},
  commonName,
}: CertificateSpec): SubjectAttribute[] {
  if (literalSubject !== undefined) return parseLiteralSubject(literalSubject);
  const attributes = (type: string, values: readonly string[] = []) =>
    values.map((value) => ({ type, value }));
  const one = (value: string | undefined) => (value === undefined || value === "" ? [] : [value]);
  return [
    ...attributes("C", subject.countries),
    ...attributes("O", subject.organizations),
    ...attributes("OU", subject.organizationalUnits),
    ...attributes("L", subject.localities),
    ...attributes("ST", subject.provinces),
    ...attributes("STREET", subject.streetAddresses),
    ...attributes("POSTALCODE", subject.postalCodes),
    ...attributes("CN", one(commonName)),
    ...attributes("SERIALNUMBER", one(subject.serialNumber)),
  ];
}

/**
 * Whether a request is the one that this spec and key make: its signed part is compared byte for byte, which leaves out
 * nothing. Only the signature may differ, as ECDSA's does each time. A spec that makes no request matches none.
 */
export async function csrMatches(csrPem: string, spec: CertificateSpec, key: KeyObject): Promise<boolean> {
  const expected = await certificateCsr(spec, key).catch(() => "");
  const part = signedPart(csrPem);
  return part !== undefined && signedPart(expected)?.equals(part) === true;
}

/** CertificationRequestInfo, the first element of the outer sequence (RFC 2986 §4.2); undefined if there is none. */
function signedPart(csrPem: string): Buffer | undefined {
  const der = Buffer.from(csrPem.replace(/-----[^-]+-----/g, ""), "base64");
  const outer = readHeader(der, 0);
  const inner = outer && readHeader(der, outer.contentStart);
  return inner && der.subarray(outer.contentStart, inner.end);
}

function readHeader(der: Buffer, start: number): { contentStart: number; end: number } | undefined {
  const first = der[start + 1];
  if (first === undefined) return undefined;
  const octets = first < 0x80 ? 0 : first & 0x7f;
  if (octets > 4 || start + 2 + octets > der.length) return undefined;
  const length = octets === 0 ? first : der.readUIntBE(start + 2, octets);
  const contentStart = start + 2 + octets;
  return { contentStart, end: contentStart + length };
}
