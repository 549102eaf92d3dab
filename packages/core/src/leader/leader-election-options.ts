import type { Scheduler } from "../queue/scheduler.ts";
import type { LeaseClient } from "./lease.ts";

/** Times of an election, in milliseconds. */
export interface LeaderElectionTiming {
  /** How long a claim stands that is not renewed: what a takeover waits after a crash. Written in whole seconds. */
  readonly leaseMs: number;
  /** A leader that could not renew for so long gives up. */
  readonly renewDeadlineMs: number;
  /** Time between two renewals; candidates look after a third to three fifths of it. */
  readonly retryMs: number;
  /** The end of a claim that its holder does not use, for clocks that run at different speeds. */
  readonly marginMs: number;
}

/** Options of an election. */
export interface LeaderElectionOptions {
  readonly client: LeaseClient;
  /** Of this process alone: the pod's name and something random, so that a restarted container is another candidate. */
  readonly identity: string;
  readonly timing?: Partial<LeaderElectionTiming> | undefined;
  /** Competes only after this: a process that cannot do the work must not keep others from it. */
  readonly ready?: Promise<void> | undefined;
  readonly scheduler?: Scheduler | undefined;
  /** Told when the Lease cannot be read or written; the same words in a row once. */
  readonly onTrouble?: ((error: unknown) => void) | undefined;
}

/** The defaults: client-go's times for controllers. */
export const leaderElectionDefaults: LeaderElectionTiming = Object.freeze({
  leaseMs: 15_000,
  renewDeadlineMs: 10_000,
  retryMs: 2_000,
  /** More than any two clocks differ over 15 s, and less than what the renew deadline leaves. */
  marginMs: 2_000,
});

/** @throws TypeError that names the wrong option */
export function leaderElectionTiming(given: Partial<LeaderElectionTiming> = {}): LeaderElectionTiming {
  const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const timing: LeaderElectionTiming = { ...leaderElectionDefaults, ...known };
  const { leaseMs, renewDeadlineMs, retryMs, marginMs } = timing;
  expect("leaseMs", "at least 1000", leaseMs, leaseMs >= 1_000 && Number.isFinite(leaseMs));
  expect("marginMs", "0 or more", marginMs, marginMs >= 0);
  expect(
    "renewDeadlineMs",
    `below leaseMs - marginMs (${leaseMs - marginMs})`,
    renewDeadlineMs,
    renewDeadlineMs < leaseMs - marginMs,
  );
  expect(
    "retryMs",
    `above 0 and at most half of renewDeadlineMs (${renewDeadlineMs / 2})`,
    retryMs,
    retryMs > 0 && retryMs <= renewDeadlineMs / 2,
  );
  return timing;
}

function expect(option: string, expected: string, value: number, ok: boolean): void {
  if (!ok) throw new TypeError(`Expected \`${option}\` to be ${expected}, got \`${value}\``);
}
