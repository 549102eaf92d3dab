import type { Clock } from "./clock.ts";
import { exchange, FailedExchange, type Route } from "./exchange.ts";
import type { CompleteOptions } from "./http-client-options.ts";
import type { HttpFailure } from "./http-failure.ts";
import type { HttpResponse } from "./http-request.ts";
import type { Hop } from "./redirect.ts";
import { bodyOf, headersOf } from "./request-head.ts";

/** Where an exchange runs, and under which client's options. */
export interface ObservedExchangeOptions {
  readonly route: Route;
  readonly client: CompleteOptions;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** {@link exchange} within the client's limits, told to its `onExchange`. */
export async function observedExchange(
  { method, target, options }: Hop,
  { route, client, clock, signal }: ObservedExchangeOptions,
): Promise<HttpResponse> {
  const body = bodyOf(options);
  const headers = headersOf(options, body, client.userAgent);
  const { maxBodyBytes, maxHeaderBytes, headersTimeoutMs } = client;
  const limits = { maxBodyBytes, maxHeaderBytes, headersTimeoutMs };
  const start = clock.monotonic();
  const observe = (end: { readonly status: number } | { readonly failure: HttpFailure }) => {
    try {
      client.onExchange?.({ method, host: target.host, ms: clock.monotonic() - start, ...end });
    } catch {
      // A metric may not fail a signature.
    }
  };
  try {
    const response = await exchange({ route, method, headers, body, signal, clock, ...limits });
    observe({ status: response.status });
    return response;
  } catch (error) {
    observe({ failure: error instanceof FailedExchange ? error.trouble.failure : "aborted" });
    throw error;
  }
}
