import { once } from "node:events";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { Worker } from "node:worker_threads";

/** How late the event loop was, in milliseconds. */
export interface LoopLag {
  readonly p999Ms: number;
  /** The same of a thread that does nothing: what a busy machine takes from everybody. */
  readonly idleP999Ms: number;
}

const idle = `
const { monitorEventLoopDelay } = require("node:perf_hooks");
const { parentPort } = require("node:worker_threads");
const lag = monitorEventLoopDelay({ resolution: 5 });
lag.enable();
parentPort.once("message", () => parentPort.postMessage(lag.percentile(99.9) / 1e6));
parentPort.postMessage("ready");
`;

/** Watches the event loop of this thread, and that of an idle one beside it, until the answer is called. */
export async function watchLoopLag(): Promise<() => Promise<LoopLag>> {
  const worker = new Worker(idle, { eval: true });
  await once(worker, "message");
  const lag = monitorEventLoopDelay({ resolution: 5 });
  lag.enable();
  return async () => {
    lag.disable();
    worker.postMessage("stop");
    const [idleP999Ms] = (await once(worker, "message")) as [number];
    await worker.terminate();
    return { p999Ms: lag.percentile(99.9) / 1e6, idleP999Ms };
  };
}
