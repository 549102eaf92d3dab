import { inCluster, type KubeConnection } from "@countersign/issuer-core";
import type { ServiceArguments } from "./arguments.ts";

/** The API server that reviews tokens: the pod's own, or that of a kubeconfig. */
export async function kubeConnection(
  { kubeconfig: file, context }: Pick<ServiceArguments, "kubeconfig" | "context">,
  env: Readonly<Record<string, string | undefined>>,
): Promise<KubeConnection> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  if (file === undefined && context === undefined && host !== undefined && port !== undefined)
    return inCluster({ host, port });
  // It costs most of a second to load, which a pod is spared.
  const { loadKubeConnection } = await import("@countersign/issuer-core/kubeconfig");
  return loadKubeConnection({ file, context, env });
}
