import type { IssuerLimits } from "@countersign/issuer-signer";
import type { Scheduler } from "../queue/scheduler.ts";
import { TokenBucket } from "./token-bucket.ts";

/** Options of {@link IssuerSlots}. */
export interface IssuerSlotsOptions {
  /** Calls of all signers at once, those not counted that only wait for their PKI. */
  readonly maxConcurrent: number;
  /** Calls of one issuer's signer at once, all counted. */
  readonly maxConcurrentPerIssuer: number;
  /** Calls of one issuer's signer per second; Infinity: no limit. */
  readonly maxPerSecondPerIssuer: number;
  readonly scheduler: Pick<Scheduler, "monotonic" | "after">;
}

/** What the issuer itself allows, within the options. */
export type SlotLimits = Pick<IssuerLimits, "maxConcurrentSigns" | "maxSignsPerSecond">;

/** Leave to call the signer: call `leave` when the call has ended. */
export interface IssuerSlot {
  readonly leave: () => void;
}

/**
 * A call that takes longer waits for its PKI, and so costs a socket rather than work: it is not counted among all calls any
 * more. Long enough that most calls count to their end, short enough that a PKI that begins to hang costs the others next
 * to nothing.
 */
export const slotPatienceMs = 500;

interface Gate {
  readonly issuer: string;
  /** Slots that are taken or kept for a request. */
  active: number;
  maxConcurrent: number;
  /** The call that ended or outlasted the patience last has outlasted it: the next are not counted from the beginning. */
  slow: boolean;
  /** Requests that wait for a slot, in their order, and how each is woken. */
  readonly waiting: Map<string, () => void>;
  bucket: TokenBucket;
  /** Ends the wait for the rate. */
  cancelTimer: (() => void) | undefined;
}

interface Place {
  readonly gate: Gate;
  /** Whether it is one of `maxConcurrent`. */
  counted: boolean;
}

/**
 * Who may call a signer now. Each issuer has slots of its own, so one whose PKI hangs keeps no other from its PKI; calls
 * that only wait for their PKI do not count among all; what becomes free goes round the issuers that want it.
 *
 * A request that finds no slot goes back and holds nothing. When its turn comes a slot is kept for it and it is woken; its
 * next look takes the slot, or leaves it to the next.
 *
 * Invariant: a request that waits has a gate that is full, that waits for its rate, or that is ready while every place
 * among all is taken. Each of these ends with a call of `#refresh` or `#goRound`.
 */
export class IssuerSlots {
  readonly #options: IssuerSlotsOptions;
  readonly #gates = new Map<string, Gate>();
  /** Where a request waits: at one gate only, though another of its name may have named another issuer. */
  readonly #waiting = new Map<string, Gate>();
  /** Slots that are kept for requests that have been woken. A request with one waits nowhere. */
  readonly #offers = new Map<string, Place>();
  /** Gates where a request waits for nothing but a place among all; the first has its turn next. */
  readonly #ready = new Set<Gate>();
  #counted = 0;

  constructor(options: IssuerSlotsOptions) {
    this.#options = options;
  }

  /** A slot; or undefined: `wake` is called when one is kept for the request, which then has to be looked at again. */
  enter(issuer: string, request: string, wake: () => void, limits: SlotLimits = {}): IssuerSlot | undefined {
    const offer = this.#offers.get(request);
    if (offer?.gate.issuer === issuer) {
      this.#offers.delete(request);
      return this.#begin(offer);
    }
    if (offer !== undefined) this.#decline(request, offer);
    const gate = this.#gate(issuer);
    this.#limit(gate, limits);
    if (this.#waiting.get(request) !== gate) this.#leaveLine(request);
    if (gate.waiting.size === 0 && this.#hasRoom(gate) && (gate.slow || this.#hasPlace)) {
      return this.#begin(this.#take(gate));
    }
    gate.waiting.set(request, wake);
    this.#waiting.set(request, gate);
    this.#refresh(gate);
    // More may go at once than at the last look, where the issuer's limits have changed.
    this.#goRound();
    return undefined;
  }

  /** Looks at a request: a slot that was kept for it, and that the look does not take, goes to the next. */
  async lookAt<T>(request: string, look: () => Promise<T>): Promise<T> {
    const offer = this.#offers.get(request);
    try {
      return await look();
    } finally {
      // What has been offered since the look began is for the next look.
      if (offer !== undefined && this.#offers.get(request) === offer) this.#decline(request, offer);
    }
  }

  #decline(request: string, offer: Place): void {
    this.#offers.delete(request);
    offer.gate.bucket.giveBack();
    this.#giveUp(offer);
  }

  #leaveLine(request: string): void {
    const gate = this.#waiting.get(request);
    if (gate === undefined) return;
    this.#waiting.delete(request);
    gate.waiting.delete(request);
    this.#refresh(gate);
  }

  get #hasPlace(): boolean {
    return this.#counted < this.#options.maxConcurrent;
  }

  #hasRoom({ active, maxConcurrent, bucket }: Gate): boolean {
    return active < maxConcurrent && bucket.waitMs === 0;
  }

  #gate(issuer: string): Gate {
    let gate = this.#gates.get(issuer);
    if (gate === undefined) {
      const { maxConcurrentPerIssuer: maxConcurrent, maxPerSecondPerIssuer: perSecond } = this.#options;
      const bucket = this.#bucket(perSecond);
      const waiting = new Map<string, () => void>();
      gate = { issuer, active: 0, maxConcurrent, slow: false, waiting, bucket, cancelTimer: undefined };
      this.#gates.set(issuer, gate);
    }
    return gate;
  }

  #bucket(perSecond: number): TokenBucket {
    const { scheduler } = this.#options;
    return new TokenBucket({ perSecond, monotonic: () => scheduler.monotonic() });
  }

  /** The issuer's limits change with its spec. */
  #limit(gate: Gate, { maxConcurrentSigns = Infinity, maxSignsPerSecond = Infinity }: SlotLimits): void {
    const { maxConcurrentPerIssuer, maxPerSecondPerIssuer } = this.#options;
    gate.maxConcurrent = Math.min(maxConcurrentPerIssuer, maxConcurrentSigns);
    const perSecond = Math.min(maxPerSecondPerIssuer, maxSignsPerSecond);
    if (perSecond !== gate.bucket.perSecond) gate.bucket = this.#bucket(perSecond);
  }

  #take(gate: Gate): Place {
    const counted = !gate.slow;
    if (counted) this.#counted += 1;
    gate.active += 1;
    gate.bucket.take();
    return { gate, counted };
  }

  #begin(place: Place): IssuerSlot {
    const { gate } = place;
    let patient = true;
    const cancel = this.#options.scheduler.after(slotPatienceMs, () => {
      patient = false;
      gate.slow = true;
      this.#uncount(place);
      this.#refresh(gate);
      this.#goRound();
    });
    let left = false;
    return {
      leave: () => {
        if (left) return;
        left = true;
        cancel();
        gate.slow = !patient;
        this.#giveUp(place);
      },
    };
  }

  #uncount(place: Place): void {
    if (place.counted) this.#counted -= 1;
    place.counted = false;
  }

  #giveUp(place: Place): void {
    const { gate } = place;
    this.#uncount(place);
    gate.active -= 1;
    this.#refresh(gate);
    this.#goRound();
  }

  /** Offers what the gate can give without a place among all, and sees what its requests wait for else. */
  #refresh(gate: Gate): void {
    while (gate.slow && gate.waiting.size > 0 && this.#hasRoom(gate)) this.#offer(gate);
    if (gate.waiting.size > 0 && this.#hasRoom(gate)) this.#ready.add(gate);
    else this.#ready.delete(gate);
    this.#awaitRate(gate);
    // With a rate limit the bucket must outlive the quiet, or a burst would follow each one.
    const forgettable = gate.bucket.perSecond === Number.POSITIVE_INFINITY;
    if (forgettable && gate.active === 0 && gate.waiting.size === 0) this.#gates.delete(gate.issuer);
  }

  /** Offers the places among all that are free, one by one to each gate that is ready. */
  #goRound(): void {
    for (const gate of this.#ready) {
      if (!this.#hasPlace) return;
      // Behind the others, if it is still ready afterwards.
      this.#ready.delete(gate);
      this.#offer(gate);
      this.#refresh(gate);
    }
  }

  #offer(gate: Gate): void {
    for (const [request, wake] of gate.waiting) {
      gate.waiting.delete(request);
      this.#waiting.delete(request);
      this.#offers.set(request, this.#take(gate));
      wake();
      return;
    }
  }

  #awaitRate(gate: Gate): void {
    const { maxConcurrentPerIssuer, scheduler } = this.#options;
    if (gate.cancelTimer !== undefined) return;
    const { waitMs } = gate.bucket;
    if (gate.waiting.size === 0 || gate.active >= maxConcurrentPerIssuer || waitMs === 0) return;
    gate.cancelTimer = scheduler.after(waitMs, () => {
      gate.cancelTimer = undefined;
      this.#refresh(gate);
      this.#goRound();
    });
  }
}
