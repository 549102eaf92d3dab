import type { SimulatorAnswer } from "./answer.ts";

/** Which calls a fault meets. */
export interface FaultScope {
  /** Part of the path, in any case: `certificates/retrieve`. Every call unless given. */
  readonly path?: string | undefined;
  /** How many calls; 1 unless given, `Infinity` for all from now on. */
  readonly times?: number | undefined;
}

/** What happens to a call. */
export type FaultAction =
  /** This is answered and nothing is done. */
  | { readonly kind: "answer"; readonly answer: SimulatorAnswer }
  /** All is done, then the connection is reset instead of an answer. */
  | { readonly kind: "loseAnswer" }
  /** The connection is reset and nothing is done. */
  | { readonly kind: "reset" }
  /** Nothing is done and nothing answered until `calm()`. */
  | { readonly kind: "hang" }
  | { readonly kind: "delay"; readonly ms: number };

interface Rule {
  readonly path: string;
  readonly action: FaultAction;
  left: number;
}

/** Faults of a server's network and front end, in the order in which they were asked for; one for each call. */
export class Faults {
  #rules: Rule[] = [];
  readonly #release = new Set<() => void>();

  /** The next calls are answered so, as a proxy or an overloaded front end would. */
  failNext(answer: SimulatorAnswer, scope: FaultScope = {}): void {
    this.#add({ kind: "answer", answer }, scope);
  }

  /** 429 with `Retry-After`. */
  rateLimitNext(retryAfterSeconds: number, scope: FaultScope = {}): void {
    const headers = { "retry-after": String(retryAfterSeconds) };
    this.failNext({ status: 429, headers, json: { message: "API rate limit exceeded" } }, scope);
  }

  /** The call is carried out, but its answer never arrives: what was committed stays so. */
  loseAnswer(scope: FaultScope = {}): void {
    this.#add({ kind: "loseAnswer" }, scope);
  }

  /** The connection is reset before anything is done. */
  resetNext(scope: FaultScope = {}): void {
    this.#add({ kind: "reset" }, scope);
  }

  /** The call is taken and never answered. */
  hangNext(scope: FaultScope = {}): void {
    this.#add({ kind: "hang" }, scope);
  }

  delayNext(ms: number, scope: FaultScope = {}): void {
    this.#add({ kind: "delay", ms }, scope);
  }

  /** No more faults from now on; connections of calls that hang are reset. */
  calm(): void {
    this.#rules = [];
    for (const release of this.#release) release();
    this.#release.clear();
  }

  /** Takes the fault that meets a call, if there is one. */
  take(path: string): FaultAction | undefined {
    const rule = this.#rules.find((candidate) => path.toLowerCase().includes(candidate.path));
    if (rule === undefined) return undefined;
    rule.left -= 1;
    if (rule.left <= 0) this.#rules = this.#rules.filter((candidate) => candidate !== rule);
    return rule.action;
  }

  /** `release` is called by {@link calm}. */
  hanging(release: () => void): void {
    this.#release.add(release);
  }

  #add(action: FaultAction, { path = "", times = 1 }: FaultScope): void {
    this.#rules.push({ path: path.toLowerCase(), action, left: times });
  }
}
