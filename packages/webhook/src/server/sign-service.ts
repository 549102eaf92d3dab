import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { CertificateCache, type Clock, systemClock } from "@countersign/issuer-signer";
import { type Attempt, Attempts, type SignResult } from "./attempts.ts";
import type { Caller } from "./caller.ts";
import { Decisions } from "./decisions.ts";
import { allow, type Exchange, pathOf, type Reply, replyOf } from "./exchange.ts";
import { HttpProblem, problemBody } from "./http-problem.ts";
import { problemOfError } from "./problem-of-error.ts";
import { assertLength, discardBody, readBody } from "./read-body.ts";
import { signAttempt } from "./sign-attempt.ts";
import { assertJson, parseSignBody } from "./sign-body.ts";
import { completeLimits, type SignServiceLimits, type SignServiceOptions } from "./sign-service-options.ts";
import { SignSlots } from "./sign-slots.ts";

const defaultDurationSeconds = 90 * 24 * 3600;
const requestIdPattern = /^[A-Za-z0-9._-]{1,64}$/;
const attemptPath = /^\/sign\/([0-9a-f]{36})$/;

/**
 * Signs over HTTP by any signer: `POST /sign` with `{"csr"}` is answered with `{"certificate", "ca"}`, with 202 while the
 * PKI is not done, or with `{"error": {"code", "message"}}`. `GET /sign/ID` asks for what was accepted, `GET /health` whether
 * the signer works. Everything else is 404 or 405.
 *
 * @example
 * const service = new SignService({ signer: new ServedSigner(signer), authenticate });
 * const server = await startSignServer({ service, port: 8443, tls: { cert, key, clientCa } });
 */
export class SignService {
  readonly #options: SignServiceOptions;
  readonly #limits: SignServiceLimits;
  readonly #clock: Clock;
  readonly #attempts: Attempts;
  readonly #slots: SignSlots;
  readonly #stopping = new AbortController();
  readonly #decisions: Decisions;
  readonly #cas = new CertificateCache();
  #health: { readonly until: number; readonly end: Promise<void> } | undefined;
  #isDraining = false;

  /** Throws a TypeError for a limit that is none. */
  constructor(options: SignServiceOptions) {
    this.#options = options;
    this.#limits = completeLimits(options.limits);
    this.#clock = options.clock ?? systemClock;
    const { monotonic, now } = this.#clock;
    this.#attempts = new Attempts({ ...this.#limits, now: monotonic, clock: now });
    this.#slots = new SignSlots(this.#limits);
    this.#decisions = new Decisions(this.#clock, options.onDecision);
  }

  /** From now on every answer closes its connection: clients go elsewhere. */
  drain(): void {
    this.#isDraining = true;
  }

  /** Ends calls of the signer that are under way; their requests are answered with 503. */
  abort(): void {
    this.#stopping.abort(new Error("The service stops."));
  }

  /** Answers one request. Never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { "x-request-id": given } = request.headers;
    const exchange: Exchange = {
      request,
      response,
      requestId: typeof given === "string" && requestIdPattern.test(given) ? given : randomUUID(),
      startedAt: this.#clock.monotonic(),
      awaitsContinue: request.headers.expect?.toLowerCase() === "100-continue",
    };
    response.on("error", (error) => this.#trouble(exchange, error));
    let reply: Reply;
    let problem: HttpProblem | undefined;
    try {
      reply = await this.#route(exchange);
    } catch (error) {
      problem = problemOfError(error);
      if (problem.status >= 500) this.#trouble(exchange, problem.cause ?? problem);
      reply = { status: problem.status, body: problemBody(problem), headers: problem.headers };
    }
    await this.#send(exchange, reply).catch((error: unknown) => this.#trouble(exchange, error));
    if (pathOf(request) !== "/health") this.#decisions.ended(exchange, reply, problem);
  }

  async #route(exchange: Exchange): Promise<Reply> {
    const { request } = exchange;
    const path = pathOf(request);
    const [, id] = attemptPath.exec(path) ?? [];
    if (path !== "/sign" && path !== "/health" && id === undefined)
      throw new HttpProblem({
        status: 404,
        code: "not_found",
        message: "There is nothing here. Post to /sign.",
      });
    exchange.caller = await this.#options.authenticate(request, this.#stopping.signal);
    if (exchange.caller === undefined)
      throw new HttpProblem({ status: 401, code: "unauthenticated", message: "Nobody is named." });
    allow(request, path === "/sign" ? ["POST"] : ["GET", "HEAD"]);
    if (path === "/health") return this.#checked();
    exchange.attempt =
      id === undefined ? await this.#read(exchange, exchange.caller) : this.#known(exchange.caller, id);
    return replyOf(exchange.attempt, await this.#signed(exchange, exchange.attempt, exchange.caller));
  }

  async #read(exchange: Exchange, caller: Caller): Promise<Attempt> {
    const { request, response } = exchange;
    assertJson(request.headers);
    const { maxBodyBytes: maxBytes, bodyTimeoutMs: timeoutMs } = this.#limits;
    assertLength(request, maxBytes);
    if (exchange.awaitsContinue) response.writeContinue();
    exchange.awaitsContinue = false;
    const bytes = await readBody(request, { maxBytes, timeoutMs, clock: this.#clock });
    const { durationSeconds = defaultDurationSeconds, allowCA = false } = this.#options;
    const body = parseSignBody(bytes, { durationSeconds, allowCA });
    const { "idempotency-key": key } = request.headers;
    return this.#attempts.of(caller.id, body, Array.isArray(key) ? key.join(", ") : key);
  }

  #known(caller: Caller, id: string): Attempt {
    const attempt = this.#attempts.byId(caller.id, id);
    if (attempt !== undefined) return attempt;
    const message =
      "No such request is known here, perhaps after a restart. Repeat the POST with its Idempotency-Key.";
    throw new HttpProblem({ status: 404, code: "not_found", message });
  }

  /** The result of the attempt: the one that is there, the one that is under way, or a new one. */
  async #signed(exchange: Exchange, attempt: Attempt, caller: Caller): Promise<SignResult> {
    const { result } = attempt;
    const isDue = result?.status === "pending" && this.#clock.monotonic() >= attempt.notBefore;
    if (result !== undefined && !isDue) return result;
    attempt.running ??= this.#sign(exchange, attempt, caller).finally(() => {
      attempt.running = undefined;
      if (attempt.isDoubtful) attempt.settledAt = this.#clock.monotonic() + this.#limits.settleMs;
      this.#attempts.touch(attempt);
    });
    return attempt.running;
  }

  async #sign(exchange: Exchange, attempt: Attempt, caller: Caller): Promise<SignResult> {
    const { signer: served } = this.#options;
    const { signTimeoutMs: timeoutMs } = this.#limits;
    const onPossibleDuplicate = (reason: string) =>
      this.#decisions.possibleDuplicate(exchange, attempt, reason);
    await this.#settled(attempt);
    const result = await this.#slots.run(caller.id, () =>
      served.use((signer) =>
        signAttempt({
          ...{ signer, attempt, caller, timeoutMs, onPossibleDuplicate },
          ...{ stopping: this.#stopping.signal, clock: this.#clock.now, cache: this.#cas },
        }),
      ),
    );
    if (result.status === "pending") attempt.notBefore = this.#clock.monotonic() + result.retryAfterMs;
    attempt.result = result;
    if (result.status === "issued") attempt.body = undefined;
    return result;
  }

  /** A look-up before that would find nothing, and lead to a second certificate. */
  async #settled({ settledAt }: Attempt): Promise<void> {
    const waitMs = this.#options.signer.looksUp ? settledAt - this.#clock.monotonic() : 0;
    if (waitMs > 0) await new Promise<void>((resolve) => this.#clock.after(waitMs, resolve));
  }

  /** One check for all that ask at once, and for a little while. */
  async #checked(): Promise<Reply> {
    const { monotonic } = this.#clock;
    if (this.#health === undefined || this.#health.until <= monotonic()) {
      const signal = AbortSignal.any([
        AbortSignal.timeout(this.#limits.signTimeoutMs),
        this.#stopping.signal,
      ]);
      const end = this.#options.signer.use(async (signer) => void (await signer.check({ signal })));
      this.#health = { until: monotonic() + this.#limits.checkForMs, end };
    }
    await this.#health.end;
    return { status: 200, body: { status: "ok" } };
  }

  async #send(exchange: Exchange, reply: Reply): Promise<void> {
    const { request, response, requestId } = exchange;
    const isWhole = !exchange.awaitsContinue && (await discardBody(request, this.#clock));
    if (response.destroyed || response.headersSent) return;
    const body = Buffer.from(`${JSON.stringify(reply.body)}\n`);
    response.writeHead(reply.status, {
      "content-type": "application/json",
      "content-length": body.length,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "x-request-id": requestId,
      ...(isWhole && !this.#isDraining ? {} : { connection: "close" }),
      ...reply.headers,
    });
    response.end(request.method === "HEAD" ? undefined : body);
  }

  #trouble({ requestId }: Exchange, error: unknown): void {
    this.#options.onTrouble?.(requestId, error);
  }
}
