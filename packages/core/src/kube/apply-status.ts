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
  /** The object as it was last seen. */
  readonly object: {
    readonly metadata: {
      readonly name: string;
      readonly namespace?: string;
      readonly uid: string;
      readonly resourceVersion: string;
    };
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
 * The API server ignores `metadata.uid` in a status apply, and would put one object's status into another that has taken
 * its name since. The resourceVersion guards against that: when it is not current, the object is read again, and its uid
 * decides.
 *
 * @returns the object after the write, or undefined when the object is gone, or another one has its name.
 * @throws KubeApiError for any other answer; the signal's reason when it aborts first.
 */
export async function applyStatus<T extends KubeObject>(
  transport: KubeTransport,
  options: ApplyStatusOptions,
): Promise<T | undefined> {
  const { signal, backoff = applyStatusBackoff, scheduler = systemScheduler } = options;
  const { uid } = options.object.metadata;
  checkBackoffPolicy("backoff", backoff);
  let version: string | undefined = options.object.metadata.resourceVersion;
  for (let failures = 0; ; ) {
    try {
      if (version === undefined) {
        const current = await read(transport, options);
        if (current.metadata.uid !== uid) return undefined;
        version = current.metadata.resourceVersion;
      }
      return await write<T>(transport, options, version);
    } catch (error) {
      signal.throwIfAborted();
      if (isKubeApiError(error, 404)) return undefined;
      if (!isWorthRetry(error)) throw error;
      options.onRetry?.(error);
      const conflict = isKubeApiError(error, 409);
      if (conflict) version = undefined;
      // The first conflict tells only that what was seen is out of date: there is nothing to wait for.
      if (!conflict || failures > 0) {
        const asked = isKubeApiError(error) ? (error.retryAfterMs ?? 0) : 0;
        await pause(
          scheduler,
          Math.max(asked, backoffDelay(backoff, Math.max(1, failures), scheduler)),
          signal,
        );
        signal.throwIfAborted();
      }
      failures += 1;
    }
  }
}

function read(transport: KubeTransport, { type, object, signal }: ApplyStatusOptions): Promise<KubeObject> {
  const { name, namespace } = object.metadata;
  return transport.request({ path: resourcePath(type, { namespace, name }), signal });
}

function write<T>(
  transport: KubeTransport,
  { type, object, status, fieldManager, signal }: ApplyStatusOptions,
  resourceVersion: string,
): Promise<T> {
  const { name, namespace } = object.metadata;
  return transport.request<T>({
    method: "PATCH",
    path: resourcePath(type, { namespace, name, subresource: "status" }),
    query: { fieldManager, force: true },
    contentType: "application/apply-patch+yaml",
    body: {
      apiVersion: type.group === "" ? type.version : `${type.group}/${type.version}`,
      kind: type.kind,
      metadata: { name, namespace, resourceVersion },
      status,
    },
    signal,
  });
}

function isWorthRetry(error: unknown): error is Error {
  if (isKubeNetworkError(error)) return error.failure !== "closed";
  return isKubeApiError(error) && (error.status === 409 || error.status === 429 || error.status >= 500);
}
