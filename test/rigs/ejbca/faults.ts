import type { MakeBad } from "@countersign/issuer-testing";
import type { Answer } from "./answer.ts";
import type { RouteName } from "./routes.ts";

/** What goes wrong with a call. */
export type FaultAction =
  /** The connection is reset before anything is done. */
  | { readonly kind: "reset" }
  /** Everything is done, a certificate issued, and the connection reset instead of an answer. */
  | { readonly kind: "lose" }
  /** Nothing is done and nothing said, until `stop()`. */
  | { readonly kind: "hang" }
  /** Waits, then goes on as usual. */
  | { readonly kind: "delay"; readonly ms: number }
  /** Says this and does nothing. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly body?: string | undefined;
      readonly contentType?: string | undefined;
      readonly headers?: Readonly<Record<string, string>> | undefined;
    }
  /** Another call made the end entity in the same moment: 400 `User X already exists.`, nothing done. */
  | { readonly kind: "alreadyExists" }
  /** Issues, then answers with a bad certificate instead; see `ejbcaBadCertificates`. */
  | { readonly kind: "badCertificate"; readonly make: MakeBad }
  /** Issues, then answers something else; see `oddAnswers`. */
  | { readonly kind: "tamper"; readonly answer: (good: Answer) => Answer };

/** When something goes wrong. */
export interface FaultRule {
  readonly action: FaultAction;
  /** Every route unless given. */
  readonly route?: RouteName | undefined;
  /** Only calls whose body names it. */
  readonly username?: string | undefined;
  /** Only this node. */
  readonly node?: number | undefined;
  /** How often; once unless given. */
  readonly times?: number | undefined;
}

/** A rule at work. */
export interface FaultHandle {
  /** How many calls it has hit. */
  readonly hits: number;
  remove(): void;
}

interface ActiveRule {
  readonly rule: FaultRule;
  left: number;
  hits: number;
}

/**
 * How the database is. `gone`: enrolment fails with 500, the CA list comes from the cache and **a search finds nothing, with
 * 200**; `goneForLong`: list and search fail as well. `frozen`: every call hangs until the thaw, and is then carried out,
 * whether its client has waited or not.
 */
export type DatabaseState = "up" | "gone" | "goneForLong" | "frozen";

/** Where the application server is: suspended (503), without the application (404), while it starts (500); HTML each. */
export type Lifecycle = "running" | "suspended" | "undeployed" | "starting";

/** What can be made to go wrong, while the simulator runs. */
export class Faults {
  readonly #rules: ActiveRule[] = [];
  #database: DatabaseState = "up";
  #thawed: (() => void)[] = [];
  lifecycle: Lifecycle = "running";
  /** Searches of both versions find nothing, with 200. */
  searchFindsNothing = false;

  get database(): DatabaseState {
    return this.#database;
  }

  set database(state: DatabaseState) {
    this.#database = state;
    if (state !== "frozen") for (const wake of this.#thawed.splice(0)) wake();
  }

  add(rule: FaultRule): FaultHandle {
    const active: ActiveRule = { rule, left: rule.times ?? 1, hits: 0 };
    this.#rules.push(active);
    return {
      get hits() {
        return active.hits;
      },
      remove: () => {
        active.left = 0;
      },
    };
  }

  /** Resolves at once unless the database is frozen. */
  async thaw(): Promise<void> {
    if (this.#database === "frozen") await new Promise<void>((wake) => this.#thawed.push(wake));
  }

  /** The first rule that fits the call, counted as used. */
  take(call: {
    readonly route: RouteName;
    readonly node: number;
    readonly body: unknown;
  }): FaultAction | undefined {
    const username = (call.body as { readonly username?: unknown } | undefined | null)?.username;
    const active = this.#rules.find(
      ({ rule, left }) =>
        left > 0 &&
        (rule.route ?? call.route) === call.route &&
        (rule.node ?? call.node) === call.node &&
        (rule.username === undefined || rule.username === username),
    );
    if (active === undefined) return undefined;
    active.left -= 1;
    active.hits += 1;
    return active.rule.action;
  }
}
