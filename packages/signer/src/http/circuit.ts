/** When a circuit opens and how long it stays open. */
export interface CircuitOptions {
  /** Failures in a row that open it. */
  readonly failureThreshold: number;
  /** Share of failures among the last {@link windowCalls} that opens it, once there are {@link minimumCalls}. */
  readonly failureRatio: number;
  readonly windowCalls: number;
  readonly minimumCalls: number;
  /** From opening to the first probe, in milliseconds; doubled by every probe that fails. */
  readonly coolDownMs: number;
  readonly maxCoolDownMs: number;
  /** Share of the cool-down that is added at most, by chance, so that the issuers of one PKI do not probe together. */
  readonly jitter: number;
  /** After this time a probe that has not ended counts as lost, and another is let through; in milliseconds. */
  readonly probeTimeoutMs: number;
}

/** The defaults: at most one probe in 10 s, and no more than 36 s after a PKI is back it is asked again. */
export const circuitDefaults: CircuitOptions = Object.freeze({
  failureThreshold: 5,
  failureRatio: 0.5,
  windowCalls: 20,
  minimumCalls: 10,
  coolDownMs: 10_000,
  maxCoolDownMs: 30_000,
  jitter: 0.2,
  /** Above the deadline of a call, so that it is only ever a caller that forgot its call. */
  probeTimeoutMs: 90_000,
});

/** Fills the gaps. Throws a TypeError that names the option. */
export function completeCircuitOptions(options: Partial<CircuitOptions> = {}): CircuitOptions {
  const complete = { ...circuitDefaults, ...options };
  for (const [name, value] of Object.entries(complete)) {
    if (!(Number.isFinite(value) && value >= 0 && (value > 0 || name === "jitter")))
      throw new TypeError(`Expected \`circuit.${name}\` to be a positive number, got \`${value}\``);
  }
  return complete;
}

/**
 * The health of one endpoint, as a value. `closed` lets calls through; `open` none until {@link until}; `half-open` has
 * one probe under way, and lets another through only when that one is lost.
 */
export interface Circuit {
  readonly status: "closed" | "open" | "half-open";
  /** Changes with the status: the outcome of a call that was let through in another epoch is history. */
  readonly epoch: number;
  /** Failures since the last success. */
  readonly failures: number;
  /** The last outcomes while closed, true for a failure. */
  readonly recent: readonly boolean[];
  /** Openings since it was last closed. */
  readonly trips: number;
  /** Open: when a probe may go. Half-open: when the probe counts as lost. In the milliseconds of the caller's clock. */
  readonly until: number;
  /** The endpoint asked not to be called before (Retry-After), whatever the status. */
  readonly restUntil: number;
}

/** How a call ended for the health of its endpoint. An abandoned call says nothing. */
export type CallOutcome =
  | { readonly kind: "success" | "abandoned" }
  | { readonly kind: "failure"; readonly retryAfterMs?: number | undefined };

/** A circuit without history. */
export const closedCircuit: Circuit = Object.freeze({
  status: "closed",
  epoch: 0,
  failures: 0,
  recent: [],
  trips: 0,
  until: Number.NEGATIVE_INFINITY,
  restUntil: Number.NEGATIVE_INFINITY,
});

/** The earliest time at which the circuit lets a call through, as far as is known now; in the past if it does. */
export function opensAt(circuit: Circuit): number {
  return circuit.status === "closed" ? circuit.restUntil : Math.max(circuit.until, circuit.restUntil);
}

/** The circuit with one more call let through, or undefined if it lets none. The call's epoch is the result's. */
export function admit(circuit: Circuit, now: number, options: CircuitOptions): Circuit | undefined {
  if (now < opensAt(circuit)) return undefined;
  if (circuit.status === "closed") return circuit;
  return { ...circuit, status: "half-open", epoch: circuit.epoch + 1, until: now + options.probeTimeoutMs };
}

/** What {@link settle} needs beside the circuit. */
export interface Settlement {
  /** Of the call, as {@link admit} gave it. */
  readonly epoch: number;
  readonly outcome: CallOutcome;
  readonly now: number;
  /** In [0, 1). */
  readonly random: number;
  readonly options: CircuitOptions;
}

/** The circuit after a call has ended. */
export function settle(circuit: Circuit, settlement: Settlement): Circuit {
  const { epoch, outcome, now, options } = settlement;
  const rested = outcome.kind === "failure" ? rest(circuit, now, outcome.retryAfterMs) : circuit;
  if (epoch !== circuit.epoch) return rested;
  switch (outcome.kind) {
    case "abandoned":
      return circuit.status === "closed"
        ? circuit
        : { ...circuit, status: "open", epoch: epoch + 1, until: now };
    case "success":
      return circuit.status === "closed"
        ? { ...circuit, failures: 0, recent: remember(circuit.recent, false, options) }
        : { ...closedCircuit, epoch: epoch + 1, restUntil: circuit.restUntil };
    case "failure": {
      const failures = circuit.failures + 1;
      const recent = remember(circuit.recent, true, options);
      if (circuit.status === "closed" && !isTripped(failures, recent, options))
        return { ...rested, failures, recent };
      return trip({ ...rested, failures, recent }, settlement);
    }
  }
}

function rest(circuit: Circuit, now: number, retryAfterMs = 0): Circuit {
  return retryAfterMs > 0
    ? { ...circuit, restUntil: Math.max(circuit.restUntil, now + retryAfterMs) }
    : circuit;
}

function remember(recent: readonly boolean[], failed: boolean, { windowCalls }: CircuitOptions) {
  return [...recent, failed].slice(-windowCalls);
}

function isTripped(failures: number, recent: readonly boolean[], options: CircuitOptions): boolean {
  if (failures >= options.failureThreshold) return true;
  const failed = recent.filter(Boolean).length;
  return recent.length >= options.minimumCalls && failed / recent.length >= options.failureRatio;
}

function trip(circuit: Circuit, { now, random, options }: Settlement): Circuit {
  const { coolDownMs, maxCoolDownMs, jitter } = options;
  const base = Math.min(maxCoolDownMs, coolDownMs * 2 ** Math.min(circuit.trips, 30));
  return {
    ...circuit,
    status: "open",
    epoch: circuit.epoch + 1,
    trips: circuit.trips + 1,
    until: now + base * (1 + jitter * random),
  };
}
