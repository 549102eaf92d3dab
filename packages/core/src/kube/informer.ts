import { ListWatch, type ListWatchOptions } from "./list-watch.ts";
import { Store } from "./store.ts";
import type { KubeObject } from "./types.ts";

/** Options of {@link startInformer}. */
export interface InformerOptions<T extends KubeObject> extends Omit<ListWatchOptions<T>, "sink"> {
  /** Listed and watched one by one, in place of `namespace`. */
  readonly namespaces?: readonly string[] | undefined;
  /** Indexes of the store, by name. */
  readonly indexes?: Readonly<Record<string, (object: T) => readonly string[]>> | undefined;
}

/** A store that is kept equal to a collection of the Kubernetes API until it is stopped. */
export interface Informer<T extends KubeObject> extends AsyncDisposable {
  readonly store: Store<T>;
  /** Resolves when the store has its first complete list; rejects if it is stopped before. */
  readonly synced: Promise<void>;
  /** What keeps the store from being current; undefined while all is well. */
  readonly lastError: Error | undefined;
  /** Milliseconds since the server last showed itself alive; bookmarks make this at most about a minute. */
  readonly lastContactAgeMs: number;
  /** Resolves when nothing of it runs any more. The store stays as it is. */
  stop(): Promise<void>;
}

/** Starts to list and watch. Listeners that are added to the store in the same turn miss nothing. */
export function startInformer<T extends KubeObject>(options: InformerOptions<T>): Informer<T> {
  const { indexes = {}, namespaces, onTrouble } = options;
  const store = new Store<T>({ onError: (error) => onTrouble?.({ during: "handler", error }) });
  for (const [name, valuesOf] of Object.entries(indexes)) store.addIndex(name, valuesOf);
  const sections = namespaces?.map((namespace) => ({
    namespace,
    sink: store.section(({ metadata }) => metadata.namespace === namespace),
  })) ?? [{ namespace: options.namespace, sink: store }];
  const listWatches = sections.map((section) => new ListWatch<T>({ ...options, ...section }));
  const stopped = Promise.withResolvers<never>();
  const synced = Promise.race([store.synced, stopped.promise]);
  // Whoever waits for it hears of the rejection; that nobody waits is no fault.
  synced.catch(() => {});
  const stop = () => {
    stopped.reject(
      new Error(`The watch of ${options.type.plural} was stopped before its first list was complete.`),
    );
    return Promise.all(listWatches.map((each) => each.stop())).then(() => {});
  };
  return {
    store,
    synced,
    get lastError() {
      return listWatches.find(({ lastError }) => lastError !== undefined)?.lastError;
    },
    get lastContactAgeMs() {
      return Math.max(...listWatches.map(({ lastContactAgeMs }) => lastContactAgeMs));
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
