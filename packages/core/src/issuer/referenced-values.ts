import { isUtf8 } from "node:buffer";
import { IssuerError, type SecretKeyRef } from "@countersign/issuer-signer";
import type { ConfigMap, KubeObject, Secret } from "../kube/types.ts";

/** A Secret or a ConfigMap. */
type Holder = KubeObject & Pick<Secret & ConfigMap, "data" | "binaryData">;

/** Which values are wanted, and where they may come from. */
export interface ReferencedValuesOptions {
  readonly kind: "Secret" | "ConfigMap";
  readonly namespace: string;
  /** What the values are called, and where they are. */
  readonly refs: Readonly<Record<string, Pick<SecretKeyRef, "name" | "key" | "optional" | "bytes">>>;
  /** The objects of these names that exist, by name. */
  readonly read: (names: readonly string[]) => Promise<ReadonlyMap<string, Holder>>;
}

/** Values that an issuer refers to. */
export interface ReferencedValues {
  /** By the names of the references: text, or bytes where the reference asks for them. */
  readonly values: Readonly<Record<string, string | Uint8Array>>;
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
  const values: Record<string, string | Uint8Array> = {};
  for (const [called, { name, key, optional, bytes }] of Object.entries(refs)) {
    const object = found.get(name);
    if (object === undefined)
      throw new IssuerError(`${kind} ${namespace}/${name} not found. Create it with the key "${key}".`);
    const value = object.data?.[key];
    if ((value === undefined || value === "") && optional === true) continue;
    // The API server puts into `binaryData` what is no UTF-8.
    if (object.binaryData?.[key] !== undefined) throw notText(`${kind} ${namespace}/${name}`, key);
    if (value === undefined || value === "")
      throw new IssuerError(`${kind} ${namespace}/${name} has no key "${key}". Add it.`);
    const decoded = Buffer.from(value, kind === "Secret" ? "base64" : "utf8");
    // Decoding would put other characters in the place of what is no text, and a login would fail for no visible reason.
    if (bytes !== true && !isUtf8(decoded)) throw notText(`${kind} ${namespace}/${name}`, key);
    values[called] = bytes === true ? decoded : decoded.toString("utf8");
  }
  const objects = [...found.values()].map(({ metadata }) => metadata);
  return {
    values,
    version: objects.map(({ uid, resourceVersion }) => `${uid}@${resourceVersion}`).join(","),
    versions: new Map(objects.map(({ name, resourceVersion }) => [name, resourceVersion])),
  };
}

function notText(where: string, key: string): IssuerError {
  return new IssuerError(`The value of key "${key}" in ${where} is not UTF-8 text. Store it as text.`);
}
