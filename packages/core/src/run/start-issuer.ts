import type { IssuerDefinition } from "../definition/define-issuer.ts";
import { withinNamespaces } from "../definition/within-namespaces.ts";
import type { KubeConnection } from "../kube/connection.ts";
import { EventRecorder } from "../kube/event-recorder.ts";
import { KubeTransport } from "../kube/transport.ts";
import { soleLeader } from "../leader/leadership.ts";
import { type LeaderElectionSettings, startElection } from "../leader/start-election.ts";
import { recordKubeEvents } from "../lifecycle/kube-events.ts";
import { Lifecycle } from "../lifecycle/lifecycle.ts";
import type { IssuerState } from "../observe/issuer-state.ts";
import { noTrace, type Trace } from "../observe/tracing.ts";
import type { IssuerHealth } from "../probes/issuer-health.ts";
import { pause, systemScheduler } from "../queue/scheduler.ts";
import { IssuerSlots } from "../request/issuer-slots.ts";
import { serveDefinition } from "./serve-definition.ts";
import { type ServeOptions, serveSettings } from "./serve-options.ts";

/** Options of {@link startIssuer}. */
export interface StartIssuerOptions extends ServeOptions {
  /** How and as whom to reach the API server. */
  readonly connection: KubeConnection;
  /** Stops the issuer when it fires. */
  readonly signal?: AbortSignal | undefined;
  /** Listeners that are to miss nothing; a new emitter unless given. */
  readonly lifecycle?: Lifecycle | undefined;
  /** Name of this process in events, such as the pod's name. */
  readonly instance?: string | undefined;
  /** Puts spans around the work, such as what `openTelemetryTrace` resolves to; none unless given. */
  readonly trace?: Trace | undefined;
  /** Unless given there must be no second process that serves the same definitions. */
  readonly leaderElection?: LeaderElectionSettings | false | undefined;
}

/** A running issuer. */
export interface RunningIssuer extends AsyncDisposable {
  /** Every step, as it happens. */
  readonly lifecycle: Lifecycle;
  /**
   * Resolves when the caches are complete; rejects if the issuer is stopped before. Work begins then, or when this process
   * becomes the leader.
   */
  readonly synced: Promise<void>;
  /** What it is like now, for metrics. */
  state(): IssuerState;
  /** How it is now, for probes. */
  health(): IssuerHealth;
  /**
   * Takes up nothing new and ends. Resolves when running work has ended, or was cut off after the drain time, the lease is
   * given back and every connection is closed: at most 5 s after the drain time, whatever signers and servers do.
   */
  stop(): Promise<void>;
}

/** For what heeds neither a signal nor its own deadline, such as a signer that never closes. */
const overtimeMs = 2_500;
/** For the last events and the release of the lease. */
const farewellMs = 2_000;

/**
 * Serves definitions inside any process: the embeddable form of `runIssuer`. Returns at once; reads no environment and
 * handles no signals.
 */
export function startIssuer(
  definitions: IssuerDefinition | readonly IssuerDefinition[],
  options: StartIssuerOptions,
): RunningIssuer {
  const { connection, signal, lifecycle = new Lifecycle(), instance = "countersign" } = options;
  const { leaderElection = false, trace = noTrace } = options;
  const settings = serveSettings(options);
  const list = ("group" in definitions ? [definitions] : definitions).map((definition) =>
    withinNamespaces(definition, settings.namespaces),
  );
  const [first] = list;
  if (first === undefined)
    throw new TypeError("Expected `definitions` to be at least one definition, got none");
  const userAgent = `countersign (${list.map(({ group }) => group).join(", ")})`;
  const transport = new KubeTransport({ connection, userAgent });
  const { promise: ready, resolve: setReady } = Promise.withResolvers<void>();
  const leadership =
    leaderElection === false
      ? soleLeader()
      : startElection(leaderElection, { connection, userAgent, lifecycle, ready });
  const recorders = list.map((definition) => {
    const recorder = new EventRecorder({
      transport,
      reportingController: definition.group,
      reportingInstance: instance,
      onDrop: (reason, error) => lifecycle.announce("trouble", { where: `event (${reason})`, error }),
    });
    const record: EventRecorder["record"] = (...event) => {
      if (leadership.isLeader) recorder.record(...event);
    };
    recordKubeEvents(lifecycle, { record }, definition);
    return recorder;
  });
  const slots = new IssuerSlots({
    maxConcurrent: settings.maxConcurrentSigns,
    maxConcurrentPerIssuer: settings.maxConcurrentSignsPerIssuer,
    maxPerSecondPerIssuer: settings.maxSignsPerSecondPerIssuer,
    scheduler: systemScheduler,
  });
  const served = list.map((definition) =>
    serveDefinition(definition, { transport, lifecycle, userAgent, leadership, slots, trace }, options),
  );
  const synced = Promise.all(served.map((each) => each.synced)).then(() => {});
  synced.then(setReady, () => {});

  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= (async () => {
      // The lease is held while running work ends, and given back before the last events have been sent.
      await atMost(settings.drainMs + overtimeMs, Promise.all(served.map((each) => each.stop())));
      await atMost(
        farewellMs,
        Promise.all([leadership.stop(), ...recorders.map((recorder) => recorder.stop())]),
      );
      transport.close();
    })();
    return stopped;
  };
  if (signal?.aborted) void stop();
  else signal?.addEventListener("abort", () => void stop(), { once: true });
  const state = (): IssuerState => {
    const states = served.map((each) => each.state());
    return {
      leading: leadership.isLeader,
      backlogs: states.flatMap(({ backlogs }) => backlogs),
      queues: states.flatMap(({ queues }) => queues),
      watches: states.flatMap(({ watches }) => watches),
    };
  };
  const health = (): IssuerHealth => {
    const all = served.map((each) => each.watches());
    return {
      watches: all.flatMap(({ watches }) => watches),
      references: all.flatMap(({ references }) => references),
      draining: stopped !== undefined,
    };
  };
  return { lifecycle, synced, state, health, stop, [Symbol.asyncDispose]: stop };
}

/** Waits for what may never end. */
async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const done = new AbortController();
  await Promise.race([work, pause(systemScheduler, ms, done.signal)]).finally(() => done.abort());
}
