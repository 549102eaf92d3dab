import type { Lifecycle, LifecycleEvents } from "../lifecycle/lifecycle.ts";

/** Listeners of a lifecycle that end together. */
export interface Listeners {
  on<Name extends keyof LifecycleEvents>(
    name: Name,
    listener: (payload: LifecycleEvents[Name][0]) => void,
  ): void;
  /** Removes them all. */
  close(): void;
}

/** No listeners yet. */
export function listeners(lifecycle: Lifecycle): Listeners {
  const closes: (() => void)[] = [];
  return {
    on(name, listener) {
      // The emitter's own types cannot relate a generic name to its payload; the signature above does.
      const untyped = listener as () => void;
      lifecycle.on(name, untyped);
      closes.push(() => void lifecycle.off(name, untyped));
    },
    close() {
      for (const close of closes.splice(0)) close();
    },
  };
}
