import type { Verb } from "./http/request-info.ts";
import type { WatchFilter, WatchStreams } from "./verbs/watch-streams.ts";

/** What happens to a request that a rule hits. */
export type FaultAction =
  /** Answers with a metav1.Status instead of handling the request. 429 and 503 may carry Retry-After. */
  | {
      readonly type: "status";
      readonly code: number;
      readonly reason?: string;
      readonly message?: string;
      readonly retryAfterSeconds?: number;
    }
  /** Resets the connection before the request is handled. */
  | { readonly type: "reset" }
  /** Handles the request only after so many milliseconds. */
  | { readonly type: "stall"; readonly ms: number }
  /** Handles and commits the request, then resets the connection instead of answering. */
  | { readonly type: "dropResponse" }
  /** Opens the watch but never sends anything on it, as a half-dead connection does. Only for watches. */
  | { readonly type: "mute" };

/** Which requests a fault hits, and how often. Absent members match everything. */
export interface FaultRule {
  readonly verb?: Verb | readonly Verb[];
  readonly group?: string;
  readonly resource?: string;
  /** Empty string: only the resource itself; absent: the resource and its subresources. */
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  /** Hits at most so many requests; absent: no limit. */
  readonly times?: number;
  /** Hits a matching request with this probability, 0 to 1; absent: always. */
  readonly probability?: number;
  /** Source of randomness for `probability`, 0 ≤ x < 1. */
  readonly random?: () => number;
  readonly action: FaultAction;
}

/** An active rule. */
export interface FaultHandle {
  /** How many requests it has hit. */
  readonly hits: number;
  /** Ends the rule; has no effect the second time. */
  remove(): void;
}

/** The part of a request that rules look at. */
export interface FaultTarget {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

/** Makes the server misbehave on demand. Rules are tried in the order they were added; the first that hits decides. */
export class FaultInjector {
  readonly #rules = new Set<ActiveRule>();
  readonly #watches: WatchStreams;

  constructor(watches: WatchStreams) {
    this.#watches = watches;
  }

  /** Activates a rule. */
  add(rule: FaultRule): FaultHandle {
    const active = new ActiveRule(rule, () => this.#rules.delete(active));
    this.#rules.add(active);
    return active;
  }

  /** Ends all rules. */
  clear(): void {
    this.#rules.clear();
  }

  /** Resets the connections of open watches. Returns how many. */
  cutWatches(filter?: WatchFilter): number {
    const streams = this.#watches.matching(filter);
    for (const { response } of streams) response.socket?.resetAndDestroy();
    return streams.length;
  }

  /** Ends open watches in good order, as the server does when their time is over. Returns how many. */
  endWatches(filter?: WatchFilter): number {
    const streams = this.#watches.matching(filter);
    for (const stream of streams) stream.end();
    return streams.length;
  }

  /** Sends an ERROR event on open watches and ends them; 410 Expired unless told otherwise. Returns how many. */
  failWatches(
    filter?: WatchFilter,
    code = 410,
    reason = "Expired",
    message = "too old resource version",
  ): number {
    const streams = this.#watches.matching(filter);
    for (const stream of streams) stream.fail(code, reason, message);
    return streams.length;
  }

  /** What to do with a request; undefined: nothing unusual. Counts as a hit. */
  decide(target: FaultTarget): FaultAction | undefined {
    for (const rule of this.#rules) {
      const action = rule.decide(target);
      if (action) return action;
    }
    return undefined;
  }
}

class ActiveRule implements FaultHandle {
  #hits = 0;
  readonly #rule: FaultRule;
  readonly #remove: () => void;

  constructor(rule: FaultRule, remove: () => void) {
    const { probability = 1, times } = rule;
    if (!(probability >= 0 && probability <= 1)) {
      throw new TypeError(`Expected \`probability\` to be a number from 0 to 1, got \`${probability}\``);
    }
    if (times !== undefined && !(Number.isInteger(times) && times >= 1)) {
      throw new TypeError(`Expected \`times\` to be an integer from 1 up, got \`${times}\``);
    }
    this.#rule = rule;
    this.#remove = remove;
  }

  get hits(): number {
    return this.#hits;
  }

  remove(): void {
    this.#remove();
  }

  decide(target: FaultTarget): FaultAction | undefined {
    const { times, probability, random = Math.random, action } = this.#rule;
    if (!matches(this.#rule, target)) return undefined;
    if (probability !== undefined && random() >= probability) return undefined;
    this.#hits += 1;
    if (times !== undefined && this.#hits >= times) this.remove();
    return action;
  }
}

function matches(rule: FaultRule, target: FaultTarget): boolean {
  const { verb } = rule;
  if (
    verb !== undefined &&
    !(typeof verb === "string" ? verb === target.verb : verb.some((one) => one === target.verb))
  ) {
    return false;
  }
  const fields = ["group", "resource", "subresource", "namespace", "name"] as const;
  return fields.every((field) => rule[field] === undefined || rule[field] === target[field]);
}
