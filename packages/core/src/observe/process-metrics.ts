import { readdirSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { LookedAt, MetricContext } from "./metric-context.ts";

/** In milliseconds. Coarse enough that an idle process stays idle. */
const lagResolutionMs = 50;

/**
 * The process itself, by the names that every client library uses. prom-client's own set leaves timers and observers
 * behind when a registry is dropped, and has names that `promtool check metrics` refuses.
 */
export function processMetrics({ prom, registry }: MetricContext): LookedAt {
  const gauge = (name: string, help: string) => new prom.Gauge({ name, help, registers: [registry] });
  const lag = gauge(
    "countersign_event_loop_lag_seconds",
    "99th percentile of the delay of the event loop since the last scrape.",
  );
  const cpu = new prom.Counter({
    name: "process_cpu_seconds_total",
    help: "User and system CPU time spent, in seconds.",
    registers: [registry],
  });
  const resident = gauge("process_resident_memory_bytes", "Resident memory, in bytes.");
  const heap = gauge("nodejs_heap_size_used_bytes", "Used heap of the JavaScript engine, in bytes.");
  const external = gauge("nodejs_external_memory_bytes", "Memory of buffers and native objects, in bytes.");
  const started = gauge("process_start_time_seconds", "Start of the process, in seconds since the epoch.");
  const files = gauge("process_open_fds", "Open file descriptors.");
  started.set(performance.timeOrigin / 1000);

  const histogram = monitorEventLoopDelay({ resolution: lagResolutionMs });
  histogram.enable();
  let countedMicroseconds = 0;

  return {
    refresh() {
      // The delay counts the timer's own interval, so that a loop without lag shows the resolution.
      const measured = histogram.count === 0 ? 0 : histogram.percentile(99) / 1e9 - lagResolutionMs / 1000;
      lag.set(Math.max(0, measured));
      histogram.reset();
      const { user, system } = process.cpuUsage();
      cpu.inc((user + system - countedMicroseconds) / 1e6);
      countedMicroseconds = user + system;
      const memory = process.memoryUsage();
      resident.set(memory.rss);
      heap.set(memory.heapUsed);
      external.set(memory.external);
      const open = openFiles();
      if (open !== undefined) files.set(open);
    },
    close: () => void histogram.disable(),
  };
}

/** Undefined where the system has no /proc. */
function openFiles(): number | undefined {
  try {
    // The listing holds a descriptor of its own.
    return readdirSync("/proc/self/fd").length - 1;
  } catch {
    return undefined;
  }
}
