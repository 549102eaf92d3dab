import type { IssuerConnection } from "../issuer/issuer-connection.ts";
import type { CertificateRequest, IssuerObject } from "../kube/types.ts";
import type { IssuerRef } from "../lifecycle/lifecycle.ts";
import type { Scheduler } from "../queue/scheduler.ts";
import type { Park } from "../queue/work-queue.ts";
import type { Conclusion } from "./conclude.ts";
import { type Decision, decide } from "./decide.ts";
import { type KnownRequest, KnownRequests } from "./known-requests.ts";
import { type IssuerKey, issuerKeyText } from "./match-issuer.ts";
import { type RequestEvent, type RequestStatus, readAttempt } from "./request-status.ts";
import { type SignDueOptions, signDue } from "./sign-due.ts";
import { isFinished } from "./trim-request.ts";

/** How the reconciler reaches the cluster and the issuers. */
export type RequestPorts = SignDueOptions["ports"] & {
  request(key: string): CertificateRequest | undefined;
  /** The issuer that the request names; undefined when it is none of ours. */
  match(request: CertificateRequest): IssuerKey | undefined;
  /** @throws PermanentError when the requester may not use the issuer */
  authorize(request: CertificateRequest, issuer: IssuerKey, signal: AbortSignal): Promise<void>;
  issuer(key: IssuerKey): IssuerObject | undefined;
  /** Whether the request is to be left alone. @throws what a hook throws: then nothing is written either */
  ignores(request: CertificateRequest, issuer: IssuerKey, signal: AbortSignal): Promise<boolean>;
  connection(key: string, issuer: IssuerObject): IssuerConnection | undefined;
  /** The signer found the issuer at fault: check it now. */
  reportIssuer(key: string, error: unknown, connection: IssuerConnection): void;
  /** The request has begun to back off: `hasten` may end that. */
  backsOff(issuer: IssuerRef, request: string): void;
};

/** Options of {@link RequestReconciler}. */
export interface RequestReconcilerOptions extends SignDueOptions {
  readonly ports: RequestPorts;
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

/** One look at a request. */
interface Look {
  readonly key: string;
  /** As the cache has it, or newer. */
  readonly request: CertificateRequest;
  readonly issuerKey: IssuerKey;
  readonly known: KnownRequest;
  readonly signal: AbortSignal;
}

const settled: RequestNext = Object.freeze({ kind: "settled" });

/** Leads requests along their way: decide, sign, verify, apply. One call at a time for one request. */
export class RequestReconciler {
  readonly #options: RequestReconcilerOptions;
  readonly #known: KnownRequests;
  /** The looks that are under way: each ends when its request is gone. */
  readonly #running = new Map<string, AbortController>();

  constructor(options: RequestReconcilerOptions) {
    this.#options = options;
    this.#known = new KnownRequests(options.definition.group, options.lifecycle);
  }

  /** Forgets a request that is deleted, or being deleted. A call of the signer for it is aborted. */
  forget(key: string): void {
    this.#options.ignored.delete(key);
    this.#running.get(key)?.abort(new Error("the request was deleted"));
    this.#known.abandon(key);
  }

  /** Ends a request's back-off. Returns after how many milliseconds to look at it; undefined when it does not back off. */
  hasten(key: string): number | undefined {
    return this.#known.hasten(key, this.#options.clock());
  }

  /** Another process has led since this one last did: what is known of open requests may have been overtaken. */
  beginTerm(): void {
    this.#known.beginTerm();
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
    const known = this.#known.at(key, cached, issuerKey);
    const look: Look = { key, request: known.written ?? cached, issuerKey, known, signal };
    if (known.overtaken) await this.#compare(look);
    if (known.finished) return settled;
    if (known.unwritten !== undefined) return this.#write(look, known.unwritten);
    const decision = this.#decide(look);
    switch (decision.action) {
      case "ignore":
        this.#known.settle(key);
        return settled;
      case "wait":
        return decision.atMs === undefined
          ? settled
          : { kind: "again", afterMs: Math.max(0, decision.atMs - clock()) };
      case "write": {
        const { status, event } = decision;
        const next = status.failureTime === undefined ? waitingNext : doneNext;
        return this.#write(look, { status, event, next });
      }
      case "sign":
        return this.#sign(look, park);
    }
  }

  /** Another's result, or its order at the PKI, is not to be replaced by what this process kept from an earlier term. */
  async #compare({ request, known, signal }: Look): Promise<void> {
    const { definition, ports } = this.#options;
    if (known.unwritten !== undefined) {
      const fresh = await ports.reread(request, signal);
      known.finished = fresh === undefined || isFinished(fresh);
      const ordered = fresh !== undefined && readAttempt(definition.group, fresh)?.operation !== undefined;
      if (known.finished || ordered) known.unwritten = undefined;
    }
    known.overtaken = false;
  }

  #connection(issuerKey: IssuerKey): IssuerConnection | undefined {
    const { ports } = this.#options;
    const issuer = ports.issuer(issuerKey);
    return issuer && ports.connection(textOf(issuerKey), issuer);
  }

  #decide({ request, issuerKey, known }: Look): Decision {
    const { definition, ports, clock } = this.#options;
    return decide({
      group: definition.group,
      request,
      issuerKind: issuerKey.kind.kind,
      issuerName: issuerKey.name,
      issuer: ports.issuer(issuerKey),
      connected: this.#connection(issuerKey) !== undefined,
      memory: known.wait,
      now: clock(),
    });
  }

  async #sign(look: Look, park: Park): Promise<RequestNext> {
    const { ports } = this.#options;
    const { key, request, issuerKey, known, signal } = look;
    const connection = this.#connection(issuerKey);
    // `decide` signs only for a connected issuer.
    if (connection === undefined) return settled;
    const issuer = textOf(issuerKey);
    const signed = await signDue(this.#options, {
      key,
      issuer,
      request,
      step: known.step,
      connection,
      memory: known,
      authorize: () => ports.authorize(request, issuerKey, signal),
      stillDue: async (fresh) =>
        this.#decide({ ...look, request: fresh }).action === "sign" &&
        !(await ports.ignores(fresh, issuerKey, signal)),
      signal,
      park,
    });
    if (signed === undefined) return settled;
    const { conclusion } = signed;
    if (conclusion.next.kind === "issuer") ports.reportIssuer(issuer, conclusion.next.error, connection);
    known.unwritten = conclusion;
    return this.#write({ ...look, request: signed.request }, conclusion);
  }

  async #write(
    { key, request, known, signal }: Look,
    { status, event, warning, next }: Conclusion,
  ): Promise<RequestNext> {
    const { ports, lifecycle, clock, scheduler } = this.#options;
    const written = await ports.applyStatus(request, status, signal);
    known.unwritten = undefined;
    if (written === undefined) {
      this.forget(key);
      return settled;
    }
    known.finished = next.kind === "done";
    known.written = known.finished ? undefined : written;
    const { step } = known;
    const words = ({ type, reason, note: message }: RequestEvent) => ({ ...step, type, reason, message });
    lifecycle.announce(stepName(status, event), words(event));
    if (warning !== undefined) lifecycle.announce("request:differs", words(warning));
    if (next.kind !== "again") return settled;
    const afterMs = known.wait.begin(next, clock(), scheduler);
    if (next.backOff === "short") ports.backsOff(step.issuer, key);
    return { kind: "again", afterMs };
  }
}

function textOf({ kind, namespace, name }: IssuerKey): string {
  return issuerKeyText(kind.kind, namespace, name);
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
