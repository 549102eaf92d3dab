import type { IssuerDefinition } from "../definition/define-issuer.ts";
import type { KubeConnection } from "../kube/connection.ts";
import { EventRecorder } from "../kube/event-recorder.ts";
import { KubeTransport } from "../kube/transport.ts";
import { recordKubeEvents } from "../lifecycle/kube-events.ts";
import { Lifecycle } from "../lifecycle/lifecycle.ts";
import type { IssuerState } from "../observe/issuer-state.ts";
import { serveDefinition } from "./serve-definition.ts";
import type { ServeOptions } from "./serve-options.ts";

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
}

/** A running issuer. */
export interface RunningIssuer extends AsyncDisposable {
  /** Every step, as it happens. */
  readonly lifecycle: Lifecycle;
  /** Resolves when the caches are complete and work has begun; rejects if the issuer is stopped before. */
  readonly synced: Promise<void>;
  /** What it is like now, for metrics. */
  state(): IssuerState;
  /** Resolves when running work has ended, or was cut off after the drain time, and every connection is closed. */
  stop(): Promise<void>;
}

/**
 * Serves definitions inside any process: the embeddable form of `runIssuer`. Returns at once; reads no environment and
 * handles no signals.
 */
export function startIssuer(
  definitions: IssuerDefinition | readonly IssuerDefinition[],
  options: StartIssuerOptions,
): RunningIssuer {
  const { connection, signal, lifecycle = new Lifecycle(), instance = "countersign" } = options;
  const list = "group" in definitions ? [definitions] : definitions;
  const [first] = list;
  if (first === undefined)
    throw new TypeError("Expected `definitions` to be at least one definition, got none");
  const userAgent = `countersign (${list.map(({ group }) => group).join(", ")})`;
  const transport = new KubeTransport({ connection, userAgent });
  const recorders = list.map((definition) => {
    const recorder = new EventRecorder({
      transport,
      reportingController: definition.group,
      reportingInstance: instance,
      onDrop: (reason, error) => lifecycle.announce("trouble", { where: `event (${reason})`, error }),
    });
    recordKubeEvents(lifecycle, recorder, definition);
    return recorder;
  });
  const served = list.map((definition) =>
    serveDefinition(definition, { transport, lifecycle, userAgent }, options),
  );
  const synced = Promise.all(served.map((each) => each.synced)).then(() => {});
  synced.catch(() => {});

  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= (async () => {
      await Promise.all(served.map((each) => each.stop()));
      await Promise.all(recorders.map((recorder) => recorder.stop()));
      transport.close();
    })();
    return stopped;
  };
  if (signal?.aborted) void stop();
  else signal?.addEventListener("abort", () => void stop(), { once: true });
  const state = (): IssuerState => {
    const states = served.map((each) => each.state());
    return {
      leading: true,
      backlogs: states.flatMap(({ backlogs }) => backlogs),
      queues: states.flatMap(({ queues }) => queues),
      watches: states.flatMap(({ watches }) => watches),
    };
  };
  return { lifecycle, synced, state, stop, [Symbol.asyncDispose]: stop };
}
