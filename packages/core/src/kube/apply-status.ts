import { type BackoffPolicy, backoffDelay, checkBackoffPolicy } from "../queue/backoff.ts";
import { pause, type Scheduler, systemScheduler } from "../queue/scheduler.ts";
import { isKubeApiError } from "./kube-api-error.ts";
import { isKubeNetworkError } from "./kube-network-error.ts";
import { resourcePath } from "./resource-path.ts";
import type { KubeTransport } from "./transport.ts";
import type { KubeObject, ResourceType } from "./types.ts";

/** What to write into whose status. */
export interface ApplyStatusOptions {
  readonly type: ResourceType;
  /** The object as it was seen; its uid guards against a new object of the same name. */
  readonly object: {
    readonly metadata: { readonly name: string; readonly namespace?: string; readonly uid: string };
  };
  /** All that this field manager has to say: a field that it owned and leaves out is removed (KEP-555). */
  readonly status: object;
  readonly fieldManager: string;
  /** Ends the retries. */
  readonly signal: AbortSignal;
  /** Bounds of the delay between tries. */
  readonly backoff?: BackoffPolicy | undefined;
  /** Told of each failed try that will be repeated. */
  readonly onRetry?: ((error: Error) => void) | undefined;
  readonly scheduler?: Scheduler | undefined;
}

/** A result that has been signed waits for this write, so the first retries come soon. */
export const applyStatusBackoff: BackoffPolicy = Object.freeze({ initialMs: 200, maxMs: 15_000 });

/**
 * Writes a status by server-side apply with force. The write is retried on conflict, 429, 5xx and trouble of the network,
 * since applying the same again changes nothing; whatever else the server answers is thrown.
 *
 * @returns the object after the write, or undefined when the object is gone (404, or another uid).
 * @throws KubeApiError for any other answer; the signal's reason when it aborts first.
 */
export async function applyStatus<T extends KubeObject>(
  transport: KubeTransport,
  options: ApplyStatusOptions,
): Promise<T | undefined> {
  const { type, fieldManager, signal, backoff = applyStatusBackoff, scheduler = systemScheduler } = options;
  const { name, namespace, uid } = options.object.metadata;
  checkBackoffPolicy("backoff", backoff);
  const body = JSON.stringify({
    apiVersion: type.group === "" ? type.version : `${type.group}/${type.version}`,
    kind: type.kind,
    metadata: { name, namespace, uid },
    status: options.status,
  });
  const path = resourcePath(type, { namespace, name, subresource: "status" });
  for (let tries = 1; ; tries += 1) {
    try {
      return await transport.request<T>({
        method: "PATCH",
        path,
        query: { fieldManager, force: true },
        body,
        contentType: "application/apply-patch+yaml",
        signal,
      });
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (isGone(error)) return undefined;
      if (!isWorthRetry(error)) throw error;
      options.onRetry?.(error);
      const asked = isKubeApiError(error) ? (error.retryAfterMs ?? 0) : 0;
      await pause(scheduler, Math.max(asked, backoffDelay(backoff, tries, scheduler)), signal);
      signal.throwIfAborted();
    }
  }
}

/** The object does not exist any more; a conflict about the uid means that another one has taken its name. */
function isGone(error: unknown): boolean {
  if (isKubeApiError(error, 404)) return true;
  return isKubeApiError(error, 409) && /\buid\b/i.test(error.message);
}

function isWorthRetry(error: unknown): error is Error {
  if (isKubeNetworkError(error)) return error.failure !== "closed";
  return isKubeApiError(error) && (error.status === 409 || error.status === 429 || error.status >= 500);
}
