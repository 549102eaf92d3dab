import { BadCertificateError } from "../errors.ts";
import { sameBytes, toLatin1 } from "./bytes.ts";
import { parseCertificates, type X509 } from "./certificate.ts";
import type { CertificateCache } from "./certificate-cache.ts";

/** A chain in the order that cert-manager writes it to a Secret. */
export interface OrderedChain {
  /** The leaf first, each followed by its issuer; a self-signed root is left out. Never empty. */
  readonly chain: readonly X509[];
  /** PEM of {@link chain}: what belongs in `status.certificate`. */
  readonly chainPem: string;
  /** The top that may be trusted: the root, else the topmost of several. A lone certificate that is not self-signed has none. */
  readonly ca: X509 | undefined;
  /** PEM of {@link ca}: what belongs in `status.ca`. */
  readonly caPem: string | undefined;
  /** {@link ca} if it is self-signed. */
  readonly root: X509 | undefined;
}

/** Options of {@link orderChain}. */
export interface OrderChainOptions {
  /** SubjectPublicKeyInfo that the leaf must carry, such as that of the CSR. */
  readonly leafSpkiDer?: Uint8Array | undefined;
  /** Spares reading the CAs of a PEM text again. */
  readonly cache?: CertificateCache | undefined;
}

const maxCertificates = 1000;
/** An honest chain fails no verification at all; equal names with other keys cost one each, at up to half a millisecond. */
const maxFailedVerifications = 50;

interface Link {
  readonly certificate: X509;
  readonly subject: string;
  readonly issuer: string;
}

/**
 * Orders certificates into one chain, in the semantics of cert-manager's `ParseSingleCertificateChain`: repeated
 * certificates count once; two join where the issuer's subject is the issuer's name byte for byte, it may sign
 * certificates and the signature verifies; what does not end as one chain is refused. Throws a {@link BadCertificateError}.
 */
export function orderChain(
  input: string | Uint8Array | readonly X509[],
  options: OrderChainOptions = {},
): OrderedChain {
  const certificates = Array.isArray(input)
    ? input
    : parseCertificates(input as string | Uint8Array, undefined, options.cache);
  const ordered = join(unique(certificates));
  const top = ordered.at(-1);
  // A self-signed certificate below the top (a root that a successor of the same key cross-signed) goes too, as in cert-manager.
  const chain =
    ordered.length > 1 ? ordered.filter((certificate) => !certificate.isIssuedBy(certificate)) : ordered;
  const [leaf] = chain;
  if (leaf === undefined || top === undefined)
    throw new BadCertificateError("the chain is empty; have the PKI answer with certificates");
  if (options.leafSpkiDer !== undefined && !sameBytes(leaf.spkiDer, options.leafSpkiDer))
    throw new BadCertificateError(
      "the end of the chain is not for the requested key; have the PKI sign the request that it was sent",
    );
  const isRoot = top.isIssuedBy(top);
  const ca = isRoot || ordered.length > 1 ? top : undefined;
  return {
    chain,
    chainPem: chain.map(({ pem }) => pem).join(""),
    ca,
    caPem: ca?.pem,
    root: isRoot ? top : undefined,
  };
}

/** Sorted by their bytes, as cert-manager does, so that the answer does not depend on the order of the input. */
function unique(certificates: readonly X509[]): X509[] {
  const sorted = [...certificates].sort((a, b) => Buffer.compare(a.der, b.der));
  const distinct = sorted.filter((certificate, i) => {
    const previous = sorted[i - 1];
    return previous === undefined || !sameBytes(previous.der, certificate.der);
  });
  if (distinct.length > maxCertificates)
    throw new BadCertificateError(
      `the chain has ${distinct.length} certificates; at most ${maxCertificates} are ordered, so have the PKI send fewer`,
    );
  return distinct;
}

/** Joins lists end to end until one is left; a list that fits no other can never be part of a single chain. */
function join(certificates: readonly X509[]): X509[] {
  let failures = 0;
  const joins = (below: readonly Link[], above: readonly Link[]): boolean => {
    const [child, parent] = [below.at(-1), above[0]];
    if (child === undefined || child.issuer !== parent?.subject) return false;
    if (child.certificate.isIssuedBy(parent.certificate)) return true;
    failures += 1;
    if (failures > maxFailedVerifications) throw brokenChain();
    return false;
  };
  const lists: Link[][] = certificates.map((certificate) => [
    { certificate, subject: toLatin1(certificate.subjectDer), issuer: toLatin1(certificate.issuerDer) },
  ]);
  while (lists.length > 1) {
    const last = lists.pop() ?? [];
    const at = lists.findIndex((list) => joins(list, last) || joins(last, list));
    const partner = lists[at];
    if (partner === undefined) throw brokenChain();
    lists[at] = joins(partner, last) ? [...partner, ...last] : [...last, ...partner];
  }
  return (lists[0] ?? []).map(({ certificate }) => certificate);
}

function brokenChain(): BadCertificateError {
  return new BadCertificateError(
    "the certificates do not form one chain: each but the leaf must sign exactly one other; have the PKI send the leaf with its issuers only",
  );
}
