import type { KubeObject } from "../kube-object.ts";

const STANDARD: ReadonlySet<string> = new Set(["orphan", "foregroundDeletion", "kubernetes"]);

/** What the server warns of when finalizers without a domain are added to a custom resource. */
export function finalizerWarnings({ metadata }: KubeObject, live: KubeObject | undefined): string[] {
  const had = live?.metadata.finalizers ?? [];
  return (metadata.finalizers ?? [])
    .filter((finalizer) => !had.includes(finalizer) && !finalizer.includes("/") && !STANDARD.has(finalizer))
    .map((finalizer) => {
      const path = finalizer.includes(".") ? " including a path (/)" : "";
      return `metadata.finalizers: ${JSON.stringify(finalizer)}: prefer a domain-qualified finalizer name${path} to avoid accidental conflicts with other finalizer writers`;
    });
}
