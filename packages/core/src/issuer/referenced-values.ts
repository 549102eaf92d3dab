import { IssuerError, type SecretKeyRef } from "@countersign/issuer-signer";
import type { ConfigMap, KubeObject, Secret } from "../kube/types.ts";

/** A Secret or a ConfigMap. */
type Holder = KubeObject & Pick<Secret & ConfigMap, "data">;

/** Which values are wanted, and where they may come from. */
export interface ReferencedValuesOptions {
  readonly kind: "Secret" | "ConfigMap";
  readonly namespace: string;
  /** What the values are called, and where they are. */
  readonly refs: Readonly<Record<string, Pick<SecretKeyRef, "name" | "key" | "optional">>>;
  /** The objects of these names that exist, by name. */
  readonly read: (names: readonly string[]) => Promise<ReadonlyMap<string, Holder>>;
}

/** Values that an issuer refers to. */
export interface ReferencedValues {
  /** As text, by the names of the references. */
  readonly values: Readonly<Record<string, string>>;
  /** Says something else when any of the objects has changed. */
  readonly version: string;
  /** The resourceVersions of the objects, by name. */
  readonly versions: ReadonlyMap<string, string>;
}

/**
 * The values behind references, each from the object of the same look.
 *
 * @throws IssuerError that names the object, and the key, which is missing
 */
export async function referencedValues(options: ReferencedValuesOptions): Promise<ReferencedValues> {
  const { kind, namespace, refs } = options;
  const found = await options.read([...new Set(Object.values(refs).map(({ name }) => name))]);
  const values: Record<string, string> = {};
  for (const [called, { name, key, optional }] of Object.entries(refs)) {
    const object = found.get(name);
    if (object === undefined)
      throw new IssuerError(`${kind} ${namespace}/${name} not found. Create it with the key "${key}".`);
    const value = object.data?.[key];
    if ((value === undefined || value === "") && optional === true) continue;
    if (value === undefined || value === "")
      throw new IssuerError(`${kind} ${namespace}/${name} has no key "${key}". Add it.`);
    values[called] = kind === "Secret" ? Buffer.from(value, "base64").toString("utf8") : value;
  }
  const objects = [...found.values()].map(({ metadata }) => metadata);
  return {
    values,
    version: objects.map(({ uid, resourceVersion }) => `${uid}@${resourceVersion}`).join(","),
    versions: new Map(objects.map(({ name, resourceVersion }) => [name, resourceVersion])),
  };
}
