import { BadCertificateError } from "../errors.ts";
import { sameBytes } from "./bytes.ts";
import { parseCertificates, type X509 } from "./certificate.ts";
import type { CertificateCache } from "./certificate-cache.ts";
import { type OrderedChain, orderChain } from "./chain.ts";
import { type IssuedMismatch, mismatchesOf, type RequestedCertificate, shown } from "./issued-mismatch.ts";
import { oids } from "./oid.ts";
import { pemLimits } from "./pem.ts";

/** What {@link verifyIssued} compares. */
export interface VerifyIssuedOptions extends RequestedCertificate {
  /** What the PKI answered: PEM in any order, or certificates. */
  readonly chain: string | Uint8Array | readonly X509[];
  /** PEM of the CA to publish, where the PKI named one. */
  readonly ca?: string | undefined;
  readonly now: Date;
  /** A leaf that became valid before this is an old one, which the PKI did not issue for this request. No bound by default. */
  readonly earliest?: Date | undefined;
  /**
   * What to do with names, and powers over others' certificates, that nobody asked for: refuse the answer (default), or
   * report them as mismatches. A CA certificate that nobody asked for is always refused.
   */
  readonly excess?: "refuse" | "warn" | undefined;
  /** Spares reading and verifying again the CAs that every answer repeats. */
  readonly cache?: CertificateCache | undefined;
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
const weakSignatures: ReadonlySet<string> = new Set([oids.md5WithRsa, oids.sha1WithRsa, oids.ecdsaWithSha1]);

/**
 * Judges what a PKI answered before it may reach the cluster. Throws a {@link BadCertificateError} where it must not: another
 * key, not one linked chain, expired, not yet valid or an old one, a weak signature, a CA that does not belong to it, names
 * or powers that nobody asked for, larger than cert-manager reads. Everything else that differs from the request comes back
 * as a mismatch.
 */
export function verifyIssued(options: VerifyIssuedOptions): VerifiedIssue {
  const chain = orderChain(options.chain, { leafSpkiDer: options.csr.spkiDer, cache: options.cache });
  const [leaf] = chain.chain;
  if (leaf === undefined) throw bad("the chain is empty", "have the PKI answer with certificates");
  const path = chain.root === undefined || chain.root === leaf ? chain.chain : [...chain.chain, chain.root];
  for (const certificate of path) assertCurrent(certificate, options.now);
  assertPathLengths(path);
  assertFresh(leaf, options.earliest);
  if (weakSignatures.has(leaf.signatureAlgorithm))
    throw bad("the certificate is signed with SHA-1 or MD5", "have the PKI sign with SHA-256 or better");
  const caPem = options.ca === undefined ? chain.caPem : namedCa(options, options.ca, chain);
  assertSize("the certificate", leaf.pem, pemLimits.certificate);
  assertSize("the chain", chain.chainPem, pemLimits.chain);
  assertSize("the CA", caPem ?? "", pemLimits.bundle);
  const mismatches = mismatchesOf(leaf, options);
  assertNoExcess(mismatches, options.excess ?? "refuse");
  return { chain, leaf, caPem, mismatches };
}

function assertFresh(leaf: X509, earliest: Date | undefined): void {
  if (earliest === undefined || leaf.notBefore >= earliest) return;
  throw bad(
    `the certificate has been valid since ${leaf.notBefore.toISOString()}, but what is issued for this request cannot be older than ${earliest.toISOString()}`,
    "have the PKI issue a new one",
  );
}

function assertNoExcess(mismatches: readonly IssuedMismatch[], action: "refuse" | "warn"): void {
  if (mismatches.some(({ field, excess }) => field === "isCA" && excess !== ""))
    throw bad("it is a CA certificate, but none was requested", "correct the PKI's profile");
  const [first] = mismatches.filter(({ excess }) => excess !== "");
  if (first !== undefined && action === "refuse")
    throw bad(`it has ${first.field} that nobody asked for: ${first.excess}`, "correct the PKI's profile");
}

function assertCurrent(certificate: X509, now: Date): void {
  const of = `the certificate of ${called(certificate)}`;
  const { notBefore, notAfter } = certificate;
  if (notAfter <= notBefore) throw bad(`${of} ends before it begins`, "correct the PKI's profile");
  if (notAfter <= now) throw bad(`${of} expired ${notAfter.toISOString()}`, "have the PKI issue a new one");
  if (notBefore.getTime() > now.getTime() + maxClockSkewMs)
    throw bad(
      `${of} is not valid before ${notBefore.toISOString()}`,
      "check the clocks of the PKI and of this host",
    );
}

/** Its subject; where that is empty, as RFC 5280 §4.1.2.6 allows beside names, the first of them. */
function called({ subject, names, serialHex }: X509): string {
  const [name = `serial number ${serialHex}`] = [...names.dns, ...names.ip, ...names.uri, ...names.email];
  return shown([subject === "" ? name : subject]);
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

function namedCa({ now, cache }: VerifyIssuedOptions, pem: string, chain: OrderedChain): string {
  const named = parseCertificates(pem, undefined, cache);
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

function bad(problem: string, remedy: string): BadCertificateError {
  return new BadCertificateError(`the PKI's answer is refused: ${problem}; ${remedy}`);
}
