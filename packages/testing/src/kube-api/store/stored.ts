import type { KubeObject } from "../kube-object.ts";

/** One version of a stored object. Its JSON is made once, however many reads and watches send it. */
export class Stored {
  readonly key: string;
  readonly object: KubeObject;
  readonly revision: number;
  #json: string | undefined;

  constructor(key: string, object: KubeObject, revision: number) {
    this.key = key;
    this.object = object;
    this.revision = revision;
  }

  /** The object as JSON, in the API version it is stored in. */
  get json(): string {
    this.#json ??= JSON.stringify(this.object);
    return this.#json;
  }
}

/** The key of an object: `namespace/name`, or `/name` for cluster scope. Keys sort as etcd sorts them. */
export function objectKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}
