import { pause, type Scheduler, systemScheduler } from "../queue/scheduler.ts";
import { isKubeApiError, type KubeApiError, kubeApiError } from "./kube-api-error.ts";
import { isKubeNetworkError } from "./kube-network-error.ts";
import { resourcePath } from "./resource-path.ts";
import type { KubeTransport } from "./transport.ts";
import type { KubeObject, ResourceType } from "./types.ts";
import { WatchBackoff, type WatchBackoffTiming } from "./watch-backoff.ts";
import { parseListPage, parseObject, parseResourceVersion, parseWatchEvent } from "./watch-event.ts";

/** Where a list-watch puts what it sees, usually a {@link Store}. What it throws is reported and otherwise ignored. */
export interface ListWatchSink<T extends KubeObject> {
  /** The whole state, after a complete list. */
  replace(objects: readonly T[]): void;
  /** One object was added or changed. */
  apply(object: T): void;
  /** One object is gone, or no longer of interest. */
  remove(object: T): void;
}

/** What went wrong where; none of it stops the list-watch. */
export interface ListWatchTrouble {
  readonly during: "list" | "watch" | "transform" | "handler";
  readonly error: unknown;
}

/** Options of a list-watch. */
export interface ListWatchOptions<T extends KubeObject> {
  readonly transport: KubeTransport;
  readonly type: ResourceType;
  /** All namespaces unless given. */
  readonly namespace?: string | undefined;
  /** Asked of the server; where it does not know the fields, everything is read and `matches` decides alone. */
  readonly fieldSelector?: string | undefined;
  /** Which objects are of interest; must agree with `fieldSelector`. */
  readonly matches?: ((object: T) => boolean) | undefined;
  /** Trims an object before it is kept. It has the type's `apiVersion` and `kind`, which lists leave out. */
  readonly transform?: ((object: T) => T) | undefined;
  readonly sink: ListWatchSink<T>;
  readonly onTrouble?: ((trouble: ListWatchTrouble) => void) | undefined;
  /** The server refused the field selector; from now on all objects are read. */
  readonly onUnfiltered?: ((error: Error) => void) | undefined;
  readonly timing?: Partial<ListWatchTiming> | undefined;
  readonly scheduler?: Scheduler | undefined;
}

/** Sizes and times of a list-watch. */
export interface ListWatchTiming extends WatchBackoffTiming {
  /** Objects per page. */
  readonly pageSize: number;
  /** Longest silence on a watch, in milliseconds. */
  readonly idleTimeoutMs: number;
  /** Range of the watch's life that is asked of the server, in seconds. */
  readonly watchSeconds: readonly [least: number, most: number];
}

/** The defaults, with kube-rs and kopf as models. */
export const listWatchDefaults: ListWatchTiming = Object.freeze({
  /** client-go's and kube-rs's page size. */
  pageSize: 500,
  /** Bookmarks come every 60 s. */
  idleTimeoutMs: 70_000,
  /** Below the 5 min of common load balancers; random, so that the watches of many processes do not end together. */
  watchSeconds: [240, 290] as const,
  backoff: Object.freeze({ initialMs: 800, maxMs: 30_000 }),
  settledMs: 10_000,
  /** kube-rs's. */
  healthyMs: 120_000,
});

/** Watch attempts that the server may answer with an error before the resourceVersion itself is suspected. */
const maxRefusedWatches = 3;

/**
 * Keeps a sink equal to a collection of the Kubernetes API: lists in pages, then watches from the list's resourceVersion,
 * resumes where a watch ended, and lists again when the server no longer knows the version (HTTP 410). It never gives up
 * and never throws; `stop` ends it.
 *
 * resourceVersions are opaque: they are handed back to the server and never compared (API concepts, "Resource versions").
 */
export class ListWatch<T extends KubeObject> {
  readonly #options: ListWatchOptions<T>;
  readonly #timing: ListWatchTiming;
  readonly #scheduler: Scheduler;
  readonly #stopping = new AbortController();
  readonly #backoff: WatchBackoff;
  readonly #done: Promise<void>;
  #lastError: Error | undefined;
  #contactAt: number;
  #filtered: boolean;
  /** Undefined to ask for all in one piece. */
  #pageSize: number | undefined;
  #expiredInARow = 0;
  #refusedInARow = 0;

  constructor(options: ListWatchOptions<T>) {
    this.#options = options;
    this.#timing = { ...listWatchDefaults, ...options.timing };
    this.#scheduler = options.scheduler ?? systemScheduler;
    this.#backoff = new WatchBackoff(this.#timing, this.#scheduler);
    this.#filtered = options.fieldSelector !== undefined;
    this.#contactAt = this.#scheduler.monotonic();
    this.#pageSize = this.#timing.pageSize;
    this.#done = this.#run();
  }

  /** What keeps the list or the watch from working now; undefined while all is well. */
  get lastError(): Error | undefined {
    return this.#lastError;
  }

  /** Milliseconds since the server last showed itself alive to this list-watch. */
  get lastContactAgeMs(): number {
    return this.#scheduler.monotonic() - this.#contactAt;
  }

  /** Ends it; resolves when nothing of it runs any more. The sink is not touched after the call. */
  stop(): Promise<void> {
    this.#stopping.abort();
    return this.#done;
  }

  async #run(): Promise<void> {
    // The caller of the constructor gets its turn first, to add listeners.
    await Promise.resolve();
    let version: string | undefined;
    while (!this.#stopping.signal.aborted) {
      version = version === undefined ? await this.#list() : await this.#watch(version);
    }
  }

  /** One complete list; resolves to its version, or after a pause to undefined if it failed. */
  async #list(): Promise<string | undefined> {
    try {
      const { objects, version } = await this.#pages();
      this.#deliver(() => this.#options.sink.replace(objects));
      this.#lastError = undefined;
      // What an expired token took away; what too long answers took away stays, since they would come again.
      this.#pageSize ??= this.#timing.pageSize;
      return version;
    } catch (error) {
      if (this.#stopping.signal.aborted || this.#dropsSelector(error)) return undefined;
      // A continue token lives about five minutes; a list that cannot be paged in that time is asked for in one piece.
      if (isExpired(error)) this.#pageSize = undefined;
      else if (isKubeNetworkError(error) && error.failure === "too-large") {
        this.#pageSize = Math.ceil((this.#pageSize ?? this.#timing.pageSize) / 2);
      }
      await this.#fail("list", error, 0);
      return undefined;
    }
  }

  async #pages(): Promise<{ objects: T[]; version: string }> {
    const { transport, type, namespace } = this.#options;
    const objects: T[] = [];
    let next: string | undefined;
    for (;;) {
      const answer = await transport.request({
        path: resourcePath(type, { namespace }),
        query: {
          limit: this.#pageSize,
          continue: next,
          fieldSelector: this.#selector,
        },
        signal: this.#stopping.signal,
      });
      const page = parseListPage(answer);
      this.#contactAt = this.#scheduler.monotonic();
      for (const item of page.items) this.#read(item, { wanted: (object) => objects.push(object) });
      next = page.next;
      if (next === undefined) return { objects, version: page.resourceVersion };
    }
  }

  /** One watch, to its end; resolves to the version to resume from, or to undefined when a list is needed. */
  async #watch(from: string): Promise<string | undefined> {
    const watch = { version: from, openedAt: undefined as number | undefined };
    try {
      for await (const line of this.#events(watch)) {
        if (this.#stopping.signal.aborted) return undefined;
        this.#contactAt = this.#scheduler.monotonic();
        const { type, object } = parseWatchEvent(line);
        if (type === "ERROR") throw kubeApiError(500, object, `WATCH ${this.#options.type.plural}`);
        watch.version = parseResourceVersion(object);
        this.#expiredInARow = 0;
        this.#refusedInARow = 0;
        const { sink } = this.#options;
        const remove = (last: T) => sink.remove(last);
        if (type === "DELETED") this.#read(object, { wanted: remove, unwanted: remove });
        // An object that has left the selection is removed, as the server does it for a field selector.
        else if (type !== "BOOKMARK")
          this.#read(object, { wanted: (now) => sink.apply(now), unwanted: remove });
      }
      await this.#rest(this.#backoff.afterEnd(this.#life(watch.openedAt)));
      return watch.version;
    } catch (error) {
      if (this.#stopping.signal.aborted || this.#dropsSelector(error)) return undefined;
      return this.#afterFailedWatch(error, watch.version, watch.openedAt);
    }
  }

  #events(watch: { version: string; openedAt: number | undefined }): AsyncIterable<unknown> {
    const { transport, type, namespace } = this.#options;
    const [least, most] = this.#timing.watchSeconds;
    return transport.stream({
      path: resourcePath(type, { namespace }),
      query: {
        watch: true,
        allowWatchBookmarks: true,
        resourceVersion: watch.version,
        timeoutSeconds: Math.floor(least + this.#scheduler.random() * (most - least + 1)),
        fieldSelector: this.#selector,
      },
      signal: this.#stopping.signal,
      idleTimeoutMs: this.#timing.idleTimeoutMs,
      onOpen: () => {
        watch.openedAt = this.#contactAt = this.#scheduler.monotonic();
        this.#lastError = undefined;
      },
    });
  }

  /** Reports and waits; then says whether to resume from `version` or (undefined) to list again. */
  async #afterFailedWatch(
    error: unknown,
    version: string,
    openedAt: number | undefined,
  ): Promise<string | undefined> {
    const life = this.#life(openedAt);
    if (isExpired(error)) {
      this.#expiredInARow += 1;
      if (this.#expiredInARow > 1) await this.#fail("watch", error, life);
      return undefined;
    }
    await this.#fail("watch", error, life);
    if (isKubeNetworkError(error)) return unreadable.has(error.failure) ? undefined : version;
    if (openedAt !== undefined || !isKubeApiError(error) || isRefusal(error)) return undefined;
    // A server restored from a backup answers 504 to a version of its lost future, for ever.
    this.#refusedInARow += 1;
    return this.#refusedInARow < maxRefusedWatches ? version : undefined;
  }

  #read(value: unknown, deliver: { wanted: (object: T) => void; unwanted?: (object: T) => void }): void {
    const { type, matches, transform } = this.#options;
    try {
      const object = parseObject(value, type) as T;
      const to = matches === undefined || matches(object) ? deliver.wanted : deliver.unwanted;
      if (to === undefined) return;
      const trimmed = transform === undefined ? object : transform(object);
      this.#deliver(() => to(trimmed));
    } catch (error) {
      this.#report("transform", error);
    }
  }

  #deliver(action: () => void): void {
    if (this.#stopping.signal.aborted) return;
    try {
      action();
    } catch (error) {
      this.#report("handler", error);
    }
  }

  get #selector(): string | undefined {
    return this.#filtered ? this.#options.fieldSelector : undefined;
  }

  /** Whether the error means that the server cannot select by these fields; if so, it is not asked to any more. */
  #dropsSelector(error: unknown): boolean {
    const unknown =
      this.#filtered && isKubeApiError(error, 400) && /field label not supported/i.test(error.message);
    if (!unknown) return false;
    this.#filtered = false;
    this.#hook(() => this.#options.onUnfiltered?.(error));
    return true;
  }

  async #fail(during: "list" | "watch", error: unknown, lifeMs: number): Promise<void> {
    this.#lastError = error instanceof Error ? error : new Error(String(error));
    this.#report(during, error);
    const asked = isKubeApiError(error) ? (error.retryAfterMs ?? 0) : 0;
    await this.#rest(Math.max(asked, this.#backoff.afterFailure(lifeMs)));
  }

  #rest(ms: number): Promise<void> {
    return pause(this.#scheduler, ms, this.#stopping.signal);
  }

  #life(openedAt: number | undefined): number {
    return openedAt === undefined ? 0 : this.#scheduler.monotonic() - openedAt;
  }

  #report(during: ListWatchTrouble["during"], error: unknown): void {
    this.#hook(() => this.#options.onTrouble?.({ during, error }));
  }

  /** A hook that throws must not end the list-watch, and there is nobody left to tell. */
  #hook(action: () => void): void {
    try {
      action();
    } catch {}
  }
}

/** Failures that would come again if the watch went on from the same version. */
const unreadable: ReadonlySet<string> = new Set(["protocol", "too-large"]);

/** HTTP 410: the version or the continue token is older than what the server keeps. */
function isExpired(error: unknown): boolean {
  return (
    isKubeApiError(error, 410) ||
    (isKubeApiError(error) && (error.reason === "Expired" || error.reason === "Gone"))
  );
}

/** An answer that will stay the same until something changes: forbidden, not found, invalid. */
function isRefusal(error: KubeApiError): boolean {
  return error.status < 500 && error.status !== 429;
}
