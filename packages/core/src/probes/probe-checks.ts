import type { IssuerHealth, WatchHealth } from "./issuer-health.ts";

/** One line of a probe's answer. */
export interface ProbeCheck {
  readonly name: string;
  /** What is wrong, in one line; undefined when nothing is. */
  readonly problem: string | undefined;
}

/** Limits of the probes, in milliseconds. */
export const probeLimits = Object.freeze({
  /** A loop that is so late renews no lease. */
  loopLagMs: 5_000,
  /** Bookmarks come every minute and a silent watch is given up after 70 s: a watch that shows neither is stuck. */
  watchSilenceMs: 180_000,
});

/**
 * Whether a restart would help. Only what is broken inside this process fails: a watch that is retrying what the API
 * server or the network does to it goes on, since an outage must not restart every controller of the cluster; and a PKI
 * takes no part.
 */
export function livezChecks(health: IssuerHealth | undefined, loopLagMs: number): readonly ProbeCheck[] {
  const { watches = [], references = [] } = health ?? {};
  const late = loopLagMs > probeLimits.loopLagMs;
  const loop = { name: "event loop", problem: late ? `late by ${seconds(loopLagMs)}` : undefined };
  return [
    loop,
    ...watches.map((watch) => ({ name: `watch ${watch.resource}`, problem: stuck(watch) })),
    ...[...new Set(references.map(({ resource }) => resource))].map((resource) => ({
      name: `watches of single ${resource}`,
      problem: firstStuck(references.filter((watch) => watch.resource === resource)),
    })),
  ];
}

/**
 * Whether this process can do its part: as the leader or in waiting for the lease, since a replica that waits is what a
 * rolling update needs.
 */
export function readyzChecks(health: IssuerHealth | undefined): readonly ProbeCheck[] {
  if (health === undefined) return [{ name: "start", problem: "in progress" }];
  const { watches, draining } = health;
  const shutdown = { name: "shutdown", problem: draining ? "in progress" : undefined };
  return [
    shutdown,
    ...watches.map((watch) => ({ name: `cache ${watch.resource}`, problem: incomplete(watch) })),
  ];
}

function stuck({ lastContactAgeMs, lastError }: WatchHealth): string | undefined {
  if (lastError !== undefined || lastContactAgeMs <= probeLimits.watchSilenceMs) return undefined;
  return `no sign of life for ${seconds(lastContactAgeMs)}, and no error`;
}

/** One line for all of a resource: there may be thousands, and one that is stuck is enough. */
function firstStuck(watches: readonly WatchHealth[]): string | undefined {
  const problems = watches.map(stuck).filter((problem) => problem !== undefined);
  return problems.length === 0 ? undefined : `${problems.length} of ${watches.length}: ${problems[0]}`;
}

function incomplete({ synced, lastError }: WatchHealth): string | undefined {
  if (synced) return undefined;
  return lastError === undefined
    ? "the first list is not complete yet"
    : `the first list fails: ${lastError.message.replaceAll(/\s+/g, " ")}`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
