import type { Clock } from "@countersign/issuer-signer";
import type { Attempt } from "./attempts.ts";
import type { Decision } from "./decision.ts";
import type { Exchange, Reply } from "./exchange.ts";
import type { HttpProblem } from "./http-problem.ts";

/** Makes decisions of exchanges, for the audit log. */
export class Decisions {
  readonly #clock: Clock;
  readonly #onDecision: (decision: Decision) => void;

  constructor(clock: Clock, onDecision: (decision: Decision) => void = () => {}) {
    this.#clock = clock;
    this.#onDecision = onDecision;
  }

  /** Tells how an exchange ended. */
  ended(exchange: Exchange, { status, result }: Reply, problem: HttpProblem | undefined): void {
    const issued = result?.status === "issued" ? result : undefined;
    this.#announce(exchange, {
      decision: decisionOf(status),
      status,
      code: problem?.code,
      message: problem?.message ?? (result?.status === "pending" ? result.message : undefined),
      serial: issued?.serial,
      notAfter: issued?.notAfter.toISOString(),
      differences: issued !== undefined && issued.differences.length > 0 ? issued.differences : undefined,
    });
  }

  /** Tells that an earlier call for the attempt may have issued, beside how the exchange will end. */
  possibleDuplicate(exchange: Exchange, attempt: Attempt, reason: string): void {
    const message = `An earlier call for this request ended without an answer, and ${reason}: there may be two certificates.`;
    this.#announce({ ...exchange, attempt }, { decision: "possible-duplicate", status: 0, message });
  }

  #announce(
    { request, requestId, startedAt, caller, attempt }: Exchange,
    facts: Pick<Decision, "decision" | "status"> & Partial<Decision>,
  ): void {
    const { now, monotonic } = this.#clock;
    this.#onDecision({
      time: new Date(now()).toISOString(),
      requestId,
      caller: caller?.username,
      method: caller?.method,
      address: request.socket.remoteAddress,
      attempt: attempt?.id,
      csr: attempt?.csr,
      ms: Math.round(monotonic() - startedAt),
      ...facts,
    });
  }
}

function decisionOf(status: number): Decision["decision"] {
  if (status === 202) return "pending";
  if (status < 300) return "issued";
  if (status === 401 || status === 403) return "denied";
  return status < 500 ? "refused" : "failed";
}
