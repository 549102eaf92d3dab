/** The signals that ask a process to stop: the first asks, and the second one ends it at once with exit code 1. */
export interface StopSignals extends Disposable {
  /** Resolves to the first signal. */
  readonly asked: Promise<NodeJS.Signals>;
}

/** Listens until it is disposed of; then signals do again what they do by default. */
export function stopSignals(onSecond: (signal: NodeJS.Signals) => void): StopSignals {
  const { promise: asked, resolve } = Promise.withResolvers<NodeJS.Signals>();
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (stopping) {
      onSecond(signal);
      process.exit(1);
    }
    stopping = true;
    resolve(signal);
  };
  process.on("SIGTERM", onSignal).on("SIGINT", onSignal);
  return {
    asked,
    [Symbol.dispose]: () => void process.off("SIGTERM", onSignal).off("SIGINT", onSignal),
  };
}
