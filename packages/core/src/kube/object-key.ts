/** The parts of an object that name it within its resource. */
export interface Named {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** `namespace/name`, or `name` for a cluster-scoped object: the key of stores and queues. */
export function objectKey({ metadata: { name, namespace } }: Named): string {
  return namespace === undefined || namespace === "" ? name : `${namespace}/${name}`;
}
