import { KubeApiError } from "../kube/kube-api-error.ts";
import { KubeNetworkError } from "../kube/kube-network-error.ts";
import { resourcePath } from "../kube/resource-path.ts";
import type { KubeRequest, KubeStreamRequest, KubeTransport } from "../kube/transport.ts";
import type { Condition, KubeObject, ResourceType } from "../kube/types.ts";
import { pause, systemScheduler } from "../queue/scheduler.ts";

/** What befalls a call: refused, cut before it is carried out, or carried out without an answer. */
export type MemoryApiFault = "conflict" | "throttled" | "unavailable" | "reset" | "loseAnswer";

interface StoredObject extends KubeObject {
  readonly spec?: unknown;
  readonly status?: { readonly conditions?: readonly Condition[] };
}

interface Collection {
  readonly objects: Map<string, StoredObject>;
  readonly events: { type: string; object: StoredObject; version: number; at: number }[];
}

/** How often a watch that is quiet looks for news, in milliseconds. */
const lookEveryMs = 20;

const pathPattern =
  /^(\/apis?(?:\/[^/]+)?\/v[^/]+)(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+))?(?:\/(status))?$/;

/**
 * The part of the Kubernetes API that an issuer uses, in this process and without sockets, so that fake timers drive it: get,
 * list, watch, and server-side apply of a status by one field manager.
 */
export class MemoryApi {
  readonly #collections = new Map<string, Collection>();
  readonly #streams = new Set<AbortController>();
  #version = 100;
  #uid = 0;
  /** Asked for each call. */
  fault: (method: string) => MemoryApiFault | undefined = () => undefined;
  /** How long each half of a call takes, in milliseconds. */
  callMs: () => number = () => 0;
  /** How long an event takes to its watchers, in milliseconds. */
  watchMs = 0;

  /** What an issuer is given. */
  get transport(): KubeTransport {
    const { request, stream } = this;
    return { request, stream } as unknown as KubeTransport;
  }

  /** Creates or replaces an object, as somebody else would. A changed spec is a new generation. */
  put(type: ResourceType, object: Omit<StoredObject, "metadata"> & { readonly metadata: object }): void {
    const { namespace, name } = object.metadata as KubeObject["metadata"];
    const { objects } = this.#collection(type);
    const key = `${namespace}/${name}`;
    const before = objects.get(key);
    if (before === undefined) this.#uid += 1;
    const generation = before?.metadata.generation ?? 0;
    const sameSpec = JSON.stringify(before?.spec) === JSON.stringify(object.spec);
    const metadata = {
      uid: before?.metadata.uid ?? `uid-${this.#uid}`,
      creationTimestamp: before?.metadata.creationTimestamp ?? new Date().toISOString(),
      ...before?.metadata,
      ...object.metadata,
      generation: sameSpec ? generation : generation + 1,
    } as unknown as KubeObject["metadata"];
    this.#commit(type, before === undefined ? "ADDED" : "MODIFIED", { ...before, ...object, metadata });
  }

  get<T extends KubeObject>(type: ResourceType, key: string): T | undefined {
    return this.#collection(type).objects.get(key) as T | undefined;
  }

  list<T extends KubeObject>(type: ResourceType): readonly T[] {
    return [...this.#collection(type).objects.values()] as unknown as T[];
  }

  delete(type: ResourceType, key: string): void {
    const object = this.#collection(type).objects.get(key);
    if (object !== undefined) this.#commit(type, "DELETED", object);
  }

  /** Breaks every watch. */
  cut(): void {
    for (const stream of this.#streams) stream.abort();
  }

  readonly request = async (options: KubeRequest): Promise<unknown> => {
    const { method = "GET", signal } = options;
    await this.#halfCall(signal);
    const fault = this.fault(method);
    if (fault === "reset") throw reset();
    if (fault !== undefined && fault !== "loseAnswer") throw refused(fault, options.path);
    const answer = this.#answer(options);
    await this.#halfCall(signal);
    if (fault === "loseAnswer") throw reset();
    return structuredClone(answer);
  };

  readonly stream = (options: KubeStreamRequest): AsyncGenerator<unknown, void, undefined> => {
    return this.#events(options);
  };

  async *#events(options: KubeStreamRequest): AsyncGenerator<unknown, void, undefined> {
    const { path, query, signal, onOpen } = options;
    const { events } = this.#byPath(path);
    const cut = new AbortController();
    this.#streams.add(cut);
    const end = signal === undefined ? cut.signal : AbortSignal.any([signal, cut.signal]);
    try {
      await this.#halfCall(signal);
      onOpen?.();
      let from = Number(query?.resourceVersion);
      for (;;) {
        const next = events.find(({ version }) => version > from);
        const rest = next === undefined ? lookEveryMs : next.at + this.watchMs - Date.now();
        if (rest > 0) await pause(systemScheduler, rest, end);
        signal?.throwIfAborted();
        if (cut.signal.aborted) throw reset();
        if (next === undefined) continue;
        from = next.version;
        yield structuredClone({ type: next.type, object: next.object });
      }
    } finally {
      this.#streams.delete(cut);
    }
  }

  async #halfCall(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    await pause(systemScheduler, this.callMs(), signal);
    signal?.throwIfAborted();
  }

  #answer({ method = "GET", path, body }: KubeRequest): unknown {
    const [, root = "", namespace, plural = "", name] = pathPattern.exec(path) ?? [];
    const collection = this.#byPath(`${root}/${plural}`);
    if (name === undefined) {
      const items = [...collection.objects.values()];
      return { metadata: { resourceVersion: String(this.#version) }, items };
    }
    const object = collection.objects.get(`${namespace}/${name}`);
    if (object === undefined) throw apiError(404, "NotFound", path);
    if (method !== "PATCH") return object;
    const { metadata, status } = body as { metadata: KubeObject["metadata"]; status: StoredObject["status"] };
    if (metadata.resourceVersion !== object.metadata.resourceVersion) throw apiError(409, "Conflict", path);
    // One manager applies: what others own are the conditions that they have put there.
    const foreign = (object.status?.conditions ?? []).filter(({ type }) => type === "Approved");
    const after = { ...status, conditions: [...foreign, ...(status?.conditions ?? [])] };
    if (JSON.stringify(after) === JSON.stringify(object.status)) return object;
    return this.#commitTo(`${root}/${plural}`, "MODIFIED", { ...object, status: after });
  }

  #collection(type: ResourceType): Collection {
    return this.#byPath(resourcePath(type));
  }

  #byPath(path: string): Collection {
    let collection = this.#collections.get(path);
    if (collection === undefined) {
      collection = { objects: new Map(), events: [] };
      this.#collections.set(path, collection);
    }
    return collection;
  }

  #commit(type: ResourceType, event: string, object: StoredObject): StoredObject {
    return this.#commitTo(resourcePath(type), event, object);
  }

  #commitTo(path: string, event: string, object: StoredObject): StoredObject {
    this.#version += 1;
    const collection = this.#byPath(path);
    const metadata = { ...object.metadata, resourceVersion: String(this.#version) };
    const stored = { ...object, metadata };
    const key = `${metadata.namespace}/${metadata.name}`;
    if (event === "DELETED") collection.objects.delete(key);
    else collection.objects.set(key, stored);
    collection.events.push({ type: event, object: stored, version: this.#version, at: Date.now() });
    return stored;
  }
}

function reset(): KubeNetworkError {
  return new KubeNetworkError("reset", "The connection was reset.");
}

function refused(fault: "conflict" | "throttled" | "unavailable", path: string): KubeApiError {
  if (fault === "conflict") return apiError(409, "Conflict", path);
  if (fault === "throttled") return apiError(429, "TooManyRequests", path);
  return apiError(503, "ServiceUnavailable", path);
}

function apiError(status: number, reason: string, path: string): KubeApiError {
  return new KubeApiError({ status, reason, message: reason, request: path });
}
