import type { X509 } from "@countersign/issuer-core";

const SUBJECT_KEY_IDENTIFIER = "2.5.29.14";

/**
 * Where two certificates for one request by one CA differ beyond serial number, validity and signature: one line each,
 * empty where every byte of subject, key and extensions is the same, in the same order.
 */
export function profileDifferences(ours: X509, theirs: X509): string[] {
  const differences: string[] = [];
  const compare = (what: string, a: string | number | undefined, b: string | number | undefined): void => {
    if (a !== b) differences.push(`${what}: ours ${a}, cert-manager's ${b}`);
  };
  compare("version", ours.version, theirs.version);
  compare("signature algorithm", ours.signatureAlgorithm, theirs.signatureAlgorithm);
  compare("issuer", hex(ours.issuerDer), hex(theirs.issuerDer));
  compare("subject", hex(ours.subjectDer), hex(theirs.subjectDer));
  compare("public key", hex(ours.spkiDer), hex(theirs.spkiDer));
  const [own, other] = [extensionsOf(ours), extensionsOf(theirs)];
  for (const oid of new Set([...own.keys(), ...other.keys()]))
    compare(`extension ${oid}`, own.get(oid), other.get(oid));
  const common = (a: Map<string, string>, b: Map<string, string>) =>
    [...a.keys()].filter((oid) => b.has(oid));
  compare("order", common(own, other).join(), common(other, own).join());
  return differences;
}

/** The differences but for the subject key identifier, which cert-manager gives to CAs alone, by another hash. */
export function unexpectedDifferences(ours: X509, theirs: X509): string[] {
  return profileDifferences(ours, theirs).filter(
    (line) => !line.startsWith(`extension ${SUBJECT_KEY_IDENTIFIER}:`),
  );
}

function extensionsOf({ extensions }: X509): Map<string, string> {
  return new Map(
    extensions.map(({ oid, critical, der }) => [oid, `${critical ? "critical " : ""}${hex(der)}`]),
  );
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
