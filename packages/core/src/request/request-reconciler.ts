import { isPermanent, signerErrorCode } from "@countersign/issuer-signer";
import type { IssuerConnection } from "../issuer/issuer-connection.ts";
import { isOlder } from "../kube/is-older.ts";
import type { CertificateRequest, IssuerObject } from "../kube/types.ts";
import type { IssuerRef, RequestStep } from "../lifecycle/lifecycle.ts";
import type { Scheduler } from "../queue/scheduler.ts";
import type { Park } from "../queue/work-queue.ts";
import {
  type AttemptEnd,
  type AttemptMemory,
  type AttemptOptions,
  type AttemptPorts,
  attempt,
} from "./attempt.ts";
import { type AttemptLimits, type Conclusion, type ConclusionInput, conclude } from "./conclude.ts";
import { type Decision, decide } from "./decide.ts";
import type { IssuerSlot, SlotLimits } from "./issuer-slots.ts";
import { assertLegalStatus } from "./legal-status.ts";
import { type IssuerKey, issuerKeyText } from "./match-issuer.ts";
import { type RequestEvent, type RequestStatus, readAttempt } from "./request-status.ts";
import { requestStep } from "./request-step.ts";
import { RetryWait } from "./retry-wait.ts";
import { keepForReuse, type ReuseInput, reuse } from "./reuse.ts";
import { toSignRequest } from "./sign-request.ts";
import { isFinished } from "./trim-request.ts";

/** How the reconciler reaches the cluster and the issuers. */
export interface RequestPorts extends AttemptPorts {
  request(key: string): CertificateRequest | undefined;
  /** The issuer that the request names; undefined when it is none of ours. */
  match(request: CertificateRequest): IssuerKey | undefined;
  /** @throws PermanentError when the requester may not use the issuer */
  authorize(request: CertificateRequest, issuer: IssuerKey, signal: AbortSignal): Promise<void>;
  issuer(key: IssuerKey): IssuerObject | undefined;
  /** Whether the request is to be left alone. @throws what a hook throws: then nothing is written either */
  ignores(request: CertificateRequest, issuer: IssuerKey, signal: AbortSignal): Promise<boolean>;
  connection(key: string, issuer: IssuerObject): IssuerConnection | undefined;
  /** Leave to call the signer; or undefined: the request will be looked at again. */
  enter(issuer: string, request: string, limits: SlotLimits): IssuerSlot | undefined;
  /** The signer found the issuer at fault: check it now. */
  reportIssuer(key: string, error: unknown, connection: IssuerConnection): void;
  /** The request has begun to back off: `hasten` may end that. */
  backsOff(issuer: IssuerRef, request: string): void;
}

/** Options of {@link RequestReconciler}. */
export interface RequestReconcilerOptions extends AttemptOptions {
  readonly ports: RequestPorts;
  readonly limits: AttemptLimits;
  /** Randomness of the back-off. */
  readonly scheduler: Scheduler;
  /** Keys of the open requests that are left alone, kept up to date here: any change of them is news. */
  readonly ignored: Set<string>;
}

/** What the queue does after one look at a request. */
export type RequestNext =
  | { readonly kind: "settled" }
  /** Look again after this time, in milliseconds. */
  | { readonly kind: "again"; readonly afterMs: number };

/** What is known of one request beyond its object; gone when the object is finished or deleted. */
interface Memory extends AttemptMemory {
  readonly uid: string;
  step: RequestStep;
  readonly wait: RetryWait;
  /** A conclusion whose write is not confirmed: it is written again, and the PKI is never asked again for it. */
  unwritten: Conclusion | undefined;
  /** Another process may have gone on with the request since this one last wrote to it. */
  overtaken: boolean;
  /** The terminal write is confirmed, though the cache may not show it yet. */
  finished: boolean;
  /** The request after the last write of this process, while the cache may be behind it. */
  written: CertificateRequest | undefined;
}

const abandoned =
  "The request was deleted after the PKI had been called for it: there may be a certificate that nobody uses. Revoke it at the PKI where your policy asks for that.";

const settled: RequestNext = Object.freeze({ kind: "settled" });

/** Leads requests along their way: decide, sign, verify, apply. One call at a time for one request. */
export class RequestReconciler {
  readonly #options: RequestReconcilerOptions;
  readonly #memories = new Map<string, Memory>();
  /** The looks that are under way: each ends when its request is gone. */
  readonly #running = new Map<string, AbortController>();
  #looks = 0;

  constructor(options: RequestReconcilerOptions) {
    this.#options = options;
  }

  /** Forgets a request that is deleted, or being deleted. A call of the signer for it is aborted. */
  forget(key: string): void {
    const memory = this.#memories.get(key);
    this.#memories.delete(key);
    this.#options.ignored.delete(key);
    this.#running.get(key)?.abort(new Error("the request was deleted"));
    if (memory?.lastCall === "unknown" && !memory.finished)
      this.#options.lifecycle.announce("request:abandoned", { ...memory.step, message: abandoned });
  }

  /** Ends a request's back-off. Returns after how many milliseconds to look at it; undefined when it does not back off. */
  hasten(key: string): number | undefined {
    return this.#memories.get(key)?.wait.hasten(this.#options.clock());
  }

  /** Another process has led since this one last did: what is known of open requests may have been overtaken. */
  beginTerm(): void {
    for (const memory of this.#memories.values()) {
      memory.overtaken = true;
      memory.lastCall = undefined;
      memory.reported = false;
    }
  }

  /** Looks at one request and does the one thing that is due. Calls of the signer are parked. */
  async reconcile(key: string, signal: AbortSignal, park: Park): Promise<RequestNext> {
    const gone = new AbortController();
    this.#running.set(key, gone);
    try {
      return await this.#look(key, AbortSignal.any([signal, gone.signal]), park);
    } catch (error) {
      if (gone.signal.aborted && !signal.aborted) return settled;
      throw error;
    } finally {
      this.#running.delete(key);
    }
  }

  async #look(key: string, signal: AbortSignal, park: Park): Promise<RequestNext> {
    const { ports, clock, ignored } = this.#options;
    const cached = ports.request(key);
    const issuerKey = cached && ports.match(cached);
    if (cached === undefined || issuerKey === undefined) {
      this.forget(key);
      return settled;
    }
    if (!isFinished(cached) && (await ports.ignores(cached, issuerKey, signal))) {
      ignored.add(key);
      return settled;
    }
    ignored.delete(key);
    const memory = this.#remember(key, cached, issuerKey);
    if (memory.written !== undefined && !isOlder(cached, memory.written)) memory.written = undefined;
    const request = memory.written ?? cached;
    if (memory.overtaken) await this.#compare(request, memory, signal);
    if (memory.finished) return settled;
    if (memory.unwritten !== undefined) return this.#write(key, request, memory, memory.unwritten, signal);
    const decision = this.#decide(request, issuerKey, memory);
    const issuerText = issuerKeyText(issuerKey.kind.kind, issuerKey.namespace, issuerKey.name);
    const connection = this.#connection(issuerKey);
    switch (decision.action) {
      case "ignore":
        this.#memories.delete(key);
        return settled;
      case "wait":
        return decision.atMs === undefined
          ? settled
          : { kind: "again", afterMs: Math.max(0, decision.atMs - clock()) };
      case "write": {
        const { status, event } = decision;
        const next = status.failureTime === undefined ? waitingNext : doneNext;
        return this.#write(key, request, memory, { status, event, next }, signal);
      }
      case "sign":
        // `decide` signs only for a connected issuer.
        return connection === undefined
          ? settled
          : this.#sign(key, request, issuerKey, memory, connection, issuerText, signal, park);
    }
  }

  /** Another's result, or its order at the PKI, is not to be replaced by what this process kept from an earlier term. */
  async #compare(request: CertificateRequest, memory: Memory, signal: AbortSignal): Promise<void> {
    const { definition, ports } = this.#options;
    if (memory.unwritten !== undefined) {
      const fresh = await ports.reread(request, signal);
      memory.finished = fresh === undefined || isFinished(fresh);
      const ordered = fresh !== undefined && readAttempt(definition.group, fresh)?.operation !== undefined;
      if (memory.finished || ordered) memory.unwritten = undefined;
    }
    memory.overtaken = false;
  }

  #connection(issuerKey: IssuerKey): IssuerConnection | undefined {
    const { ports } = this.#options;
    const issuer = ports.issuer(issuerKey);
    const text = issuerKeyText(issuerKey.kind.kind, issuerKey.namespace, issuerKey.name);
    return issuer && ports.connection(text, issuer);
  }

  #decide(request: CertificateRequest, issuerKey: IssuerKey, memory: Memory): Decision {
    const { definition, ports, clock } = this.#options;
    return decide({
      group: definition.group,
      request,
      issuerKind: issuerKey.kind.kind,
      issuerName: issuerKey.name,
      issuer: ports.issuer(issuerKey),
      connected: this.#connection(issuerKey) !== undefined,
      memory: memory.wait,
      now: clock(),
    });
  }

  #remember(key: string, request: CertificateRequest, issuer: IssuerKey): Memory {
    const { group } = this.#options.definition;
    const { uid } = request.metadata;
    this.#looks += 1;
    const known = this.#memories.get(key);
    // The same name with another uid is another request: nothing known of the old one holds for it.
    if (known?.uid === uid) {
      known.step = requestStep({ group, request, issuer, reconcile: this.#looks, before: known.step });
      return known;
    }
    const memory: Memory = {
      uid,
      step: requestStep({ group, request, issuer, reconcile: this.#looks, before: undefined }),
      wait: new RetryWait(),
      unwritten: undefined,
      overtaken: false,
      finished: false,
      written: undefined,
      lastCall: undefined,
      operation: undefined,
      reported: false,
    };
    this.#memories.set(key, memory);
    return memory;
  }

  async #sign(
    key: string,
    request: CertificateRequest,
    issuerKey: IssuerKey,
    memory: Memory,
    connection: IssuerConnection,
    issuerText: string,
    signal: AbortSignal,
    park: Park,
  ): Promise<RequestNext> {
    const { definition, clock, limits, ports } = this.#options;
    const input = {
      request,
      step: memory.step,
      connection,
      memory,
      authorize: () => ports.authorize(request, issuerKey, signal),
      stillDue: async (fresh: CertificateRequest) =>
        this.#decide(fresh, issuerKey, memory).action === "sign" &&
        !(await ports.ignores(fresh, issuerKey, signal)),
      signal,
    };
    const end = (await reuse(this.#options, input)) ?? (await this.#attempt(key, issuerText, input, park));
    if (end === undefined || end.result.status === "overtaken") return settled;
    const { result } = end;
    const base = {
      group: definition.group,
      request: end.request,
      attemptId: end.attemptId,
      times: end.times,
      limits,
      ofIssuer: connection.limits,
      now: clock(),
    };
    const conclusion = this.#conclude({ ...base, result });
    if (conclusion.next.kind === "issuer")
      this.#options.ports.reportIssuer(issuerText, conclusion.next.error, connection);
    memory.unwritten = conclusion;
    return this.#write(key, end.request, memory, conclusion, signal);
  }

  /** Undefined: there is no slot for it now, and the request will be looked at again. */
  async #attempt(
    key: string,
    issuerText: string,
    input: ReuseInput,
    park: Park,
  ): Promise<AttemptEnd | undefined> {
    const { connection, request } = input;
    const slot = this.#options.ports.enter(issuerText, key, connection.limits);
    if (slot === undefined) return undefined;
    try {
      const signRequest = toSignRequest(request);
      await input.authorize();
      const end = await attempt(this.#options, { ...input, signRequest, park });
      keepForReuse(connection, signRequest, end, this.#options.clock());
      return end;
    } catch (error) {
      // What is refused is the request's fault. A stop or the cluster's trouble is not: it is looked at again.
      if (!isPermanent(signerErrorCode(error))) throw error;
      return { result: { status: "error", error }, request, times: {}, attemptId: "" };
    } finally {
      slot.leave();
    }
  }

  /**
   * A signer's own conditions may be impossible to write: its answer is too dear to be lost for them, so they are left out.
   * A state that cannot be kept is an error like any other of the signer.
   */
  #conclude(input: ConclusionInput): Conclusion {
    const { result } = input;
    try {
      const conclusion = conclude(input);
      assertLegalStatus(conclusion.status);
      return conclusion;
    } catch (error) {
      if (result.status === "error" || result.conditions === undefined)
        return conclude({ ...input, result: { status: "error", error } });
      const { namespace = "", name } = input.request.metadata;
      const where = `the signer's conditions for ${namespace}/${name}, which are left out`;
      this.#options.lifecycle.announce("trouble", { where, error });
      return this.#conclude({ ...input, result: { ...result, conditions: undefined } });
    }
  }

  async #write(
    key: string,
    request: CertificateRequest,
    memory: Memory,
    { status, event, warning, next }: Conclusion,
    signal: AbortSignal,
  ): Promise<RequestNext> {
    const { ports, lifecycle, clock } = this.#options;
    const written = await ports.applyStatus(request, status, signal);
    memory.unwritten = undefined;
    if (written === undefined) {
      this.forget(key);
      return settled;
    }
    memory.finished = next.kind === "done";
    memory.written = memory.finished ? undefined : written;
    const { step } = memory;
    const words = ({ type, reason, note: message }: RequestEvent) => ({ ...step, type, reason, message });
    lifecycle.announce(stepName(status, event), words(event));
    if (warning !== undefined) lifecycle.announce("request:differs", words(warning));
    if (next.kind !== "again") return settled;
    const afterMs = memory.wait.begin(next, clock(), this.#options.scheduler);
    if (next.backOff === "short") ports.backsOff(memory.step.issuer, key);
    return { kind: "again", afterMs };
  }
}

const doneNext = Object.freeze({ kind: "done" } as const);
const waitingNext = Object.freeze({ kind: "wait" } as const);

function stepName(status: RequestStatus, event: RequestEvent) {
  const reason = status.conditions.find(({ type }) => type === "Ready")?.reason;
  if (reason === "Issued") return "request:issued" as const;
  if (reason === "Denied") return "request:denied" as const;
  if (reason === "Failed") return "request:failed" as const;
  if (event.reason === "RetryableError") return "request:retrying" as const;
  if (event.reason === "Pending") return "request:pending" as const;
  return "request:waiting" as const;
}
