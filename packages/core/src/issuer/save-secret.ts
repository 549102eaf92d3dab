import { KubeApiError } from "../kube/kube-api-error.ts";
import { resourcePath } from "../kube/resource-path.ts";
import { type RetryWriteOptions, retryWrite } from "../kube/retry-write.ts";
import type { KubeTransport } from "../kube/transport.ts";
import type { Secret } from "../kube/types.ts";
import { secrets } from "../run/resource-types.ts";
import { readSecret } from "./read-secret.ts";

/** What to write into which Secret. */
export interface SaveSecretOptions extends RetryWriteOptions {
  readonly namespace: string;
  readonly name: string;
  /** As it was last seen; a Secret that has another by now, or was never seen, is read before anything is written. */
  readonly resourceVersion: string | undefined;
  /** Values by key, in base64, as `data` has them. */
  readonly data: Readonly<Record<string, string>>;
  /** Looks at the Secret as it is when it is not as it was last seen. @throws what forbids to write to it */
  readonly judge: (secret: Secret) => void;
}

/** What writes a Secret beside what is to be written. */
export interface SaveSecretContext {
  readonly transport: Pick<KubeTransport, "request">;
  readonly fieldManager: string;
  /** Asked immediately before each write. @throws when this process must not write */
  readonly fence: () => void;
}

/**
 * Writes values into a Secret, and leaves its other keys alone. It resolves when they are stored, to the Secret as it then is.
 *
 * The write is a patch that names the resourceVersion it is based on, so what somebody else writes is never overwritten
 * unseen. A write whose answer was lost looks like somebody else's: the Secret that is read then has the values already.
 *
 * @throws KubeApiError for an answer that a repeat will not change; what `judge` and `fence` throw; the signal's reason
 */
export function saveSecret(
  { transport, fieldManager, fence }: SaveSecretContext,
  options: SaveSecretOptions,
): Promise<Secret> {
  const { namespace, name, data, judge, signal } = options;
  let { resourceVersion } = options;
  return retryWrite(options, async (conflict) => {
    if (conflict) resourceVersion = undefined;
    if (resourceVersion === undefined) {
      const secret = await readSecret(transport, options);
      if (secret === undefined) throw notFound(name);
      if (Object.entries(data).every(([key, value]) => secret.data?.[key] === value)) return secret;
      judge(secret);
      resourceVersion = secret.metadata.resourceVersion;
    }
    fence();
    return transport.request<Secret>({
      method: "PATCH",
      path: resourcePath(secrets, { namespace, name }),
      query: { fieldManager },
      contentType: "application/merge-patch+json",
      body: { metadata: { resourceVersion }, data },
      signal,
    });
  });
}

function notFound(name: string): KubeApiError {
  const message = `secrets "${name}" not found`;
  return new KubeApiError({ status: 404, reason: "NotFound", message, request: "a list by name" });
}
