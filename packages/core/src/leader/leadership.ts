import { NotLeaderError } from "./not-leader-error.ts";

/** A term has begun or ended. */
export type LeadershipChange =
  | {
      readonly leader: true;
      /** How often the lease has changed hands. */
      readonly transitions: number;
      /** Nobody else has led since this process's last term. */
      readonly resumed: boolean;
    }
  | { readonly leader: false; readonly reason: string };

/** Whether this process may act now. */
export interface Leadership {
  /** Whether a term is running. Before a call that only one process may make, ask {@link assertHeld}. */
  readonly isLeader: boolean;
  /** Of the current term, or of the last one: aborted with a NotLeaderError unless a term is running. */
  readonly signal: AbortSignal;
  /**
   * Looks at the clock, so that a process that was stopped for a while learns here that its time is over; the term then
   * ends at once.
   *
   * @throws NotLeaderError unless the lease is held at this moment
   */
  assertHeld(): void;
  /** Called in the same turn as the change. */
  onChange(listener: (change: LeadershipChange) => void): void;
  /** Ends the term and gives the lease back. */
  stop(): Promise<void>;
}

/** The leadership of a process that has no rivals: one term, from the start to `stop`. */
export function soleLeader(): Leadership {
  const term = new AbortController();
  return {
    get isLeader() {
      return !term.signal.aborted;
    },
    signal: term.signal,
    assertHeld: () => term.signal.throwIfAborted(),
    // There is no change that work which was stopped before could still hear of.
    onChange: () => {},
    stop: async () => term.abort(new NotLeaderError()),
  };
}
