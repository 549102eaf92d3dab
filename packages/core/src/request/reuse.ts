import { isPermanent, type SignRequest, signerErrorCode } from "@countersign/issuer-signer";
import type { IssuerConnection } from "../issuer/issuer-connection.ts";
import type { CertificateRequest } from "../kube/types.ts";
import type { RequestStep } from "../lifecycle/lifecycle.ts";
import type { AttemptEnd, AttemptMemory, AttemptOptions } from "./attempt.ts";
import { attemptId } from "./attempt-id.ts";
import { oneLine } from "./condition.ts";
import { readAttempt } from "./request-status.ts";
import { toSignRequest } from "./sign-request.ts";
import { verifyOutcome } from "./verify-outcome.ts";

/** What {@link reuse} is about. */
export interface ReuseInput {
  readonly request: CertificateRequest;
  readonly step: RequestStep;
  readonly connection: IssuerConnection;
  readonly memory: AttemptMemory;
  /** @throws when the requester may not use the issuer */
  readonly authorize: () => Promise<void>;
  /** Whether the request, as it was read anew, is still to be signed. */
  readonly stillDue: (request: CertificateRequest) => Promise<boolean>;
  readonly signal: AbortSignal;
}

/**
 * Answers a request with the certificate of an identical one, where the issuer allows it; undefined when the PKI is to be
 * asked. Never where the PKI may know the request already: its order would be left behind.
 */
export async function reuse(options: AttemptOptions, input: ReuseInput): Promise<AttemptEnd | undefined> {
  const { request, step, connection, memory, authorize, stillDue, signal } = input;
  const { definition, ports, lifecycle, rules, clock } = options;
  const { reuseForMs } = connection.limits;
  if (reuseForMs === undefined || memory.lastCall !== undefined) return undefined;
  if (readAttempt(definition.group, request) !== undefined) return undefined;
  try {
    const signRequest = toSignRequest(request);
    const found = connection.reusable.find(signRequest, clock(), reuseForMs);
    if (found === undefined) return undefined;
    const id = attemptId(signRequest.uid, signRequest.parsedCsr.der);
    await authorize();
    // The cache may be behind another replica's last write.
    const fresh = await ports.reread(request, signal);
    if (fresh === undefined || !(await stillDue(fresh)))
      return { result: { status: "overtaken" }, request, times: {}, attemptId: id };
    const { certificates: cache } = connection;
    const { outcome, madeFor } = found;
    const verified = verifyOutcome({
      outcome,
      request: signRequest,
      now: clock(),
      rules,
      cache,
      mayBeOld: true,
    });
    lifecycle.announce("request:reused", {
      ...step,
      type: "Normal",
      reason: "Reused",
      message: oneLine(
        `The certificate that was issued for the identical request ${madeFor} is issued again.`,
      ),
      attemptId: id,
      signRequest,
      serial: verified.serial,
      notAfterMs: verified.notAfterMs,
    });
    return { result: verified.result, request: fresh, times: {}, attemptId: id };
  } catch (error) {
    // What is wrong with the request, or with the certificate by now, is found out and told on the way to the PKI.
    const code = signerErrorCode(error);
    if (isPermanent(code) || code === "BAD_CERTIFICATE") return undefined;
    throw error;
  }
}

/** Keeps what the PKI has issued, for {@link reuse}. */
export function keepForReuse(
  connection: IssuerConnection,
  request: SignRequest,
  { result }: AttemptEnd,
  now: number,
): void {
  if (connection.limits.reuseForMs === undefined || result.status !== "issued") return;
  connection.reusable.keep(request, result, now);
}
