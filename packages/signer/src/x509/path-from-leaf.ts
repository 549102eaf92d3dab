import type { X509 } from "./certificate.ts";

/** A path longer than any real one ends here: two CAs that cross-signed each other form a circle. */
const maxDepth = 16;

/**
 * The path from a leaf upwards, as far as the other certificates hold it: the leaf first, each followed by its issuer, up
 * to a self-signed one. What is not on the path is left out: a PKI's bundle of CAs may hold cross-signed siblings, which
 * `orderChain` refuses, as cert-manager does. At a fork a self-signed CA wins, then the order given.
 */
export function pathFromLeaf(leaf: X509, others: readonly X509[]): readonly X509[] {
  const path: X509[] = [leaf];
  for (let at = leaf; path.length < maxDepth && !at.isSelfSigned; ) {
    const parents = others.filter((candidate) => !isOn(path, candidate) && at.isIssuedBy(candidate));
    const parent = parents.find(({ isSelfSigned }) => isSelfSigned) ?? parents[0];
    if (parent === undefined) break;
    path.push(parent);
    at = parent;
  }
  return path;
}

function isOn(path: readonly X509[], { sha256Hex }: X509): boolean {
  return path.some((certificate) => certificate.sha256Hex === sha256Hex);
}
