import {
  BadCertificateError,
  type CannotTell,
  type CheckContext,
  cannotTell,
  type Issued,
  issued,
  type Pending,
  pending,
  RequestRejected,
  RetryableError,
  type SignContext,
  type Signer,
  type SignOutcome,
  type SignRequest,
  type X509,
} from "@countersign/issuer-signer";
import { assertAsAsked } from "./as-asked.ts";
import type { Authority } from "./authority.ts";
import { certificateForKey } from "./certsrv/certificate-body.ts";
import type { CertsrvClient, Retrieved } from "./certsrv/certsrv-client.ts";
import { hresultOf } from "./certsrv/hresults.ts";
import type { RequestState } from "./certsrv/request-state.ts";
import type { IssuedPath } from "./issued-path.ts";
import { type AdcsOperation, csrHash } from "./operation.ts";
import { templateOf } from "./overrides.ts";
import { refusalError, submissionError, unknownAnswer } from "./refusals.ts";
import { requestAttributes } from "./request-attributes.ts";
import { assertSpeaksPlainly } from "./request-guard.ts";
import type { AdcsSpec } from "./spec.ts";
import { Submissions } from "./submissions.ts";
import { policyCondition, resubmissionCondition } from "./warnings.ts";

/** What {@link AdcsSigner} needs: the parts that `connect` makes of the issuer's spec. */
export interface AdcsSignerParts {
  readonly client: CertsrvClient;
  readonly authority: Authority;
  readonly issuedPath: IssuedPath;
  readonly spec: AdcsSpec;
  /** The issuer's API group. */
  readonly group: string;
  /** How long to wait before a pending request is looked at again, in milliseconds. */
  readonly pollMs: () => number;
  readonly now: () => number;
  readonly close: () => void;
}

/** What has been issued, or is about to be, can be fetched soon. */
const soonMs = 5_000;

/** Signs by the web enrolment of an AD CS: one issuer object. */
export class AdcsSigner implements Signer<AdcsOperation> {
  readonly #parts: AdcsSignerParts;
  readonly #submissions = new Submissions();

  constructor(parts: AdcsSignerParts) {
    this.#parts = parts;
  }

  /** That the account is let in, and that there is a CA that can issue. Templates and rights show when something is requested. */
  async check({ signal }: CheckContext): Promise<void> {
    await this.#parts.authority.refresh(signal);
  }

  async sign(
    request: SignRequest,
    { operation, signal, attemptId }: SignContext<AdcsOperation>,
  ): Promise<SignOutcome<AdcsOperation>> {
    if (operation === undefined) return this.#submit(request, attemptId, signal, undefined);
    const identity = await this.#parts.authority.identity(signal);
    if (operation.ca !== identity || operation.csr !== csrHash(request))
      return this.#submitAgain(request, attemptId, signal, operation, "AuthorityChanged");
    const answer = await this.#parts.client.certificate(operation.requestId, signal);
    if (answer.status === "certificates") return this.#issue(request, operation, answer, signal);
    return this.#follow(request, attemptId, signal, operation, answer);
  }

  /** What this process itself submitted. Nobody can search by web enrolment. */
  async find(
    request: SignRequest,
    { attemptId }: SignContext<AdcsOperation>,
  ): Promise<Pending<AdcsOperation> | CannotTell> {
    const known = this.#submissions.get(attemptId);
    if (known !== undefined) return this.#waiting(request, known, soonMs, "is fetched again");
    return cannotTell(
      `web enrolment cannot be searched; look for ${this.#correlation(request)} at the CA, as with certutil -view`,
    );
  }

  async close(): Promise<void> {
    this.#parts.close();
  }

  async #submit(
    request: SignRequest,
    attemptId: string,
    signal: AbortSignal,
    resubmitted: AdcsOperation["resubmitted"],
  ): Promise<SignOutcome<AdcsOperation>> {
    const { client, authority, spec, group, now } = this.#parts;
    assertSpeaksPlainly(request, spec.allowedSids ?? []);
    this.#assertFits(request);
    const template = templateOf(request, spec, group);
    const { attributes = [], correlationAttribute } = spec;
    const lines = requestAttributes(request, { template, attributes, correlationAttribute });
    const ca = await beforeSubmission(authority.identity(signal));
    const submittedAt = new Date(now()).toISOString();
    const state = await client.submit({ csr: request.csr, attributes: lines, signal });
    if (state.status === "issued" || state.status === "pending") {
      const { requestId } = state;
      if (requestId === undefined) throw unknownAnswer("a state without the request's id");
      const operation = { requestId, ca, csr: csrHash(request), submittedAt, resubmitted };
      this.#submissions.set(attemptId, operation);
      if (state.status === "pending") return this.#waiting(request, operation, this.#parts.pollMs());
      return this.#fetch(request, operation, signal);
    }
    throw submissionError(state);
  }

  #submitAgain(
    request: SignRequest,
    attemptId: string,
    signal: AbortSignal,
    { requestId, resubmitted }: AdcsOperation,
    reason: NonNullable<AdcsOperation["resubmitted"]>["reason"],
  ): Promise<SignOutcome<AdcsOperation>> {
    if (resubmitted !== undefined)
      throw new RetryableError(
        `Request ${requestId} was submitted a second time already, and is lost again. Look for it at the CA; to have it submitted once more delete the CertificateRequest.`,
        { issuedNothing: true },
      );
    return this.#submit(request, attemptId, signal, { reason, requestId });
  }

  /** What was just issued; where it cannot be had now, its id is kept, since asking anew would issue another one. */
  async #fetch(
    request: SignRequest,
    operation: AdcsOperation,
    signal: AbortSignal,
  ): Promise<SignOutcome<AdcsOperation>> {
    try {
      const answer = await this.#parts.client.certificate(operation.requestId, signal);
      if (answer.status === "certificates") return await this.#issue(request, operation, answer, signal);
    } catch (error) {
      if (!(error instanceof RetryableError || error instanceof BadCertificateError) || signal.aborted)
        throw error;
    }
    return this.#waiting(request, operation, soonMs, "is issued, but its certificate cannot be had yet");
  }

  async #issue(
    request: SignRequest,
    operation: AdcsOperation,
    { certificates }: Extract<Retrieved, { status: "certificates" }>,
    signal: AbortSignal,
  ): Promise<Issued> {
    const leaf: X509 = certificateForKey(certificates, request.parsedCsr.spkiDer);
    assertAsAsked(request, leaf);
    const path = await this.#parts.issuedPath.of(operation.requestId, leaf, signal);
    const conditions = [
      policyCondition(request, leaf),
      resubmissionCondition(operation, this.#correlation(request)),
    ];
    return issued({
      chain: path.map(({ pem }) => pem).join(""),
      conditions: conditions.filter((condition) => condition !== undefined),
    });
  }

  /** A request of which there is no certificate yet. */
  #follow(
    request: SignRequest,
    attemptId: string,
    signal: AbortSignal,
    operation: AdcsOperation,
    state: RequestState,
  ): Pending<AdcsOperation> | Promise<SignOutcome<AdcsOperation>> {
    const { requestId } = operation;
    switch (state.status) {
      case "pending":
        return this.#waiting(request, operation, this.#parts.pollMs());
      case "issued":
        return this.#waiting(request, operation, soonMs, "is issued, but its certificate cannot be had yet");
      case "denied":
      case "error": {
        const kind = state.hresult === undefined ? undefined : hresultOf(state.hresult)?.kind;
        if (kind === "unknownRequest")
          return this.#submitAgain(request, attemptId, signal, operation, "RequestUnknown");
        if (kind === "inProgress") return this.#waiting(request, operation, soonMs, "is changing its state");
        throw refusalError({ ...state, requestId });
      }
      case "elsewhere":
      case "revoked":
        throw refusalError({ status: "denied", requestId, hresult: undefined });
      case "unknown":
        throw unknownAnswer(state.problem);
    }
  }

  #waiting(
    request: SignRequest,
    operation: AdcsOperation,
    retryAfterMs: number,
    state = "waits for a certificate manager",
  ): Pending<AdcsOperation> {
    const condition = resubmissionCondition(operation, this.#correlation(request));
    return pending({
      operation,
      retryAfterMs,
      message: `Request ${operation.requestId} at the CA ${state}.`,
      conditions: condition === undefined ? [] : [condition],
    });
  }

  #correlation({ uid }: SignRequest): string {
    return `${this.#parts.spec.correlationAttribute}:${uid}`;
  }

  /** The template decides, whatever the request says. */
  #assertFits({ isCA }: SignRequest): void {
    if (isCA === this.#parts.spec.isCA) return;
    throw new RequestRejected(
      isCA
        ? "The request is for a CA certificate, and this issuer's template is for others. Use an issuer with isCA: true and a template such as SubCA."
        : "This issuer's template is for CA certificates only. Set isCA, or use another issuer.",
    );
  }
}

/** Trouble before anything was submitted has issued nothing. */
async function beforeSubmission<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (cause) {
    if (!(cause instanceof RetryableError)) throw cause;
    const { message, retryAfterMs } = cause;
    const error = new RetryableError(message, { cause, retryAfterMs, issuedNothing: true });
    throw Object.assign(error, { requestSent: false });
  }
}
