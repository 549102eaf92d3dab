import type { Scheduler } from "../queue/scheduler.ts";

/** The object that an event is about. */
export interface EventSubject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly uid: string };
}

/** What happened. */
export interface EventOccurrence {
  readonly type: "Normal" | "Warning";
  /** Why, in CamelCase, at most 128 characters. */
  readonly reason: string;
  /** What the controller did or tried, in CamelCase, at most 128 characters. */
  readonly action: string;
  /** For people; control characters are replaced, and what exceeds 1 KiB is cut. */
  readonly note: string;
}

/** Who reports events. */
export interface EventReporter {
  /** Name of the controller, such as `acme.example.com/issuer`. */
  readonly reportingController: string;
  /** Name of this process, such as the pod's. */
  readonly reportingInstance: string;
}

/** One event and its repeats. */
export interface EventSeries {
  readonly name: string;
  readonly namespace: string;
  /** The Event object, without its series. */
  readonly body: object;
  count: number;
  /** On the monotonic clock. */
  lastObservedAt: number;
  /** How many occurrences the server knows of; 0 until the event is created. */
  writtenCount: number;
  /** On the monotonic clock. */
  writtenAt: number;
}

/** An event that has not occurred yet: its count is 0. */
export function newEventSeries(
  { apiVersion, kind, metadata }: EventSubject,
  occurrence: EventOccurrence,
  { reportingController, reportingInstance }: EventReporter,
  scheduler: Scheduler,
): EventSeries {
  const now = scheduler.now();
  const name = eventName(metadata.name, now, scheduler.random());
  // Events about cluster-scoped objects live in `default` (events.k8s.io/v1 validation).
  const namespace = metadata.namespace || "default";
  const body = {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name, namespace },
    eventTime: microTime(now),
    reportingController,
    reportingInstance,
    regarding: {
      apiVersion,
      kind,
      name: metadata.name,
      ...(metadata.namespace ? { namespace: metadata.namespace } : {}),
      uid: metadata.uid,
    },
    ...occurrence,
  };
  return { name, namespace, body, count: 0, lastObservedAt: 0, writtenCount: 0, writtenAt: 0 };
}

/** The `series` of an Event that has occurred more than once. */
export function seriesField(series: EventSeries, scheduler: Scheduler): object {
  const ago = scheduler.monotonic() - series.lastObservedAt;
  return { count: series.count, lastObservedTime: microTime(scheduler.now() - ago) };
}

/** `<name>.<hex>` as client-go names events, unique among replicas; the name of an object may be 253 characters long. */
function eventName(subject: string, now: number, random: number): string {
  const chance = Math.floor(random * 2 ** 32).toString(16);
  const unique = now.toString(16) + chance.padStart(8, "0");
  return `${subject.slice(0, 252 - unique.length).replace(/[^a-z0-9]+$/i, "")}.${unique}`;
}

/** metav1.MicroTime: RFC 3339 with exactly six digits of a second. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace(/Z$/, "000Z");
}
