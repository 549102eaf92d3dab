import type { KubeObject } from "../kube-object.ts";
import { EventLog, type StoreEvent } from "./event-log.ts";
import type { Revision } from "./revision.ts";
import { objectKey, Stored } from "./stored.ts";

/** All objects of one resource, in key order, with the history that watches and paged lists need. */
export class ResourceStore {
  readonly #revision: Revision;
  readonly #objects = new Map<string, Stored>();
  readonly #keys: string[] = [];
  readonly #log: EventLog;
  readonly #listeners = new Set<(event: StoreEvent) => void>();

  constructor(revision: Revision, watchWindow: number) {
    this.#revision = revision;
    this.#log = new EventLog(watchWindow, revision.current);
  }

  /** The revision of the whole server, which a list of this resource reports. */
  get revision(): number {
    return this.#revision.current;
  }

  get size(): number {
    return this.#objects.size;
  }

  get(namespace: string, name: string): Stored | undefined {
    return this.#objects.get(objectKey(namespace, name));
  }

  /** The current objects of a namespace, or of all for the empty string, in key order. */
  list(namespace = ""): Stored[] {
    const found: Stored[] = [];
    const prefix = namespace ? `${namespace}/` : "";
    for (let index = prefix ? this.#position(prefix) : 0; index < this.#keys.length; index += 1) {
      const key = this.#keys[index] ?? "";
      if (!key.startsWith(prefix)) break;
      const stored = this.#objects.get(key);
      if (stored) found.push(stored);
    }
    return found;
  }

  /** The objects as they were at a revision; undefined when that is too long ago. */
  listAt(revision: number, namespace = ""): Stored[] | undefined {
    const later = this.#log.since(revision);
    if (!later) return undefined;
    if (later.length === 0) return this.list(namespace);
    const before = new Map<string, Stored | undefined>();
    for (const event of later)
      if (!before.has(event.current.key)) before.set(event.current.key, event.previous);
    const kept = this.list(namespace).filter((stored) => !before.has(stored.key));
    const restored = [...before.values()].filter(
      (stored) => stored !== undefined && inNamespace(stored, namespace),
    );
    return [...kept, ...(restored as Stored[])].sort((left, right) => (left.key < right.key ? -1 : 1));
  }

  /** Writes an object, with `apiVersion` and `kind` as its first fields, under the next revision and returns it as stored. */
  put(namespace: string, name: string, object: KubeObject): Stored {
    const key = objectKey(namespace, name);
    const stored = this.#stamp(key, object);
    const previous = this.#objects.get(key);
    this.#objects.set(key, stored);
    if (!previous) this.#keys.splice(this.#position(key), 0, key);
    this.#publish({
      type: previous ? "MODIFIED" : "ADDED",
      revision: stored.revision,
      current: stored,
      previous,
    });
    return stored;
  }

  /** Deletes an object; `last` is its final state. Returns that state with the revision of the deletion. */
  remove(namespace: string, name: string, last: KubeObject): Stored {
    const key = objectKey(namespace, name);
    const stored = this.#stamp(key, last);
    const previous = this.#objects.get(key);
    if (this.#objects.delete(key)) this.#keys.splice(this.#position(key), 1);
    this.#publish({ type: "DELETED", revision: stored.revision, current: stored, previous });
    return stored;
  }

  /** Rewrites what is stored without a change that anyone could watch, as a new schema does to old objects. */
  reread(rewrite: (object: KubeObject) => KubeObject): void {
    for (const [key, stored] of this.#objects) {
      const object = rewrite(stored.object);
      if (object !== stored.object) this.#objects.set(key, new Stored(key, object, stored.revision));
    }
  }

  /** The changes after a revision, oldest first; undefined when some of them are no longer known. */
  since(revision: number): readonly StoreEvent[] | undefined {
    return this.#log.since(revision);
  }

  /** The oldest revision that can be resumed from. */
  get floor(): number {
    return this.#log.floor;
  }

  /** Calls back for every change until the returned function is called. */
  subscribe(listener: (event: StoreEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Forgets the history: older resourceVersions can no longer be resumed from. */
  compact(): void {
    this.#log.compact(this.#revision.current);
  }

  #stamp(key: string, object: KubeObject): Stored {
    const revision = this.#revision.next();
    const { apiVersion, kind, metadata, ...rest } = object;
    const stamped = { ...metadata, resourceVersion: String(revision) };
    return new Stored(key, { apiVersion, kind, metadata: stamped, ...rest }, revision);
  }

  #publish(event: StoreEvent): void {
    this.#log.append(event);
    for (const listener of this.#listeners) listener(event);
  }

  /** Where a key is, or would have to be inserted. */
  #position(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#keys[middle] ?? "") < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function inNamespace(stored: Stored, namespace: string): boolean {
  return namespace === "" || stored.key.startsWith(`${namespace}/`);
}
