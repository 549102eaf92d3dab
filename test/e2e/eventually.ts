import { setTimeout as delay } from "node:timers/promises";
import { inspect } from "node:util";
import type { Patience } from "./target.ts";

/**
 * Looks again and again until what is seen is accepted, and resolves to it. A look that throws is repeated too, since the
 * API server may be away. Rejects with what was seen last.
 */
export async function eventually<T>(
  { timeout, interval }: Patience,
  what: string,
  look: () => Promise<T>,
  accept: (seen: T) => boolean,
): Promise<T> {
  const deadline = performance.now() + timeout;
  for (;;) {
    let last: unknown;
    try {
      const seen = await look();
      if (accept(seen)) return seen;
      last = seen;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`${what}: not within ${timeout / 1000} s; last seen: ${inspect(last, { depth: 6 })}`);
    }
    await delay(interval);
  }
}
