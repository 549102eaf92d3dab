import { RetryableError, type SignContext, type SignRequest } from "@countersign/issuer-signer";
import type { IssuerDefinition } from "../definition/define-issuer.ts";
import type { IssuerConnection } from "../issuer/issuer-connection.ts";
import type { CertificateRequest, IssuerObject } from "../kube/types.ts";
import type { Lifecycle, RequestStep } from "../lifecycle/lifecycle.ts";
import { withDeadline } from "../lifecycle/with-deadline.ts";
import { attemptId } from "./attempt-id.ts";
import { type Conclusion, conclude, type SignResult } from "./conclude.ts";
import { decide } from "./decide.ts";
import { type IssuerKey, issuerKeyText, matchIssuer } from "./match-issuer.ts";
import { type RequestEvent, type RequestStatus, readAttempt } from "./request-status.ts";
import { toSignRequest } from "./sign-request.ts";
import { verifyOutcome } from "./verify-outcome.ts";

/** How the reconciler reaches the cluster and the issuers. */
export interface RequestPorts {
  request(key: string): CertificateRequest | undefined;
  issuer(key: IssuerKey): IssuerObject | undefined;
  connection(key: string, issuer: IssuerObject): IssuerConnection | undefined;
  /** The signer found the issuer at fault: check it now. */
  reportIssuer(key: string, error: unknown): void;
  /** Resolves when the write is confirmed or the object is gone; rejects only when `signal` fires or it can never succeed. */
  applyStatus(
    request: CertificateRequest,
    status: RequestStatus,
    signal: AbortSignal,
  ): Promise<"written" | "gone">;
}

/** Options of {@link RequestReconciler}. */
export interface RequestReconcilerOptions {
  readonly definition: IssuerDefinition;
  readonly ports: RequestPorts;
  readonly lifecycle: Lifecycle;
  /** Deadline of one call of `sign`, in milliseconds. */
  readonly signTimeoutMs: number;
  /** For how long retryable errors are retried, in milliseconds from the first attempt. */
  readonly retryForMs: number;
  /** Whether the CA is published as `status.ca`. */
  readonly publishCa: boolean;
  readonly clock: () => number;
}

/** What the queue does after one look at a request. */
export type RequestNext =
  | { readonly kind: "settled" }
  /** Look again after this time, in milliseconds; with back-off on top for repeated failures. */
  | { readonly kind: "again"; readonly afterMs: number; readonly backOff: boolean };

/** What is known of one request beyond its object; gone when the object is finished or deleted. */
interface Memory {
  readonly uid: string;
  firstAttemptMs: number | undefined;
  notBeforeMs: number | undefined;
  /** A conclusion whose write is not confirmed: it is written again, and the PKI is never asked again for it. */
  unwritten: Conclusion | undefined;
  /** The terminal write is confirmed, though the cache may not show it yet. */
  finished: boolean;
}

const settled: RequestNext = Object.freeze({ kind: "settled" });

/** Leads requests along their way: decide, sign, verify, apply. One call at a time for one request. */
export class RequestReconciler {
  readonly #options: RequestReconcilerOptions;
  readonly #memories = new Map<string, Memory>();

  constructor(options: RequestReconcilerOptions) {
    this.#options = options;
  }

  /** Forgets a request that was deleted. */
  forget(key: string): void {
    this.#memories.delete(key);
  }

  /** Looks at one request and does the one thing that is due. */
  async reconcile(key: string, signal: AbortSignal): Promise<RequestNext> {
    const { definition, ports, clock } = this.#options;
    const request = ports.request(key);
    const issuerKey = request && matchIssuer(definition, request);
    if (request === undefined || issuerKey === undefined) {
      this.#memories.delete(key);
      return settled;
    }
    const memory = this.#remember(key, request);
    if (memory.finished) return settled;
    if (memory.unwritten !== undefined)
      return this.#write(key, request, issuerKey, memory, memory.unwritten, signal);
    const issuer = ports.issuer(issuerKey);
    const issuerText = issuerKeyText(issuerKey.kind.kind, issuerKey.namespace, issuerKey.name);
    const connection = issuer && ports.connection(issuerText, issuer);
    const decision = decide({
      group: definition.group,
      request,
      issuerKind: issuerKey.kind.kind,
      issuerName: issuerKey.name,
      issuer,
      connected: connection !== undefined,
      memory,
      now: clock(),
    });
    switch (decision.action) {
      case "ignore":
        this.#memories.delete(key);
        return settled;
      case "wait":
        return decision.atMs === undefined
          ? settled
          : { kind: "again", afterMs: Math.max(0, decision.atMs - clock()), backOff: false };
      case "write": {
        const { status, event } = decision;
        const next = status.failureTime === undefined ? waitingNext : doneNext;
        return this.#write(key, request, issuerKey, memory, { status, event, next }, signal);
      }
      case "sign":
        // `decide` signs only for a connected issuer.
        return connection === undefined
          ? settled
          : this.#sign(key, request, issuerKey, memory, connection, issuerText, signal);
    }
  }

  #remember(key: string, request: CertificateRequest): Memory {
    const { uid } = request.metadata;
    const known = this.#memories.get(key);
    // The same name with another uid is another request: nothing known of the old one holds for it.
    if (known?.uid === uid) return known;
    const memory: Memory = {
      uid,
      firstAttemptMs: undefined,
      notBeforeMs: undefined,
      unwritten: undefined,
      finished: false,
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
  ): Promise<RequestNext> {
    const { definition, clock, retryForMs } = this.#options;
    memory.firstAttemptMs ??= clock();
    const step = this.#step(request, issuerKey);
    let result: SignResult;
    let attempt = "";
    try {
      const signRequest = toSignRequest(request);
      attempt = attemptId(signRequest.uid, signRequest.parsedCsr.der);
      result = await this.#callSigner(request, step, signRequest, attempt, connection, signal);
    } catch (error) {
      // A stop is no fault of the PKI: nothing is written, and the next start looks at the request again.
      if (signal.aborted) throw error;
      result = { status: "error", error };
    }
    let conclusion: Conclusion;
    const base = {
      group: definition.group,
      request,
      attemptId: attempt,
      firstAttemptMs: memory.firstAttemptMs,
      retryForMs,
      now: clock(),
    };
    try {
      conclusion = conclude({ ...base, result });
    } catch (error) {
      conclusion = conclude({ ...base, result: { status: "error", error } });
    }
    if (conclusion.next.kind === "issuer")
      this.#options.ports.reportIssuer(issuerText, conclusion.next.error);
    memory.unwritten = conclusion;
    return this.#write(key, request, issuerKey, memory, conclusion, signal);
  }

  async #callSigner(
    request: CertificateRequest,
    step: RequestStep,
    signRequest: SignRequest,
    attempt: string,
    connection: IssuerConnection,
    stop: AbortSignal,
  ): Promise<SignResult> {
    const { definition, lifecycle, signTimeoutMs, clock, publishCa } = this.#options;
    const recorded = readAttempt(definition.group, request);
    const deadline = {
      signal: stop,
      timeoutMs: signTimeoutMs,
      late: () => new RetryableError(`The PKI took longer than ${signTimeoutMs / 1000} s.`),
    };
    const context: Omit<SignContext<unknown>, "signal"> = {
      // A record of another attempt is of no use to this one, and what an older version wrote may not parse any more.
      operation:
        recorded?.attemptId === attempt && recorded.operation !== undefined
          ? definition.operation?.parse(recorded.operation)
          : undefined,
      attemptId: attempt,
    };
    lifecycle.announce("request:signing", { ...step, attemptId: attempt });
    const started = clock();
    const outcome = await connection.use((signer) =>
      withDeadline(deadline, (bound) => signer.sign(signRequest, { ...context, signal: bound })),
    );
    if (outcome.status === "pending") return outcome;
    const verified = verifyOutcome({ outcome, request: signRequest, now: clock(), publishCa });
    lifecycle.announce("request:signed", {
      ...step,
      attemptId: attempt,
      serial: verified.serial,
      signMs: clock() - started,
      mismatches: verified.mismatches,
    });
    return verified.result;
  }

  async #write(
    key: string,
    request: CertificateRequest,
    issuerKey: IssuerKey,
    memory: Memory,
    { status, event, next }: Conclusion,
    signal: AbortSignal,
  ): Promise<RequestNext> {
    const { ports, lifecycle, clock } = this.#options;
    const written = await ports.applyStatus(request, status, signal);
    memory.unwritten = undefined;
    if (written === "gone") {
      this.#memories.delete(key);
      return settled;
    }
    memory.finished = next.kind === "done";
    lifecycle.announce(stepName(status, event), {
      ...this.#step(request, issuerKey),
      type: event.type,
      reason: event.reason,
      message: event.note,
    });
    if (next.kind !== "again") return settled;
    memory.notBeforeMs = clock() + next.afterMs;
    return next;
  }

  #step(request: CertificateRequest, { kind, namespace, name }: IssuerKey): RequestStep {
    const { metadata } = request;
    return {
      request: {
        kind: "CertificateRequest",
        namespace: metadata.namespace ?? "",
        name: metadata.name,
        uid: metadata.uid,
      },
      issuer: { group: this.#options.definition.group, kind: kind.kind, namespace, name },
    };
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
