import {
  contextTag,
  expectTag,
  readDer,
  readOid,
  readSequence,
  readSmallInteger,
  tags,
} from "./der-reader.ts";
import type { Extension } from "./extensions.ts";
import { readNameConstraints } from "./name-constraints.ts";
import { oids } from "./oid.ts";
import { Refusal } from "./refusal.ts";

type Check = (extension: Extension) => void;

/**
 * Extensions that the toolkit makes no use of but Go reads when it parses a certificate: where their shape is wrong,
 * cert-manager cannot read the Secret that it wrote, and tries without end.
 */
const checks: ReadonlyMap<string, Check> = new Map<string, Check>([
  [oids.nameConstraints, ({ der }) => readNameConstraints(der, "certificate")],
  [oids.crlDistributionPoints, ({ der }) => assertDistributionPoints(der)],
  [oids.certificatePolicies, ({ der }) => assertPolicies(der)],
  [oids.policyConstraints, ({ der }) => assertSequence(der, "the policy constraints extension")],
  [oids.inhibitAnyPolicy, ({ der }) => readSmallInteger(readDer(der, inhibitAnyPolicy), inhibitAnyPolicy)],
  [oids.authorityInfoAccess, assertAuthorityInfoAccess],
]);
const inhibitAnyPolicy = "the inhibit any policy extension";

/** Throws a {@link Refusal} where an extension that Go reads has a shape that it does not take. */
export function assertReadableExtensions(extensions: readonly Extension[]): void {
  for (const extension of extensions) checks.get(extension.oid)?.(extension);
}

function assertSequence(value: Uint8Array, what: string): void {
  expectTag(readDer(value, what), tags.sequence, what);
}

function assertDistributionPoints(value: Uint8Array): void {
  const what = "the CRL distribution points extension";
  for (const point of readSequence(readDer(value, what), what)) {
    const [name] = readSequence(point, what);
    if (name?.tag !== contextTag(0, true)) continue;
    // Go does not read names relative to the CRL issuer, [1].
    expectTag(name.children()[0], contextTag(0, true), what);
  }
}

function assertPolicies(value: Uint8Array): void {
  const what = "the certificate policies extension";
  const policies = readSequence(readDer(value, what), what).map((policy) =>
    expectTag(readSequence(policy, what)[0], tags.oid, what).content.join("."),
  );
  if (new Set(policies).size < policies.length) throw new Refusal(`${what} names a policy twice`);
}

function assertAuthorityInfoAccess({ critical, der }: Extension): void {
  const what = "the authority information access extension";
  if (critical) throw new Refusal(`${what} is critical`);
  for (const description of readSequence(readDer(der, what), what))
    readOid(readSequence(description, what)[0], what);
}
