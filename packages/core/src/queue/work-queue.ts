import { type BackoffPolicy, backoffDelay, checkBackoffPolicy } from "./backoff.ts";
import { type Delayed, DelayHeap } from "./delay-heap.ts";
import { Places } from "./places.ts";
import { type LanePlace, PriorityLanes, type WorkPriority } from "./priority-lanes.ts";
import { pause, type Scheduler, systemScheduler } from "./scheduler.ts";

export type { WorkPriority };

/**
 * Waits for what is not the queue's work, such as an answer from elsewhere: the run's place is given to another key, and
 * taken again before the result is handed over. One call at a time for one run.
 */
export type Park = <T>(call: () => Promise<T>) => Promise<T>;

/** Options of a {@link WorkQueue}. */
export interface WorkQueueOptions {
  /** Keys at work at once, those that are parked not counted. An integer from 1 up. */
  readonly concurrency: number;
  /**
   * Does the work of one key. It must look at the current state rather than at what caused the call. What it throws is
   * reported and the key comes again after a back-off. `signal` aborts when the queue stops and its patience is at an end.
   */
  readonly process: (key: string, signal: AbortSignal, park: Park) => Promise<void>;
  readonly onError?: ((error: unknown, key: string) => void) | undefined;
  /** Bounds of the delay that `addRateLimited` takes. */
  readonly backoff?: BackoffPolicy | undefined;
  /** Starts without processing, until `resume`. */
  readonly paused?: boolean | undefined;
  readonly scheduler?: Scheduler | undefined;
}

/** How {@link WorkQueue.stop} waits. */
export interface WorkQueueStopOptions {
  /** How long running work may go on before its signal aborts, in milliseconds. */
  readonly drainMs: number;
  /** How long work may take to heed the signal, in milliseconds. */
  readonly graceMs?: number | undefined;
}

/** The defaults of a queue. */
export const workQueueDefaults = Object.freeze({
  /** Five minutes: the longest that a user who has repaired something should have to wait. */
  backoff: Object.freeze({ initialMs: 250, maxMs: 300_000 }),
  graceMs: 2_000,
});

interface Item extends Delayed {
  readonly key: string;
  /** Where it waits for a worker; undefined when it does not. */
  place: LanePlace<Item> | undefined;
  readyAt: number;
  running: boolean;
  /** Added while running: runs once more. */
  again: boolean;
  /** Rate-limited adds in a row. */
  failures: number;
  /** Rate-limited by its own run, so that the run's return is no success. */
  limited: boolean;
}

/**
 * A queue of keys, each at most once in it and at most once in process. A key that is added while it is in process runs
 * once more afterwards, so that no change goes unseen. A run answers every wish that was made before it began: delays
 * that are pending then are dropped.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #backoff: BackoffPolicy;
  readonly #scheduler: Scheduler;
  readonly #items = new Map<string, Item>();
  readonly #places: Places;
  readonly #lanes = new PriorityLanes<Item>();
  readonly #delayed = new DelayHeap<Item>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #aborting = new AbortController();
  readonly #idle = new Set<() => void>();
  #paused: boolean;
  #stopped = false;
  #dispatchDue = false;
  #timer: { readonly dueAt: number; readonly cancel: () => void } | undefined;

  /** @throws TypeError that names a wrong option. */
  constructor(options: WorkQueueOptions) {
    const { concurrency, backoff = workQueueDefaults.backoff, paused = false } = options;
    if (!(Number.isInteger(concurrency) && concurrency >= 1)) {
      throw new TypeError(`Expected \`concurrency\` to be an integer from 1 up, got \`${concurrency}\``);
    }
    checkBackoffPolicy("backoff", backoff);
    this.#options = options;
    this.#places = new Places(concurrency);
    this.#backoff = backoff;
    this.#scheduler = options.scheduler ?? systemScheduler;
    this.#paused = paused;
  }

  /** Keys that are ready and wait for a worker. */
  get depth(): number {
    return this.#lanes.size;
  }

  /** Keys that wait for their time. */
  get delayed(): number {
    return this.#delayed.size;
  }

  /** Keys in process, at work or parked. */
  get running(): number {
    return this.#running.size;
  }

  /** How long the oldest ready key has waited at its priority, in milliseconds; 0 when none waits. */
  get oldestAgeMs(): number {
    const now = this.#scheduler.monotonic();
    return Math.max(0, ...this.#lanes.heads.map((item) => now - item.readyAt));
  }

  /** Rate-limited adds of the key in a row. */
  failures(key: string): number {
    return this.#items.get(key)?.failures ?? 0;
  }

  /** Makes the key ready now, whatever delay it is under. In process, it runs once more afterwards. */
  add(key: string, { priority = "normal" }: { readonly priority?: WorkPriority } = {}): void {
    if (this.#stopped) return;
    const item = this.#item(key);
    if (item.running) item.again = true;
    else this.#ready(item, priority);
  }

  /** Makes the key ready after `ms` milliseconds, or earlier if it has an earlier time already. */
  addAfter(key: string, ms: number): void {
    if (this.#stopped) return;
    const item = this.#item(key);
    // What is ready now runs now, and that run decides anew.
    if (item.place !== undefined) return;
    const dueAt = this.#scheduler.monotonic() + Math.max(0, ms);
    if (item.heapIndex >= 0 && item.dueAt <= dueAt) return;
    this.#delayed.remove(item);
    this.#delayed.push(item, dueAt);
    this.#arm();
  }

  /** Makes the key ready after a delay that doubles each time, with full jitter. Returns the delay in milliseconds. */
  addRateLimited(key: string): number {
    if (this.#stopped) return 0;
    const item = this.#item(key);
    item.failures += 1;
    item.limited = true;
    const ms = backoffDelay(this.#backoff, item.failures, this.#scheduler);
    this.addAfter(key, ms);
    return ms;
  }

  /** Starts the key's back-off from the beginning. A run that returns without asking for a back-off does so too. */
  forget(key: string): void {
    const item = this.#items.get(key);
    if (item === undefined) return;
    item.failures = 0;
    this.#discard(item);
  }

  /** Takes no further key into process until `resume`. Keys are still accepted, and running work goes on. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#dispatchSoon();
  }

  /** Resolves when no key is ready or in process; delayed keys do not count. */
  async idle(): Promise<void> {
    if (this.depth === 0 && this.#running.size === 0) return;
    await new Promise<void>((resolve) => this.#idle.add(resolve));
  }

  /**
   * Drops what waits, lets running work finish, then aborts it. Resolves to the keys whose work heeded neither; it goes on
   * unobserved.
   */
  async stop({
    drainMs,
    graceMs = workQueueDefaults.graceMs,
  }: WorkQueueStopOptions): Promise<readonly string[]> {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#lanes.clear();
    this.#delayed.clear();
    await this.#settled(drainMs);
    this.#aborting.abort(new Error("the work queue has stopped"));
    await this.#settled(graceMs);
    this.#items.clear();
    this.#announceIdle();
    return [...this.#running.keys()];
  }

  async #settled(ms: number): Promise<void> {
    if (this.#running.size === 0) return;
    const enough = new AbortController();
    const all = Promise.all(this.#running.values()).then(() => enough.abort());
    await Promise.race([all, pause(this.#scheduler, ms, enough.signal)]);
    enough.abort();
  }

  #item(key: string): Item {
    let item = this.#items.get(key);
    if (item === undefined) {
      item = {
        key,
        place: undefined,
        readyAt: 0,
        running: false,
        again: false,
        failures: 0,
        limited: false,
        dueAt: 0,
        heapIndex: -1,
      };
      this.#items.set(key, item);
    }
    return item;
  }

  /** Lets go of an item that nothing remembers anything about. */
  #discard(item: Item): void {
    const idle = !item.running && item.place === undefined && item.heapIndex < 0 && item.failures === 0;
    if (idle) this.#items.delete(item.key);
  }

  #ready(item: Item, priority: WorkPriority): void {
    this.#delayed.remove(item);
    if (item.place !== undefined) {
      if (priority === "low" || item.place.priority === "normal") return;
      this.#lanes.remove(item.place);
    }
    item.readyAt = this.#scheduler.monotonic();
    item.place = this.#lanes.push(item, priority);
    this.#dispatchSoon();
  }

  /** Work never starts inside the caller of `add`. */
  #dispatchSoon(): void {
    if (this.#dispatchDue) return;
    this.#dispatchDue = true;
    queueMicrotask(() => {
      this.#dispatchDue = false;
      while (!this.#paused && !this.#stopped && this.#places.free) {
        const item = this.#lanes.shift();
        if (item === undefined) break;
        this.#start(item);
      }
      if (this.depth === 0 && this.#running.size === 0) this.#announceIdle();
    });
  }

  #start(item: Item): void {
    this.#places.take();
    item.place = undefined;
    item.running = true;
    item.again = false;
    item.limited = false;
    this.#delayed.remove(item);
    this.#running.set(item.key, this.#run(item));
  }

  readonly #park: Park = async (call) => {
    this.#places.leave();
    this.#dispatchSoon();
    try {
      return await call();
    } finally {
      await this.#places.comeBack();
    }
  };

  async #run(item: Item): Promise<void> {
    try {
      // Async, so that even work that throws at once ends after this.#running knows of it.
      await (async () => this.#options.process(item.key, this.#aborting.signal, this.#park))();
    } catch (error) {
      if (!item.limited) this.addRateLimited(item.key);
      this.#report(error, item.key);
    }
    this.#places.leave();
    item.running = false;
    this.#running.delete(item.key);
    if (this.#stopped) return;
    if (!item.limited) item.failures = 0;
    if (item.again) this.#ready(item, "normal");
    else this.#discard(item);
    this.#dispatchSoon();
  }

  #report(error: unknown, key: string): void {
    try {
      this.#options.onError?.(error, key);
    } catch {
      // The hook is there to report errors; its own have nowhere to go.
    }
  }

  /** One timer for all delays: for the one that is due first. */
  #arm(): void {
    const first = this.#delayed.first;
    if (first === undefined || (this.#timer !== undefined && this.#timer.dueAt <= first.dueAt)) return;
    this.#timer?.cancel();
    const { dueAt } = first;
    const cancel = this.#scheduler.after(dueAt - this.#scheduler.monotonic(), () => {
      this.#timer = undefined;
      this.#release();
    });
    this.#timer = { dueAt, cancel };
  }

  #release(): void {
    const now = this.#scheduler.monotonic();
    for (
      let item = this.#delayed.first;
      item !== undefined && item.dueAt <= now;
      item = this.#delayed.first
    ) {
      this.#delayed.remove(item);
      if (item.running) item.again = true;
      else this.#ready(item, "normal");
    }
    this.#arm();
  }

  #announceIdle(): void {
    const waiting = [...this.#idle];
    this.#idle.clear();
    for (const resolve of waiting) resolve();
  }
}
