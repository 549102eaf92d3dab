import {
  IssuerError,
  issuedNothing,
  RetryableError,
  retryAfterMs,
  SignerError,
  signerErrorCode,
} from "../errors.ts";
import {
  admit,
  type CallOutcome,
  type Circuit,
  type CircuitOptions,
  closedCircuit,
  completeCircuitOptions,
  opensAt,
  settle,
} from "./circuit.ts";
import { type Clock, systemClock } from "./clock.ts";
import { requestWasSent } from "./http-failure.ts";

/** What {@link Endpoints} needs. */
export interface EndpointsOptions {
  /** Base URLs of one PKI, the preferred one first; each of them can serve every call. */
  readonly urls: readonly string[];
  readonly circuit?: Partial<CircuitOptions> | undefined;
  readonly clock?: Pick<Clock, "monotonic"> | undefined;
  /** Uniform in [0, 1). */
  readonly random?: (() => number) | undefined;
  /**
   * Told of each endpoint's state at first and whenever it changes, such as `reports.circuit`. What it throws is dropped:
   * a metric may not fail a signature.
   */
  readonly onChange?: ((change: CircuitChange) => void) | undefined;
}

/** The circuit breaker of an endpoint has a state. */
export interface CircuitChange {
  /** Host and port. */
  readonly endpoint: string;
  readonly state: Circuit["status"];
}

/** Options of one call. */
export interface EndpointsCallOptions {
  /** Whether the call may reach two endpoints; otherwise the next is tried only while nothing can have been issued. */
  readonly idempotent?: boolean | undefined;
  /** The caller's: when it has aborted, an error says nothing about the endpoint and no other is tried. */
  readonly signal?: AbortSignal | undefined;
}

/** The health of one endpoint, for metrics. What nobody asks stays as it is: an open circuit closes by a call. */
export interface EndpointState {
  readonly url: string;
  readonly status: Circuit["status"];
  /** Milliseconds until it may be called; 0 if it may. */
  readonly waitMs: number;
  /** Whether the next call begins here. */
  readonly isCurrent: boolean;
}

/** Half-open, a probe is under way: its result is due soon, so look again after this many milliseconds. */
const probeDueMs = 1_000;

/**
 * The endpoints of one PKI with the memory of their health: calls stay with the endpoint that last worked, go on to the
 * next where that cannot do harm, and spare those that are down (a circuit breaker each) or asked for rest (Retry-After).
 *
 * @example
 * const endpoints = new Endpoints({ urls: spec.urls, onChange: reports.circuit });
 * const order = await endpoints.call(
 *   (url) => http.post(`${url}/orders`, { json: { csr, key: attemptId }, idempotent: true, signal }),
 *   { idempotent: true, signal },
 * );
 */
export class Endpoints {
  readonly #urls: readonly string[];
  readonly #circuits: Circuit[];
  readonly #options: CircuitOptions;
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #random: () => number;
  readonly #onChange: ((change: CircuitChange) => void) | undefined;
  #current = 0;
  /** Shown while every circuit is open and there is no newer error. */
  #lastProblem = "none is known.";

  /** Throws an {@link IssuerError} for no or repeated URLs, which come from an issuer's spec. */
  constructor(options: EndpointsOptions) {
    const { urls, circuit, clock = systemClock, random = Math.random, onChange } = options;
    if (urls.length === 0) throw new IssuerError("The issuer names no URL of its PKI. Add one to its spec.");
    if (new Set(urls).size < urls.length)
      throw new IssuerError("The issuer names a URL of its PKI twice. Remove one from its spec.");
    this.#urls = [...urls];
    this.#circuits = urls.map(() => closedCircuit);
    this.#options = completeCircuitOptions(circuit);
    this.#clock = clock;
    this.#random = random;
    this.#onChange = onChange;
    for (const index of urls.keys()) this.#tell(index);
  }

  /**
   * Calls the current endpoint and, where it fails, those after it. Moves on after a connection that failed, whatever the
   * error, and after a {@link RetryableError} of an idempotent call or one that says that nothing was issued; any other
   * error is the call's result. If no endpoint
   * is left: a RetryableError with the wait until one may be asked, or an {@link IssuerError} where every one failed for its
   * configuration.
   */
  async call<T>(call: (url: string) => Promise<T>, options: EndpointsCallOptions = {}): Promise<T> {
    const first = this.#current;
    const errors: unknown[] = [];
    for (let offset = 0; offset < this.#urls.length; offset += 1) {
      const index = (first + offset) % this.#urls.length;
      options.signal?.throwIfAborted();
      const epoch = this.#admit(index);
      if (epoch === undefined) continue;
      try {
        const result = await call(this.#urls[index] ?? "");
        this.#settle(index, epoch, { kind: "success" });
        this.#current = index;
        return result;
      } catch (error) {
        const outcome = outcomeOf(error, options.signal);
        this.#settle(index, epoch, outcome);
        if (outcome.kind !== "failure") throw error;
        if (error instanceof SignerError) this.#lastProblem = error.message;
        // The next call does not begin with an endpoint that has just failed.
        if (this.#current === index) this.#current = (index + 1) % this.#urls.length;
        if (mayHaveIssued(error) && options.idempotent !== true) throw error;
        errors.push(error);
      }
    }
    throw this.#allDown(errors);
  }

  /** The health of every endpoint, in the order of the URLs. */
  states(): readonly EndpointState[] {
    return this.#urls.map((url, index) => ({
      url,
      status: this.#circuit(index).status,
      waitMs: this.#waitMs(index),
      isCurrent: index === this.#current,
    }));
  }

  #circuit(index: number): Circuit {
    return this.#circuits[index] ?? closedCircuit;
  }

  #admit(index: number): number | undefined {
    const admitted = admit(this.#circuit(index), this.#clock.monotonic(), this.#options);
    if (admitted === undefined) return undefined;
    this.#set(index, admitted);
    return admitted.epoch;
  }

  #settle(index: number, epoch: number, outcome: CallOutcome): void {
    const settled = settle(this.#circuit(index), {
      epoch,
      outcome,
      now: this.#clock.monotonic(),
      random: this.#random(),
      options: this.#options,
    });
    this.#set(index, settled);
  }

  #set(index: number, circuit: Circuit): void {
    const before = this.#circuit(index).status;
    this.#circuits[index] = circuit;
    if (circuit.status !== before) this.#tell(index);
  }

  #tell(index: number): void {
    try {
      this.#onChange?.({ endpoint: hostAndPort(this.#urls[index]), state: this.#circuit(index).status });
    } catch {
      // As the option says: the call goes on.
    }
  }

  #waitMs(index: number): number {
    const circuit = this.#circuit(index);
    const now = this.#clock.monotonic();
    const wait = Math.max(0, opensAt(circuit) - now);
    const rest = Math.max(0, circuit.restUntil - now);
    return circuit.status === "half-open" ? Math.max(rest, Math.min(wait, probeDueMs)) : wait;
  }

  #allDown(errors: readonly unknown[]): SignerError {
    const last = errors.at(-1);
    const isConfiguration = errors.every((error) => signerErrorCode(error) === "ISSUER");
    if (last instanceof SignerError && errors.length === this.#urls.length && isConfiguration) return last;
    const waitMs = Math.ceil(Math.min(...this.#urls.map((_, index) => this.#waitMs(index))));
    const which = this.#urls.length === 1 ? "The PKI's endpoint is" : "All endpoints of the PKI are";
    const error = new RetryableError(`${which} unavailable. Last error: ${this.#lastProblem}`, {
      cause: last,
      retryAfterMs: waitMs > 0 ? waitMs : undefined,
      issuedNothing: !errors.some(mayHaveIssued),
    });
    return Object.assign(error, { requestSent: errors.some(requestWasSent) });
  }
}

/** As the HTTP client names it in its events; it is the client that refuses a URL which is none. */
function hostAndPort(url = ""): string {
  return URL.parse(url)?.host ?? "unknown";
}

function mayHaveIssued(error: unknown): boolean {
  return requestWasSent(error) && !issuedNothing(error);
}

/** An answer, also a refusal, shows an endpoint that works; an error not of the closed set says nothing about it. */
function outcomeOf(error: unknown, signal: AbortSignal | undefined): CallOutcome {
  if (signal?.aborted) return { kind: "abandoned" };
  if (!requestWasSent(error)) return { kind: "failure" };
  if (signerErrorCode(error) !== "RETRYABLE") return { kind: "success" };
  return isOfClosedSet(error)
    ? { kind: "failure", retryAfterMs: retryAfterMs(error) }
    : { kind: "abandoned" };
}

function isOfClosedSet(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < 16; at = at.cause, depth += 1) {
    if ("code" in at && at.code === "RETRYABLE") return true;
  }
  return false;
}
