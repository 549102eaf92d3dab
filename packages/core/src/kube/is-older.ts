import type { KubeObject } from "./types.ts";

/** Whether the one state of an object came before the other: the resourceVersions of a resource are numbers that grow (KEP-5504). */
export function isOlder({ metadata }: KubeObject, than: KubeObject): boolean {
  return Number(metadata.resourceVersion) < Number(than.metadata.resourceVersion);
}
