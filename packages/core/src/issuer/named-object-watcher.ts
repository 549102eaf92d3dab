import { IssuerError } from "@countersign/issuer-signer";
import { type Informer, startInformer } from "../kube/informer.ts";
import { isOlder } from "../kube/is-older.ts";
import type { KubeTransport } from "../kube/transport.ts";
import type { KubeObject, ResourceType } from "../kube/types.ts";
import type { WatchHealth } from "../probes/issuer-health.ts";
import type { Scheduler } from "../queue/scheduler.ts";
import { sentence } from "../request/sentence.ts";

/** Options of {@link NamedObjectWatcher}. */
export interface NamedObjectWatcherOptions<T extends KubeObject> {
  readonly transport: KubeTransport;
  /** A namespaced resource, such as Secrets. */
  readonly type: ResourceType;
  /** A watched object was created, changed or deleted; the object is undefined when it is gone. */
  readonly onChange: (owner: string, object: T | undefined) => void;
  /** How long the first look at an object may take, in milliseconds. */
  readonly firstLookMs: number;
  /** What keeps a watch from working for now, and which. */
  readonly onTrouble?: ((where: string, error: unknown) => void) | undefined;
  readonly scheduler?: Scheduler | undefined;
}

interface Watched<T extends KubeObject> {
  readonly informer: Informer<T>;
  readonly owners: Set<string>;
  /** The object as a write or a read of this process last had it, while the cache may be behind that. */
  newer: T | undefined;
}

/**
 * Watches exactly the objects of one resource that issuers name, each by its name, so that RBAC may grant them one by one
 * and no other Secret ever enters this process.
 */
export class NamedObjectWatcher<T extends KubeObject> {
  readonly #options: NamedObjectWatcherOptions<T>;
  readonly #watched = new Map<string, Watched<T>>();

  constructor(options: NamedObjectWatcherOptions<T>) {
    this.#options = options;
  }

  /**
   * The objects of these names that exist. They stay watched for `owner` until its next call.
   *
   * @throws IssuerError when the API server does not let us look.
   */
  async read(owner: string, namespace: string, names: readonly string[]): Promise<ReadonlyMap<string, T>> {
    const keys = new Set(names.map((name) => `${namespace}/${name}`));
    for (const [key, watched] of this.#watched) if (!keys.has(key)) this.#release(key, watched, owner);
    const all = names.map((name) => ({ name, watched: this.#watch(owner, namespace, name) }));
    const found = new Map<string, T>();
    for (const { name, watched } of all) {
      await this.#firstLook(watched.informer, namespace, name);
      const object = watched.newer ?? watched.informer.store.get(`${namespace}/${name}`);
      if (object !== undefined) found.set(name, object);
    }
    return found;
  }

  /** Tells of an object after a write of this process, or a read past the cache: `read` answers nothing older from now on. */
  saw(object: T): void {
    const { namespace, name } = object.metadata;
    const watched = this.#watched.get(`${namespace}/${name}`);
    const cached = watched?.informer.store.get(`${namespace}/${name}`);
    if (watched !== undefined && (cached === undefined || isOlder(cached, object))) watched.newer = object;
  }

  /** How each watch is now. None of them is named: who asks need not know what issuers refer to. */
  health(): readonly WatchHealth[] {
    const { plural: resource } = this.#options.type;
    return [...this.#watched.values()].map(({ informer: { store, lastContactAgeMs, lastError } }) => ({
      resource,
      synced: store.hasSynced,
      lastContactAgeMs,
      lastError,
    }));
  }

  /** Stops every watch. */
  async stop(): Promise<void> {
    const all = [...this.#watched.values()];
    this.#watched.clear();
    await Promise.all(all.map(({ informer }) => informer.stop()));
  }

  #watch(owner: string, namespace: string, name: string): Watched<T> {
    const key = `${namespace}/${name}`;
    const known = this.#watched.get(key);
    if (known !== undefined) {
      known.owners.add(owner);
      return known;
    }
    const owners = new Set([owner]);
    const { transport, type, onTrouble, scheduler } = this.#options;
    const informer = startInformer<T>({
      transport,
      type,
      namespace,
      fieldSelector: `metadata.name=${name}`,
      matches: ({ metadata }) => metadata.name === name,
      onTrouble: ({ error }) => onTrouble?.(`watch of ${type.kind} ${key}`, error),
      scheduler,
    });
    // What the first list finds is what `read` answers: only later changes are news.
    const watched: Watched<T> = { informer, owners, newer: undefined };
    informer.store.onChange(({ type: change, object, listed }) => {
      const gone = change === "deleted";
      // What is known to be newer was made on top of this.
      if (watched.newer !== undefined && isOlder(object, watched.newer) && !(gone && listed)) return;
      watched.newer = undefined;
      if (!informer.store.hasSynced) return;
      for (const each of owners) this.#options.onChange(each, gone ? undefined : object);
    });
    this.#watched.set(key, watched);
    return watched;
  }

  async #firstLook(informer: Informer<T>, namespace: string, name: string): Promise<void> {
    if (informer.store.hasSynced) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((done) => {
      timer = setTimeout(done, this.#options.firstLookMs);
    });
    await Promise.race([informer.synced, late]);
    clearTimeout(timer);
    if (informer.store.hasSynced) return;
    const why =
      informer.lastError === undefined ? "the API server does not answer" : informer.lastError.message;
    throw new IssuerError(
      `Cannot read ${this.#options.type.kind} ${namespace}/${name}: ${sentence(why)} Check that the issuer may list and watch it.`,
    );
  }

  #release(key: string, watched: Watched<T>, owner: string): void {
    if (!watched.owners.delete(owner) || watched.owners.size > 0) return;
    this.#watched.delete(key);
    // A watch that is stopping holds nothing that anybody waits for.
    void watched.informer.stop();
  }
}
