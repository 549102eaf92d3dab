import { hash } from "node:crypto";
import { pause, type Scheduler, systemScheduler } from "../queue/scheduler.ts";
import { WorkQueue } from "../queue/work-queue.ts";
import { eventNote } from "./event-note.ts";
import {
  type EventOccurrence,
  type EventReporter,
  type EventSeries,
  type EventSubject,
  newEventSeries,
  seriesField,
} from "./event-series.ts";
import { isKubeApiError } from "./kube-api-error.ts";
import { isKubeNetworkError } from "./kube-network-error.ts";
import { resourcePath } from "./resource-path.ts";
import type { KubeTransport } from "./transport.ts";
import type { ResourceType } from "./types.ts";

export type { EventOccurrence, EventReporter, EventSubject };

/** Options of an {@link EventRecorder}. */
export interface EventRecorderOptions extends EventReporter {
  readonly transport: KubeTransport;
  /** Told when an event is given up, and why. */
  readonly onDrop?: ((reason: EventDropReason, error?: unknown) => void) | undefined;
  readonly limits?: Partial<EventRecorderLimits> | undefined;
  readonly scheduler?: Scheduler | undefined;
}

/** Why an event was given up: too many wait, the server refused it, or it could not be sent for long. */
export type EventDropReason = "full" | "refused" | "unsent";

/** Sizes and times of a recorder. */
export interface EventRecorderLimits {
  /** Events that may wait to be sent. */
  readonly queueLength: number;
  /** Events that are remembered to count their repeats. */
  readonly remembered: number;
  /** An event that repeats later than this after the last time is a new one, in milliseconds. */
  readonly seriesMs: number;
  /** The least time between two writes about one event, in milliseconds. */
  readonly rewriteMs: number;
  /** Tries to send one event. */
  readonly tries: number;
}

/** The defaults. */
export const eventRecorderDefaults: EventRecorderLimits = Object.freeze({
  /** client-go's. */
  queueLength: 1_000,
  /** client-go's. */
  remembered: 4_096,
  /** client-go's finishTime. */
  seriesMs: 6 * 60_000,
  /** Something that fails many times a second must not write as often. */
  rewriteMs: 10_000,
  /** With the back-off below about two minutes. */
  tries: 8,
});

const sendBackoff = Object.freeze({ initialMs: 1_000, maxMs: 60_000 });
const concurrency = 4;

const eventType: ResourceType = {
  group: "events.k8s.io",
  version: "v1",
  kind: "Event",
  plural: "events",
  namespaced: true,
};

/**
 * Records events.k8s.io/v1 events, in the background: `record` never waits, never throws and never fails the caller's
 * work. The same event again (the note included) raises the count of a series in place of being a second object.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #limits: EventRecorderLimits;
  readonly #scheduler: Scheduler;
  readonly #queue: WorkQueue;
  /** By key, in the order of the last observation. */
  readonly #series = new Map<string, EventSeries>();
  #dropped = 0;
  #stopped = false;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#limits = { ...eventRecorderDefaults, ...options.limits };
    this.#scheduler = options.scheduler ?? systemScheduler;
    this.#queue = new WorkQueue({
      concurrency,
      backoff: sendBackoff,
      scheduler: this.#scheduler,
      process: (key, signal) => this.#send(key, signal),
    });
  }

  /** Events that were given up. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Events that wait to be sent or counted. */
  get pending(): number {
    return this.#queue.depth + this.#queue.delayed + this.#queue.running;
  }

  /** Whether something is being sent or would be now. */
  get busy(): boolean {
    return this.#queue.depth + this.#queue.running > 0;
  }

  /** Takes note of an event and returns at once. */
  record(subject: EventSubject, occurrence: EventOccurrence): void {
    if (this.#stopped) return;
    const note = eventNote(occurrence.note);
    const { type, reason, action } = occurrence;
    const { apiVersion, kind, metadata } = subject;
    const { name, namespace = "", uid } = metadata;
    const key = hash(
      "sha256",
      JSON.stringify([apiVersion, kind, namespace, name, uid, type, reason, action, note]),
    );
    const now = this.#scheduler.monotonic();
    this.#forgetOld(now);
    const known = this.#series.get(key);
    if (known === undefined && this.pending >= this.#limits.queueLength) {
      this.#drop("full");
      return;
    }
    const series =
      known ?? newEventSeries(subject, { type, reason, action, note }, this.#options, this.#scheduler);
    series.count += 1;
    series.lastObservedAt = now;
    this.#series.delete(key);
    this.#series.set(key, series);
    // What failed to be sent is under a back-off, which a repeat must not shorten.
    if (this.#queue.failures(key) > 0) return;
    this.#queue.addAfter(
      key,
      series.writtenCount === 0 ? 0 : series.writtenAt + this.#limits.rewriteMs - now,
    );
  }

  /** Accepts no more and sends what waits, for at most `flushMs` milliseconds. Resolves when nothing runs any more. */
  async stop({ flushMs = 2_000 }: { readonly flushMs?: number } = {}): Promise<void> {
    this.#stopped = true;
    for (const [key, series] of this.#series) {
      if (series.count > series.writtenCount) this.#queue.add(key);
    }
    const enough = new AbortController();
    const flushed = this.#queue.idle().then(() => enough.abort());
    await Promise.race([flushed, pause(this.#scheduler, flushMs, enough.signal)]);
    enough.abort();
    await this.#queue.stop({ drainMs: 0 });
    this.#series.clear();
  }

  async #send(key: string, signal: AbortSignal): Promise<void> {
    const series = this.#series.get(key);
    if (series === undefined || series.count === series.writtenCount) return;
    const { count } = series;
    try {
      if (series.writtenCount === 0 || !(await this.#patch(series, signal)))
        await this.#create(series, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (isWorthRetry(error) && this.#queue.failures(key) + 1 < this.#limits.tries) throw error;
      this.#series.delete(key);
      this.#drop(isWorthRetry(error) ? "unsent" : "refused", error);
      return;
    }
    series.writtenCount = count;
    series.writtenAt = this.#scheduler.monotonic();
    if (series.count > count) this.#queue.addAfter(key, this.#limits.rewriteMs);
  }

  async #create(series: EventSeries, signal: AbortSignal): Promise<void> {
    const path = resourcePath(eventType, { namespace: series.namespace });
    const repeats = series.count > 1 ? { series: this.#repeats(series) } : {};
    try {
      await this.#options.transport.request({
        method: "POST",
        path,
        body: { ...series.body, ...repeats },
        signal,
      });
    } catch (error) {
      // Names are unique, so it is ours: an earlier try arrived and its answer was lost.
      if (!isKubeApiError(error, 409)) throw error;
    }
  }

  /** False when the event is gone: the API server keeps events for an hour. */
  async #patch(series: EventSeries, signal: AbortSignal): Promise<boolean> {
    const { namespace, name } = series;
    try {
      await this.#options.transport.request({
        method: "PATCH",
        path: resourcePath(eventType, { namespace, name }),
        contentType: "application/merge-patch+json",
        body: { series: this.#repeats(series) },
        signal,
      });
      return true;
    } catch (error) {
      if (isKubeApiError(error, 404)) return false;
      throw error;
    }
  }

  #repeats(series: EventSeries): object {
    return seriesField(series, this.#scheduler);
  }

  #forgetOld(now: number): void {
    for (const [key, series] of this.#series) {
      const old = now - series.lastObservedAt >= this.#limits.seriesMs;
      if (!old && this.#series.size < this.#limits.remembered) return;
      this.#series.delete(key);
      if (series.count > series.writtenCount) this.#drop("unsent");
    }
  }

  #drop(reason: EventDropReason, error?: unknown): void {
    this.#dropped += 1;
    try {
      this.#options.onDrop?.(reason, error);
    } catch {
      // A hook must not fail what it observes.
    }
  }
}

function isWorthRetry(error: unknown): boolean {
  if (isKubeNetworkError(error)) return error.failure !== "closed";
  return isKubeApiError(error) && (error.status === 429 || error.status >= 500);
}
