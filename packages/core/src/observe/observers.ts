import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import { auditLog } from "./audit-log.ts";
import { fileSink } from "./file-sink.ts";
import type { IssuerState } from "./issuer-state.ts";
import { type LineSink, streamSink } from "./line-sink.ts";
import { issuerMetrics } from "./metrics.ts";
import { serveMetrics } from "./metrics-server.ts";

/** Options of {@link startObservers}. */
export interface ObserversOptions {
  readonly lifecycle: Lifecycle;
  readonly state: () => IssuerState | undefined;
  /** Port of `/metrics`; 0 leaves metrics off. */
  readonly metricsPort: number;
  /** A file, `-` for standard output, or `stderr`; undefined leaves the audit log off. */
  readonly audit: string | undefined;
  /** Name of this process, such as the pod's. */
  readonly instance: string;
}

/** What observes a program from outside. */
export interface Observers {
  /** Opens the audit log's file anew, after a rotation. */
  reopen(): Promise<void>;
  /** Writes what the audit log still holds, and ends the metrics server. */
  stop(): Promise<void>;
}

function auditSink(target: string): Promise<LineSink> | LineSink {
  if (target === "-") return streamSink(process.stdout);
  if (target === "stderr") return streamSink(process.stderr);
  return fileSink(target);
}

/**
 * Starts the metrics server and the audit log of a program, as far as they are wanted.
 *
 * @throws when the port or the file cannot be had
 */
export async function startObservers(options: ObserversOptions): Promise<Observers> {
  const { lifecycle, audit, instance } = options;
  const log =
    audit === undefined ? undefined : auditLog(lifecycle, { sink: await auditSink(audit), instance });
  try {
    const stopMetrics = await startMetrics(options);
    return {
      reopen: async () => log?.reopen(),
      async stop() {
        await stopMetrics();
        await log?.stop();
      },
    };
  } catch (error) {
    await log?.stop();
    throw error;
  }
}

async function startMetrics({ lifecycle, state, metricsPort: port }: ObserversOptions) {
  if (port === 0) return async () => {};
  const metrics = await issuerMetrics(lifecycle, { state });
  const onError = (error: unknown) => lifecycle.announce("trouble", { where: "metrics", error });
  try {
    const server = await serveMetrics(metrics, { port, onError });
    return async () => {
      await server.stop();
      metrics.close();
    };
  } catch (error) {
    metrics.close();
    const cause = error instanceof Error && "code" in error ? error.code : "unknown error";
    throw new Error(
      `Metrics cannot be served on port ${port} (${cause}). Choose another with --metrics-port.`,
      {
        cause: error,
      },
    );
  }
}
