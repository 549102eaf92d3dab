export { type BoundedJsonOptions, defaultMaxJsonDepth, parseBoundedJson } from "./bounded-json.ts";
export type { Circuit, CircuitOptions } from "./circuit.ts";
export { circuitDefaults } from "./circuit.ts";
export { type Clock, systemClock } from "./clock.ts";
export type { ResolvedAddress, ResolveHost } from "./dialer.ts";
export {
  type CircuitChange,
  type EndpointState,
  Endpoints,
  type EndpointsCallOptions,
  type EndpointsOptions,
} from "./endpoints.ts";
export { HttpClient } from "./http-client.ts";
export { type HttpClientOptions, httpClientDefaults } from "./http-client-options.ts";
export type { HttpConnection, HttpConnectionRequest } from "./http-connection.ts";
export { type HttpFailure, httpFailureOf, httpFailures, requestWasSent } from "./http-failure.ts";
export type { HttpExchangeEvent, HttpRequestOptions, HttpResponse, Parser } from "./http-request.ts";
export { Limiter } from "./limiter.ts";
export { type ProxyOptions, proxyFromEnvironment } from "./proxy-options.ts";
export { parseRetryAfter } from "./status-errors.ts";
