import { isKubeApiError } from "./kube-api-error.ts";
import { resourcePath } from "./resource-path.ts";
import { type RetryWriteOptions, retryWrite } from "./retry-write.ts";
import type { KubeTransport } from "./transport.ts";
import type { KubeObject, ResourceType } from "./types.ts";

/** What to write into whose status. */
export interface ApplyStatusOptions extends RetryWriteOptions {
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
}

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
  const { uid } = options.object.metadata;
  let version: string | undefined = options.object.metadata.resourceVersion;
  try {
    return await retryWrite(options, async (conflict) => {
      if (conflict) version = undefined;
      if (version === undefined) {
        const current = await read(transport, options);
        if (current.metadata.uid !== uid) return undefined;
        version = current.metadata.resourceVersion;
      }
      return write<T>(transport, options, version);
    });
  } catch (error) {
    if (isKubeApiError(error, 404)) return undefined;
    throw error;
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
