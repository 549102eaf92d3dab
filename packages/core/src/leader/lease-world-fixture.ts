import { isDeepStrictEqual } from "node:util";
import { KubeApiError } from "../kube/kube-api-error.ts";
import { KubeNetworkError } from "../kube/kube-network-error.ts";
import type { ManualScheduler } from "../queue/manual-scheduler-fixture.ts";
import type { Scheduler } from "../queue/scheduler.ts";
import { LeaderElection } from "./leader-election.ts";
import type { LeaderElectionTiming } from "./leader-election-options.ts";
import type { Lease, LeaseClient, LeaseSpec } from "./lease.ts";

/** What becomes of one call: delays before and after the server looks at it, and whether it or its answer is lost. */
export interface Fate {
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly lost: "nothing" | "request" | "answer";
}

const swift: Fate = Object.freeze({ beforeMs: 5, afterMs: 5, lost: "nothing" });

/** One Lease on an API server, in the true time of `scheduler`. */
export class LeaseServer {
  readonly scheduler: ManualScheduler;
  readonly #fate: () => Fate;
  lease: Lease | undefined;
  /** Calls that the server has looked at, such as `update`. */
  readonly calls: string[] = [];
  #version = 0;

  constructor(scheduler: ManualScheduler, fate: () => Fate = () => swift) {
    this.scheduler = scheduler;
    this.#fate = fate;
  }

  get holder(): string {
    return this.lease?.spec?.holderIdentity ?? "";
  }

  /** Somebody else writes, without a look at the version. */
  write(spec: LeaseSpec): Lease {
    // The API server stores nothing, and gives no new version, where nothing changes.
    if (this.lease === undefined || !isDeepStrictEqual(this.lease.spec, spec)) {
      this.#version += 1;
      const metadata = {
        name: "lease",
        namespace: "ns",
        uid: "u",
        creationTimestamp: "2026-01-01T00:00:00Z",
        resourceVersion: String(this.#version),
        labels: { kept: "yes" },
      };
      this.lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec };
    }
    return this.lease;
  }

  /** The Lease as one process reaches it; answers wait while that process is stopped. */
  client(awake: () => Promise<void> = async () => {}): LeaseClient {
    const call = async <T>(verb: string, timeoutMs: number, act: () => T): Promise<T> => {
      const { beforeMs, afterMs, lost } = this.#fate();
      const started = this.scheduler.monotonic();
      await this.#sleep(beforeMs);
      let settle: () => T = () => {
        throw new KubeNetworkError("timeout", "no answer");
      };
      // What a client no longer waits for may arrive all the same.
      if (lost !== "request") {
        this.calls.push(verb);
        try {
          const result = structuredClone(act());
          if (lost === "nothing") settle = () => result;
        } catch (error) {
          if (lost === "nothing") settle = () => Promise.reject(error) as T;
        }
      }
      await this.#sleep(afterMs);
      const late = this.scheduler.monotonic() - started > timeoutMs;
      // An answer that has come before the process was stopped is read before its timers run.
      await awake();
      if (late) throw new KubeNetworkError("timeout", "no answer");
      return settle();
    };
    return {
      read: ({ timeoutMs }) => call("get", timeoutMs, () => this.lease),
      create: (spec, { timeoutMs }) =>
        call("create", timeoutMs, () => {
          if (this.lease !== undefined) throw conflict("AlreadyExists");
          return this.write(spec);
        }),
      replace: (lease, spec, { timeoutMs }) =>
        call("update", timeoutMs, () => {
          if (this.lease?.metadata.resourceVersion !== lease.metadata.resourceVersion)
            throw conflict("Conflict");
          return this.write(spec);
        }),
    };
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.scheduler.after(ms, resolve));
  }
}

function conflict(reason: string): KubeApiError {
  return new KubeApiError({ status: 409, reason, message: reason, request: "lease" });
}

/** Clocks of a process, as far as they differ from true time. */
export interface Clocks {
  /** Speed of the monotonic clock. */
  readonly rate?: number;
  /** The wall clock's error, in milliseconds; may change. */
  readonly skewMs?: () => number;
}

/** Options of a {@link Candidate}. */
export interface CandidateOptions {
  readonly identity: string;
  readonly random?: () => number;
  readonly clocks?: Clocks;
  readonly timing?: Partial<LeaderElectionTiming>;
}

/** A process with an election, which can be stopped and continued as SIGSTOP and SIGCONT do. */
export class Candidate {
  readonly identity: string;
  readonly election: LeaderElection;
  readonly troubles: unknown[] = [];
  /** Reasons of the losses, and "acquired". */
  readonly news: string[] = [];
  #asleep: PromiseWithResolvers<void> | undefined;
  #missed: (() => void)[] = [];

  constructor(server: LeaseServer, { identity, random = () => 0.5, clocks = {}, timing }: CandidateOptions) {
    const { scheduler: world } = server;
    const { rate = 1, skewMs = () => 0 } = clocks;
    const scheduler: Scheduler = {
      now: () => 1.8e12 + world.now() + skewMs(),
      monotonic: () => 1_000 + world.monotonic() * rate,
      random,
      after: (ms, action) =>
        world.after(ms / rate, () => {
          if (this.#asleep === undefined) action();
          else this.#missed.push(action);
        }),
    };
    this.identity = identity;
    this.election = new LeaderElection({
      client: server.client(() => this.#asleep?.promise ?? Promise.resolve()),
      identity,
      timing,
      scheduler,
      onTrouble: (error) => this.troubles.push(error),
    });
    this.election.onChange((change) => this.news.push(change.leader ? "acquired" : change.reason));
  }

  get asleep(): boolean {
    return this.#asleep !== undefined;
  }

  /** Whether a call of the PKI would be let through now. */
  get passes(): boolean {
    try {
      this.election.assertHeld();
      return true;
    } catch {
      return false;
    }
  }

  freeze(): void {
    this.#asleep ??= Promise.withResolvers();
  }

  /** Continues; `first` runs before any timer that came due meanwhile. */
  thaw(first: () => void = () => {}): void {
    const missed = this.#missed;
    this.#missed = [];
    this.#asleep?.resolve();
    this.#asleep = undefined;
    first();
    for (const action of missed) action();
  }
}
