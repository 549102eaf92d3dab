import { type CertificateRequest, parseGoDuration, type Secret } from "@countersign/issuer-core";
import type { Certificate, CertificateSpec } from "./certificate.ts";
import { csrMatches } from "./csr.ts";
import { privateKeyMismatch } from "./key.ts";
import { annotationNames } from "./names.ts";
import { renewalTime } from "./renewal-time.ts";
import { sameIssuer } from "./request-object.ts";
import type { IssuanceReason, StoredKeyPair } from "./stored-key-pair.ts";

/** What {@link specReason} compares. */
export interface SpecReasonInput {
  readonly certificate: Certificate;
  readonly secret: Secret;
  readonly pair: StoredKeyPair;
  /** The request that the stored certificate came from, where it still exists. */
  readonly request: CertificateRequest | undefined;
}

/** Why a stored certificate is not the one that the spec asks for; undefined when it is. */
export async function specReason(input: SpecReasonInput): Promise<IssuanceReason | undefined> {
  const { certificate, secret, pair, request } = input;
  const { spec } = certificate;
  const field = privateKeyMismatch(pair.key, spec.privateKey);
  if (field !== undefined)
    return {
      reason: "SecretMismatch",
      message: `Existing issued Secret is not up to date for spec: [${field}]`,
    };
  const annotations = secret.metadata.annotations ?? {};
  const issuedBy = {
    name: annotations[annotationNames.issuerName] ?? "",
    kind: annotations[annotationNames.issuerKind] ?? "",
    group: annotations[annotationNames.issuerGroup] ?? "",
  };
  if (!sameIssuer(issuedBy, spec.issuerRef))
    return {
      reason: "IncorrectIssuer",
      message: "Issuing certificate as Secret was previously issued by another issuer",
    };
  if (request === undefined || (await requestMatches(request, spec, pair.key))) return undefined;
  return {
    reason: "RequestChanged",
    message: "Fields on existing CertificateRequest resource are not up to date",
  };
}

/** Whether a request asks for exactly what the spec does, for this key. */
export async function requestMatches(
  { spec: asked }: CertificateRequest,
  spec: CertificateSpec,
  key: StoredKeyPair["key"],
): Promise<boolean> {
  const seconds = (duration: string | undefined) =>
    duration === undefined ? undefined : parseGoDuration(duration);
  const sorted = (words: readonly string[] = []) => [...words].sort().join();
  return (
    sameIssuer(asked.issuerRef, spec.issuerRef) &&
    (asked.isCA ?? false) === (spec.isCA ?? false) &&
    seconds(asked.duration) === seconds(spec.duration) &&
    sorted(asked.usages) === sorted(spec.usages) &&
    (await csrMatches(Buffer.from(asked.request, "base64").toString("latin1"), spec, key))
  );
}

/** When the stored certificate is to be renewed, in milliseconds since the epoch. */
export function renewalDue({ spec }: Certificate, { leaf }: StoredKeyPair): number {
  return renewalTime({
    notBefore: leaf.validFromDate.getTime(),
    notAfter: leaf.validToDate.getTime(),
    renewBeforeSeconds: spec.renewBefore === undefined ? undefined : parseGoDuration(spec.renewBefore),
    renewBeforePercentage: spec.renewBeforePercentage,
  });
}
