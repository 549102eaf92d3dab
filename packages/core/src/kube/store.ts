import type { ListWatchSink } from "./list-watch.ts";
import { objectKey } from "./object-key.ts";
import type { KubeObject } from "./types.ts";

/** One change of a store. */
export interface StoreChange<T> {
  readonly type: "added" | "updated" | "deleted";
  /** The object after the change; of a deletion, its last known state. */
  readonly object: T;
  /** The object before the change; undefined when it was added. */
  readonly previous: T | undefined;
  /** The change was found by a list, not told by a watch: part of a backlog. */
  readonly listed: boolean;
}

/** Told of every change, after the whole store has changed. What it throws, or rejects with, is reported and ends nothing. */
export type StoreListener<T> = (change: StoreChange<T>) => unknown;

/** Options of a store. */
export interface StoreOptions {
  /** Told what a listener or an index function threw. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

interface Index<T> {
  readonly valuesOf: (object: T) => readonly string[];
  readonly keysByValue: Map<string, Set<string>>;
}

/**
 * The last known state of a collection, by key (`namespace/name` or `name`) and by indexes. A list replaces it in one
 * step: readers never see half of one, and listeners hear precisely what differs.
 */
export class Store<T extends KubeObject> implements ListWatchSink<T> {
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<string, Index<T>>();
  readonly #listeners = new Set<StoreListener<T>>();
  readonly #synced = Promise.withResolvers<void>();
  /** Sections that have not been listed yet. */
  readonly #unlisted = new Set<ListWatchSink<T>>();
  readonly #onError: (error: unknown) => void;
  #hasSynced = false;

  constructor(options: StoreOptions = {}) {
    this.#onError = options.onError ?? (() => {});
  }

  /** Whether the first complete list has been taken over. */
  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** Resolves when the first complete list has been taken over and the listeners have been told. */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(): T[] {
    return [...this.#objects.values()];
  }

  /**
   * Keeps objects findable by values that `valuesOf` derives from them.
   *
   * @throws TypeError when there is an index of that name.
   */
  addIndex(name: string, valuesOf: (object: T) => readonly string[]): void {
    if (this.#indexes.has(name)) throw new TypeError(`Expected \`name\` to be a new index, got \`${name}\``);
    const index: Index<T> = { valuesOf, keysByValue: new Map() };
    this.#indexes.set(name, index);
    for (const [key, object] of this.#objects) this.#enter(index, key, object);
  }

  /**
   * The objects that the index has under the value.
   *
   * @throws TypeError when there is no such index.
   */
  byIndex(name: string, value: string): T[] {
    const index = this.#indexes.get(name);
    if (index === undefined) throw new TypeError(`Expected \`name\` to be an index, got \`${name}\``);
    const found: T[] = [];
    for (const key of index.keysByValue.get(value) ?? []) {
      const object = this.#objects.get(key);
      if (object !== undefined) found.push(object);
    }
    return found;
  }

  /** Adds a listener; it hears of changes from now on. The result removes it. */
  onChange(listener: StoreListener<T>): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * A part of the collection that is listed and watched by itself, such as one namespace. The store has synced when every
   * section that it has by then has been listed.
   *
   * @param holds whether an object is in this part
   */
  section(holds: (object: T) => boolean): ListWatchSink<T> {
    const section: ListWatchSink<T> = {
      replace: (objects) => {
        this.#unlisted.delete(section);
        this.#replace(objects, holds);
      },
      apply: (object) => this.apply(object),
      remove: (object) => this.remove(object),
    };
    this.#unlisted.add(section);
    return section;
  }

  replace(objects: readonly T[]): void {
    this.#replace(objects, () => true);
  }

  #replace(objects: readonly T[], holds: (object: T) => boolean): void {
    const gone = new Set<string>();
    for (const [key, object] of this.#objects) if (holds(object)) gone.add(key);
    const changes: StoreChange<T>[] = [];
    for (const object of objects) {
      gone.delete(objectKey(object));
      changes.push(...this.#put(object, true));
    }
    for (const key of gone) changes.push(...this.#drop(key, undefined, true));
    this.#tell(changes);
    if (this.#unlisted.size > 0) return;
    this.#hasSynced = true;
    this.#synced.resolve();
  }

  apply(object: T): void {
    this.#tell(this.#put(object, false));
  }

  remove(object: T): void {
    this.#tell(this.#drop(objectKey(object), object, false));
  }

  /** An object of the same name with another uid is another object: the old one is gone. */
  #put(object: T, listed: boolean): StoreChange<T>[] {
    const key = objectKey(object);
    const previous = this.#objects.get(key);
    if (previous !== undefined && previous.metadata.uid !== object.metadata.uid) {
      return [...this.#drop(key, undefined, listed), ...this.#put(object, listed)];
    }
    if (previous?.metadata.resourceVersion === object.metadata.resourceVersion) return [];
    if (previous !== undefined) this.#reindex(key, previous, false);
    this.#objects.set(key, object);
    this.#reindex(key, object, true);
    return [{ type: previous === undefined ? "added" : "updated", object, previous, listed }];
  }

  #drop(key: string, last: T | undefined, listed: boolean): StoreChange<T>[] {
    const previous = this.#objects.get(key);
    if (previous === undefined) return [];
    this.#reindex(key, previous, false);
    this.#objects.delete(key);
    return [{ type: "deleted", object: last ?? previous, previous, listed }];
  }

  #reindex(key: string, object: T, present: boolean): void {
    for (const index of this.#indexes.values()) {
      if (present) this.#enter(index, key, object);
      else this.#leave(index, key, object);
    }
  }

  #enter(index: Index<T>, key: string, object: T): void {
    for (const value of this.#values(index, object)) {
      const keys = index.keysByValue.get(value);
      if (keys === undefined) index.keysByValue.set(value, new Set([key]));
      else keys.add(key);
    }
  }

  #leave(index: Index<T>, key: string, object: T): void {
    for (const value of this.#values(index, object)) {
      const keys = index.keysByValue.get(value);
      keys?.delete(key);
      if (keys?.size === 0) index.keysByValue.delete(value);
    }
  }

  #values(index: Index<T>, object: T): readonly string[] {
    try {
      return index.valuesOf(object);
    } catch (error) {
      this.#onError(error);
      return [];
    }
  }

  #tell(changes: readonly StoreChange<T>[]): void {
    for (const change of changes) {
      for (const listener of this.#listeners) {
        try {
          const result = listener(change);
          if (result instanceof Promise) result.catch(this.#onError);
        } catch (error) {
          this.#onError(error);
        }
      }
    }
  }
}
