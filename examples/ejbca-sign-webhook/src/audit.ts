import { fileSink, streamSink } from "@countersign/issuer-core";
import type { Decision } from "@countersign/issuer-webhook/server";

/** Where decisions are written, one line each. */
export interface Audit {
  write(decision: Decision): void;
  reopen(): Promise<void>;
  /** Resolves when everything is written. */
  close(): Promise<void>;
}

/** What waits is bounded: a full disk may not take the memory too. */
const maxWaiting = 10_000;

/** Opens a file, `-` or `stderr`; without a target decisions are only in the log. */
export async function openAudit(
  target: string | undefined,
  onLost: (error: unknown) => void,
): Promise<Audit> {
  if (target === undefined) return { write: () => {}, reopen: async () => {}, close: async () => {} };
  const sink =
    target === "-" || target === "stderr"
      ? streamSink(target === "-" ? process.stdout : process.stderr)
      : await fileSink(target);
  let waiting = 0;
  let last = Promise.resolve();
  const then = (step: () => Promise<void>) => {
    last = last.then(step).catch(onLost);
    return last;
  };
  return {
    write(decision) {
      if (waiting >= maxWaiting) return onLost(new Error("too many lines wait to be written"));
      waiting += 1;
      void then(() => sink.write(`${JSON.stringify(decision)}\n`)).finally(() => {
        waiting -= 1;
      });
    },
    reopen: () => then(() => sink.reopen()),
    close: () => then(() => sink.close()),
  };
}
