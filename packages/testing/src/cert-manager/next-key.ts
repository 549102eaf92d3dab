import { createHash, type KeyObject } from "node:crypto";
import type { Secret } from "@countersign/issuer-core";
import type { Certificate } from "./certificate.ts";
import { encodePrivateKey, generatePrivateKey, privateKeyMismatch } from "./key.ts";
import { type KubeObjects, secretType } from "./kube-objects.ts";
import { managedSecretLabel, nextPrivateKeyLabel } from "./names.ts";
import { ownerReference } from "./request-object.ts";
import { storedKey } from "./stored-key-pair.ts";

/** The private key of an issuance under way, kept in a Secret so that a restart goes on with it. */
export interface NextKey {
  readonly key: KeyObject;
  readonly secretName: string;
}

/**
 * The key of the issuance that is under way: found again by its name, which every issuance has its own of, or made now.
 * `existing` is the key of the Certificate's Secret. Throws a RangeError for a key that cannot be made.
 */
export async function ensureNextKey(
  kube: KubeObjects,
  certificate: Certificate,
  existing: KeyObject | undefined,
): Promise<NextKey> {
  const { metadata, spec, status } = certificate;
  const secretName = status?.nextPrivateKeySecretName ?? nextKeySecretName(certificate);
  const kept = await kube.get<Secret>(secretType, { namespace: metadata.namespace, name: secretName });
  const keptKey = storedKey(kept);
  if (keptKey !== undefined && privateKeyMismatch(keptKey, spec.privateKey) === undefined)
    return { key: keptKey, secretName };
  const key = reusableKey(certificate, existing) ?? (await generatePrivateKey(spec.privateKey));
  if (kept !== undefined) await kube.delete(secretType, kept);
  const created = await kube.create(secretType, keySecret(certificate, secretName, key));
  if (created === undefined)
    throw new Error(`Secret ${metadata.namespace}/${secretName} has just been created by another`);
  return { key, secretName };
}

function reusableKey({ spec }: Certificate, existing: KeyObject | undefined): KeyObject | undefined {
  if (spec.privateKey?.rotationPolicy !== "Never" || existing === undefined) return undefined;
  const field = privateKeyMismatch(existing, spec.privateKey);
  if (field === undefined) return existing;
  throw new RangeError(
    `the key in Secret ${spec.secretName} does not satisfy ${field} and spec.privateKey.rotationPolicy is Never; delete the Secret or set Always`,
  );
}

function nextKeySecretName({ metadata, status }: Certificate): string {
  const issuance = [metadata.uid, status?.revision ?? 0, status?.failedIssuanceAttempts ?? 0].join("/");
  return `${metadata.name.slice(0, 244)}-${createHash("sha256").update(issuance).digest("hex").slice(0, 8)}`;
}

function keySecret(certificate: Certificate, name: string, key: KeyObject) {
  const { metadata, spec } = certificate;
  const pem = encodePrivateKey(key, spec.privateKey?.encoding);
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name,
      namespace: metadata.namespace,
      labels: { [nextPrivateKeyLabel]: "true", [managedSecretLabel]: "true" },
      ownerReferences: [ownerReference(certificate)],
    },
    type: "Opaque",
    data: { "tls.key": Buffer.from(pem).toString("base64") },
  };
}
