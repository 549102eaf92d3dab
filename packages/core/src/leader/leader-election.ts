import { isKubeApiError } from "../kube/kube-api-error.ts";
import { pause, type Scheduler, systemScheduler, untilAborted } from "../queue/scheduler.ts";
import {
  type LeaderElectionOptions,
  type LeaderElectionTiming,
  leaderElectionTiming,
} from "./leader-election-options.ts";
import type { Leadership, LeadershipChange } from "./leadership.ts";
import { type Lease, type LeaseCall, type LeaseSpec, microTime } from "./lease.ts";
import { NotLeaderError } from "./not-leader-error.ts";

/** A moment on both clocks. */
interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

/** The last state of the Lease that differed from the one before. */
interface Observation {
  readonly text: string;
  readonly holder: string;
  readonly durationMs: number;
  /** Monotonic. */
  readonly at: number;
}

/** With the renew deadline of 10 s, two tries of a renewal whose answer does not come. */
const triesPerDeadline = 2;
/** The part of `retryMs` between two looks of a candidate: below 1, so that a released lease is taken well within it. */
const candidatePace = Object.freeze({ least: 0.3, spread: 0.3 });
const releaseTimeoutMs = 1_000;
const releaseTries = 3;

/**
 * Competes for a Lease by client-go's rules from its construction until `stop`; a lost lease is competed for again.
 *
 * No two processes hold it at once, whatever their clocks say: a candidate takes another's claim only after it has not
 * seen the record change for the whole lease duration on its own monotonic clock, and the holder counts its claim from
 * before it sent the renewal, so the claim ends for the holder first. Writes carry the resourceVersion, so that of two
 * candidates one wins.
 */
export class LeaderElection implements Leadership {
  readonly #options: LeaderElectionOptions;
  readonly #timing: LeaderElectionTiming;
  readonly #scheduler: Scheduler;
  readonly #stopping = new AbortController();
  readonly #listeners = new Set<(change: LeadershipChange) => void>();
  readonly #running: Promise<void>;
  #term = new AbortController();
  #validUntil: Moment = { monotonic: 0, wall: 0 };
  /** As last read or written; undefined when it may have changed since without our seeing it. */
  #lease: Lease | undefined;
  #observed: Observation | undefined;
  #trouble: string | undefined;
  #cancelDeadline: (() => void) | undefined;
  #stopped: Promise<void> | undefined;

  /** @throws TypeError that names a wrong option */
  constructor(options: LeaderElectionOptions) {
    if (options.identity === "")
      throw new TypeError("Expected `identity` to name this process, got an empty text");
    this.#options = options;
    this.#timing = leaderElectionTiming(options.timing);
    this.#scheduler = options.scheduler ?? systemScheduler;
    this.#term.abort(new NotLeaderError());
    this.#running = this.#run();
  }

  get isLeader(): boolean {
    return !this.#term.signal.aborted;
  }

  get signal(): AbortSignal {
    return this.#term.signal;
  }

  assertHeld(): void {
    const { monotonic, wall } = this.#validUntil;
    // CLOCK_MONOTONIC stands still while the machine is suspended (clock_gettime(2)); this process's own wall clock shows
    // that time has passed. That it may also be set forward costs a term, never safety.
    const over = this.#scheduler.monotonic() >= monotonic || this.#scheduler.now() >= wall;
    if (over) this.#lose("the claim ran out before it was renewed");
    if (!this.isLeader) throw new NotLeaderError();
  }

  onChange(listener: (change: LeadershipChange) => void): void {
    this.#listeners.add(listener);
  }

  /** Ends the term, then gives the lease back, so that the next candidate need not wait for its end. */
  stop(): Promise<void> {
    this.#stopped ??= (async () => {
      this.#stopping.abort();
      this.#lose("this process stops");
      await this.#running;
      await this.#release();
    })();
    return this.#stopped;
  }

  async #run(): Promise<void> {
    // In any case the caller of the constructor gets its turn first, to add listeners.
    const { ready = Promise.resolve() } = this.#options;
    await untilAborted(ready, this.#stopping.signal).catch(() => {});
    while (!this.#stopping.signal.aborted) {
      await this.#round();
      await pause(this.#scheduler, this.#restMs(), this.#stopping.signal);
    }
  }

  /** A claim, and after a lost race a second one: its look at the Lease tells who holds it now. */
  async #round(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#claim();
        this.#trouble = undefined;
        return;
      } catch (error) {
        // Somebody was faster, or it is unknown whether the write arrived.
        this.#lease = undefined;
        if (this.#stopping.signal.aborted) return;
        const lostRace = isKubeApiError(error, 409);
        if (!lostRace) this.#report(error);
        if (!lostRace || tries === 2) return;
      }
    }
  }

  async #claim(): Promise<void> {
    const { client, identity } = this.#options;
    const call: LeaseCall = {
      signal: this.#stopping.signal,
      timeoutMs: this.#timing.renewDeadlineMs / triesPerDeadline,
    };
    const lease = (this.isLeader ? this.#lease : undefined) ?? (await client.read(call));
    this.#observe(lease);
    if (!this.#isFree(lease)) {
      this.#lose(`${this.#observed?.holder} holds the lease`);
      return;
    }
    const held = holderOf(lease) === identity;
    const sent: Moment = { monotonic: this.#scheduler.monotonic(), wall: this.#scheduler.now() };
    const spec = this.#spec(lease?.spec, held);
    this.#observe(
      await (lease === undefined ? client.create(spec, call) : client.replace(lease, spec, call)),
    );
    this.#hold(sent, spec.leaseTransitions ?? 0, held);
  }

  #observe(lease: Lease | undefined): void {
    this.#lease = lease;
    // What is known of the last holder outlives the object: whoever deletes a Lease ends nobody's claim.
    if (lease === undefined) return;
    const text = JSON.stringify(lease.spec);
    if (text === this.#observed?.text) return;
    const seconds = lease.spec?.leaseDurationSeconds;
    const durationMs = seconds !== undefined && seconds > 0 ? seconds * 1_000 : this.#timing.leaseMs;
    this.#observed = { text, holder: holderOf(lease), durationMs, at: this.#scheduler.monotonic() };
  }

  #isFree(lease: Lease | undefined): boolean {
    const observed = this.#observed;
    const holder = lease === undefined ? (observed?.holder ?? "") : holderOf(lease);
    if (observed === undefined || holder === "" || holder === this.#options.identity) return true;
    return this.#scheduler.monotonic() >= observed.at + observed.durationMs;
  }

  #spec(before: LeaseSpec | undefined, held: boolean): LeaseSpec {
    const now = this.#scheduler.now();
    // A renewal that writes what is there already changes nothing, and others would see no sign of life.
    const renewTime = microTime(microTime(now) === before?.renewTime ? now + 1 : now);
    const transitions = before?.leaseTransitions ?? 0;
    return {
      ...before,
      holderIdentity: this.#options.identity,
      leaseDurationSeconds: Math.ceil(this.#timing.leaseMs / 1_000),
      acquireTime: (held ? before?.acquireTime : undefined) ?? renewTime,
      renewTime,
      leaseTransitions: held || before === undefined ? transitions : transitions + 1,
    };
  }

  /** The claim that was sent at that moment has been accepted. */
  #hold(sent: Moment, transitions: number, resumed: boolean): void {
    const { leaseMs, marginMs, renewDeadlineMs } = this.#timing;
    const leftMs = sent.monotonic + renewDeadlineMs - this.#scheduler.monotonic();
    if (leftMs <= 0 || this.#stopping.signal.aborted) return;
    const claimMs = leaseMs - marginMs;
    this.#validUntil = { monotonic: sent.monotonic + claimMs, wall: sent.wall + claimMs };
    this.#cancelDeadline?.();
    this.#cancelDeadline = this.#scheduler.after(leftMs, () =>
      this.#lose(`the lease could not be renewed for ${renewDeadlineMs / 1_000} s`),
    );
    if (this.isLeader) return;
    this.#term = new AbortController();
    this.#announce({ leader: true, transitions, resumed });
  }

  #lose(reason: string): void {
    if (!this.isLeader) return;
    this.#cancelDeadline?.();
    this.#cancelDeadline = undefined;
    this.#term.abort(new NotLeaderError());
    this.#announce({ leader: false, reason });
  }

  async #release(): Promise<void> {
    const { client, identity } = this.#options;
    const call: LeaseCall = { timeoutMs: releaseTimeoutMs };
    for (let tries = 1; tries <= releaseTries; tries += 1) {
      try {
        const lease = this.#lease ?? (await client.read(call));
        if (lease === undefined || holderOf(lease) !== identity) return;
        const now = microTime(this.#scheduler.now());
        // client-go's release: the shortest duration that the API server accepts.
        const free = { holderIdentity: "", leaseDurationSeconds: 1, acquireTime: now, renewTime: now };
        await client.replace(lease, { ...lease.spec, ...free }, call);
        return;
      } catch (error) {
        // A renewal that was on its way when the stop came has arrived after all.
        this.#lease = undefined;
        if (!isKubeApiError(error, 409)) return this.#report(error);
      }
    }
  }

  #restMs(): number {
    const { retryMs } = this.#timing;
    if (this.isLeader) return retryMs;
    const { least, spread } = candidatePace;
    const restMs = retryMs * (least + spread * this.#scheduler.random());
    const observed = this.#observed;
    const leftMs =
      observed === undefined ? 0 : observed.at + observed.durationMs - this.#scheduler.monotonic();
    return leftMs > 0 ? Math.min(restMs, leftMs) : restMs;
  }

  #announce(change: LeadershipChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  #report(error: unknown): void {
    const text = String(error);
    if (text === this.#trouble) return;
    this.#trouble = text;
    this.#options.onTrouble?.(error);
  }
}

function holderOf(lease: Lease | undefined): string {
  return lease?.spec?.holderIdentity ?? "";
}
