import { BadCertificateError } from "../errors.ts";
import { sameBytes, toHex } from "./bytes.ts";
import { parseCertificates, type X509 } from "./certificate.ts";
import type { Csr } from "./certification-request.ts";
import { type OrderedChain, orderChain } from "./chain.ts";
import { oids } from "./oid.ts";
import { pemLimits } from "./pem.ts";
import { resolveUsages } from "./usages.ts";

/** What {@link verifyIssued} compares. */
export interface VerifyIssuedOptions {
  readonly csr: Csr;
  /** What the PKI answered: PEM in any order, or certificates. */
  readonly chain: string | Uint8Array | readonly X509[];
  /** PEM of the CA to publish, where the PKI named one. */
  readonly ca?: string | undefined;
  readonly now: Date;
  readonly isCA: boolean;
  /** cert-manager's words; empty or left out means `digital signature` and `key encipherment`. */
  readonly usages?: readonly string[] | undefined;
  readonly durationSeconds: number;
}

/** One thing that the PKI issued otherwise than asked. It may be the PKI's policy; say it, do not hide it. */
export interface IssuedMismatch {
  readonly field:
    | "subject"
    | "dnsNames"
    | "ipAddresses"
    | "uris"
    | "emailAddresses"
    | "otherNames"
    | "keyUsage"
    | "extendedKeyUsage"
    | "isCA"
    | "duration";
  /** For people: printable ASCII, at most 256 characters. */
  readonly requested: string;
  readonly issued: string;
}

/** What may be written to a status. */
export interface VerifiedIssue {
  readonly chain: OrderedChain;
  readonly leaf: X509;
  /** PEM for `status.ca`: the CA that the PKI named, else the top of the chain. */
  readonly caPem: string | undefined;
  readonly mismatches: readonly IssuedMismatch[];
}

/** A PKI's clock may run ahead by this much before its certificates count as not yet valid. */
const maxClockSkewMs = 5 * 60_000;
/** As cert-manager's conformance suite tolerates. */
const durationToleranceSeconds = 30;
const weakSignatures: ReadonlySet<string> = new Set([oids.md5WithRsa, oids.sha1WithRsa, oids.ecdsaWithSha1]);

/**
 * Judges what a PKI answered before it may reach the cluster. Throws a {@link BadCertificateError} where it must not: another
 * key, not one linked chain, expired or not yet valid, a weak signature, a CA that does not belong to it, larger than
 * cert-manager reads. Everything else that differs from the request comes back as a mismatch.
 */
export function verifyIssued(options: VerifyIssuedOptions): VerifiedIssue {
  const chain = orderChain(options.chain, { leafSpkiDer: options.csr.spkiDer });
  const [leaf] = chain.chain;
  if (leaf === undefined) throw bad("the chain is empty", "have the PKI answer with certificates");
  const path = chain.root === undefined || chain.root === leaf ? chain.chain : [...chain.chain, chain.root];
  for (const certificate of path) assertCurrent(certificate, options.now);
  assertPathLengths(path);
  if (weakSignatures.has(leaf.signatureAlgorithm))
    throw bad("the certificate is signed with SHA-1 or MD5", "have the PKI sign with SHA-256 or better");
  const caPem = options.ca === undefined ? chain.caPem : namedCa(options.ca, chain, options.now);
  assertSize("the certificate", leaf.pem, pemLimits.certificate);
  assertSize("the chain", chain.chainPem, pemLimits.chain);
  assertSize("the CA", caPem ?? "", pemLimits.bundle);
  return { chain, leaf, caPem, mismatches: mismatchesOf(leaf, options) };
}

function assertCurrent(certificate: X509, now: Date): void {
  const of = `the certificate of ${shown([certificate.subject])}`;
  const { notBefore, notAfter } = certificate;
  if (notAfter <= notBefore) throw bad(`${of} ends before it begins`, "correct the PKI's profile");
  if (notAfter <= now) throw bad(`${of} expired ${notAfter.toISOString()}`, "have the PKI issue a new one");
  if (notBefore.getTime() > now.getTime() + maxClockSkewMs)
    throw bad(
      `${of} is not valid before ${notBefore.toISOString()}`,
      "check the clocks of the PKI and of this host",
    );
}

/** RFC 5280 §4.2.1.9: a path length counts the CA certificates between this one and the leaf, self-issued ones apart. */
function assertPathLengths(path: readonly X509[]): void {
  let between = 0;
  for (const certificate of path.slice(1)) {
    if (certificate.pathLength !== undefined && between > certificate.pathLength)
      throw bad(
        `the chain is longer than ${shown([certificate.subject])} allows`,
        "correct the PKI's hierarchy",
      );
    if (!sameBytes(certificate.subjectDer, certificate.issuerDer)) between += 1;
  }
}

function namedCa(pem: string, chain: OrderedChain, now: Date): string {
  const named = parseCertificates(pem);
  const top = chain.chain.at(-1);
  const known = [chain.ca, top].flatMap((certificate) => (certificate === undefined ? [] : [certificate]));
  const belonging = named.find(
    (ca) => known.some(({ der }) => sameBytes(der, ca.der)) || top?.isIssuedBy(ca) === true,
  );
  if (belonging === undefined)
    throw bad(
      "the CA that came with the chain did not issue it",
      "have the PKI answer with the CA of this chain",
    );
  assertCurrent(belonging, now);
  return named.map((ca) => ca.pem).join("");
}

function assertSize(of: string, pem: string, limit: number): void {
  if (pem.length > limit)
    throw bad(
      `${of} has ${pem.length} bytes of PEM, but cert-manager reads at most ${limit}`,
      "ask for fewer names or a shorter chain",
    );
}

function mismatchesOf(
  leaf: X509,
  { csr, isCA, usages, durationSeconds }: VerifyIssuedOptions,
): IssuedMismatch[] {
  const mismatches: IssuedMismatch[] = [];
  const compare = (
    field: IssuedMismatch["field"],
    requested: readonly string[],
    issued: readonly string[],
  ): void => {
    const [a, b] = [new Set(requested), new Set(issued)];
    if (a.size !== b.size || [...a].some((value) => !b.has(value)))
      mismatches.push({ field, requested: shown(requested), issued: shown(issued) });
  };
  const lower = (values: readonly string[]): string[] => values.map((value) => value.toLowerCase());
  const others = (names: X509["names"]): string[] =>
    names.other.map(({ type, der }) => `${type}:${toHex(der)}`);
  const asked = resolveUsages(usages, isCA);
  compare("subject", [csr.subject], [leaf.subject]);
  compare("dnsNames", lower(csr.names.dns), lower(leaf.names.dns));
  compare("ipAddresses", csr.names.ip, leaf.names.ip);
  compare("uris", csr.names.uri, leaf.names.uri);
  compare("emailAddresses", csr.names.email, leaf.names.email);
  compare("otherNames", others(csr.names), others(leaf.names));
  compare("keyUsage", asked.keyUsage, leaf.keyUsage ?? []);
  compare("extendedKeyUsage", asked.extendedKeyUsage, leaf.extendedKeyUsage ?? []);
  compare("isCA", [String(isCA)], [String(leaf.isCA)]);
  const issuedSeconds = (leaf.notAfter.getTime() - leaf.notBefore.getTime()) / 1000;
  if (Math.abs(issuedSeconds - durationSeconds) > durationToleranceSeconds)
    mismatches.push({ field: "duration", requested: `${durationSeconds}s`, issued: `${issuedSeconds}s` });
  return mismatches;
}

function shown(values: readonly string[]): string {
  const text = values
    .join(", ")
    .slice(0, 257)
    .replace(/[^\x20-\x7e]/g, "?");
  return text.length > 256 ? `${text.slice(0, 253)}...` : text;
}

function bad(problem: string, remedy: string): BadCertificateError {
  return new BadCertificateError(`the PKI's answer is refused: ${problem}; ${remedy}`);
}
