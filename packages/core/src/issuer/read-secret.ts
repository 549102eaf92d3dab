import { resourcePath } from "../kube/resource-path.ts";
import type { KubeTransport } from "../kube/transport.ts";
import type { Secret } from "../kube/types.ts";
import { secrets } from "../run/resource-types.ts";

/** Which Secret to read. */
export interface ReadSecretOptions {
  readonly namespace: string;
  readonly name: string;
  readonly signal: AbortSignal;
}

/**
 * The Secret as the API server has it now, past every cache; undefined when it is gone. By a list, since the controller's
 * rights to Secrets are those of its watches: it may not `get`.
 */
export async function readSecret(
  transport: Pick<KubeTransport, "request">,
  { namespace, name, signal }: ReadSecretOptions,
): Promise<Secret | undefined> {
  const { items } = await transport.request<{ readonly items?: readonly Secret[] }>({
    path: resourcePath(secrets, { namespace }),
    query: { fieldSelector: `metadata.name=${name}` },
    signal,
  });
  return items?.find(({ metadata }) => metadata.name === name);
}
