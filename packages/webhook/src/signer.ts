import {
  type CannotTell,
  CertificateCache,
  type CheckContext,
  cannotTell,
  type Endpoints,
  issued,
  pending,
  RequestRejected,
  RetryableError,
  type SignContext,
  type Signer,
  type SignerError,
  type SignOutcome,
  type SignRequest,
} from "@countersign/issuer-signer";
import { type AnswerTo, answerError, NotTheServicesFault } from "./answer-error.ts";
import { certificatesOf } from "./certificates.ts";
import { valueAt } from "./fields.ts";
import { requestBody } from "./request-body.ts";
import { type ServiceAnswer, said } from "./service-answer.ts";
import type { ServiceCall, ServiceTransport } from "./service-transport.ts";
import type { WebhookRequestSpec, WebhookResponseSpec } from "./spec.ts";

/** What is kept of a request that the service has accepted and not yet answered. */
export interface WebhookOperation {
  /** Where to ask; without it the request is repeated. */
  readonly pollUrl?: string | undefined;
}

/** What {@link WebhookSigner} needs: the parts that `connect` makes of the issuer's spec. */
export interface WebhookSignerParts {
  readonly transport: ServiceTransport;
  /** Base URLs, without a slash at the end. */
  readonly endpoints: Endpoints;
  /** Origins of the base URLs: no other may be polled. */
  readonly origins: ReadonlySet<string>;
  readonly path: string;
  readonly healthPath: string | undefined;
  readonly request: WebhookRequestSpec;
  readonly response: WebhookResponseSpec;
  readonly idempotencyHeader: string;
  /** The service never issues twice for one attempt. */
  readonly isIdempotent: boolean;
  /** Stops what no caller waits for. */
  readonly close: () => void;
}

/** Longest URL that is kept, in characters: the operation has 4 KiB. */
const maxPollUrl = 2_048;

/** Signs by a service that takes CSRs over HTTP. */
export class WebhookSigner implements Signer<WebhookOperation> {
  readonly #parts: WebhookSignerParts;
  readonly #cas = new CertificateCache();

  constructor(parts: WebhookSignerParts) {
    this.#parts = parts;
  }

  get idempotent(): boolean {
    return this.#parts.isIdempotent;
  }

  /**
   * With a health path: whether the service can sign. Without one: whether it is there, and does not refuse the
   * credentials of a GET to the path of sign calls, which asks for nothing.
   */
  async check({ signal }: CheckContext): Promise<void> {
    const { healthPath, path } = this.#parts;
    await this.#call(
      "check",
      { method: "GET", path: healthPath ?? path, idempotent: true, signal },
      (answer) => {
        if (answer.status >= 200 && answer.status < 300) return undefined;
        // A server may say 404 or 405, or want what a GET does not have: only a health path promises more.
        const isAlive =
          answer.status >= 400 && answer.status < 500 && ![401, 403, 407, 408, 429].includes(answer.status);
        return healthPath === undefined && isAlive ? undefined : answerError(answer, "check");
      },
    );
  }

  async sign(
    request: SignRequest,
    context: SignContext<WebhookOperation>,
  ): Promise<SignOutcome<WebhookOperation>> {
    const pollUrl = context.operation?.pollUrl;
    if (pollUrl !== undefined) return this.#outcome(request, await this.#poll(pollUrl, context.signal));
    if (request.isCA && this.#parts.request.isCAField === undefined)
      throw new RequestRejected(
        "The request is for a CA certificate, and this issuer does not tell its service so. Set request.isCAField, or use another issuer.",
      );
    const { path, idempotencyHeader, isIdempotent: idempotent } = this.#parts;
    const answer = await this.#call("sign", {
      method: "POST",
      path,
      json: requestBody(request, this.#parts.request),
      headers: { [idempotencyHeader.toLowerCase()]: context.attemptId },
      idempotent,
      signal: context.signal,
    });
    return this.#outcome(request, answer);
  }

  /** What the service answers to a repeat, if it promises that a repeat issues nothing new. */
  async find(
    request: SignRequest,
    context: SignContext<WebhookOperation>,
  ): Promise<SignOutcome<WebhookOperation> | CannotTell> {
    if (this.#parts.isIdempotent || context.operation?.pollUrl !== undefined)
      return this.sign(request, context);
    return cannotTell("its service does not promise to issue only once (idempotency.promised)");
  }

  async close(): Promise<void> {
    this.#parts.close();
  }

  async #poll(pollUrl: string, signal: AbortSignal): Promise<ServiceAnswer> {
    const answer = await this.#parts.transport.call({
      method: "GET",
      url: pollUrl,
      idempotent: true,
      signal,
    });
    const error = isAnswered(answer) ? undefined : answerError(answer, "poll");
    if (error !== undefined) throw error;
    return answer;
  }

  /** One call to the endpoints. What `judge` lets pass is the answer; by default 200, 201 and 202. */
  async #call(
    to: AnswerTo,
    { path, ...call }: Omit<ServiceCall, "url"> & { readonly path: string },
    judge: (answer: ServiceAnswer) => SignerError | undefined = (answer) =>
      isAnswered(answer) ? undefined : answerError(answer, to),
  ): Promise<ServiceAnswer> {
    const { endpoints, transport } = this.#parts;
    const end = await endpoints.call(
      async (base) => {
        const answer = await transport.call({ ...call, url: `${base}${path}` });
        const error = judge(answer);
        // The service is well: its circuit must not open, and another one would be no better.
        if (error instanceof NotTheServicesFault) return error;
        if (error !== undefined) throw error;
        return answer;
      },
      { idempotent: call.idempotent, signal: call.signal },
    );
    if (end instanceof NotTheServicesFault) throw end;
    return end;
  }

  #outcome({ parsedCsr }: SignRequest, answer: ServiceAnswer): SignOutcome<WebhookOperation> {
    if (answer.status === 202)
      return pending({
        operation: { pollUrl: this.#pollUrl(answer) },
        retryAfterMs: answer.retryAfterMs,
        message: "The signing service has accepted the request and answers it later.",
      });
    const options = { spkiDer: parsedCsr.spkiDer, cache: this.#cas };
    const path = certificatesOf(answer.json, this.#parts.response, options);
    return issued({ chain: path.map(({ pem }) => pem).join("") });
  }

  /** Where a 202 says to ask again: nowhere but at the issuer's own services, which alone may see its credentials. */
  #pollUrl(answer: ServiceAnswer): string | undefined {
    const { response, origins } = this.#parts;
    const field = response.pollField === undefined ? undefined : valueAt(answer.json, response.pollField);
    const given = typeof field === "string" ? field : answer.location;
    if (given === undefined) return undefined;
    const url = URL.parse(given, answer.url);
    if (url === null || !origins.has(url.origin) || url.href.length > maxPollUrl || url.username !== "")
      throw new RetryableError(
        `${said(answer)} and says to ask at a URL that is not the service's own. Have it answer with a path.`,
      );
    return url.href;
  }
}

function isAnswered({ status }: ServiceAnswer): boolean {
  return status === 200 || status === 201 || status === 202;
}
