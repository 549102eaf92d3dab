/**
 * The other side of the contract: signs over HTTP by any signer. `POST /sign` with limits, callers by client certificate or
 * by a token that Kubernetes reviews, repeats that issue nothing new, errors with their statuses.
 *
 * @module
 */
export { anyOf } from "./server/any-of.ts";
export {
  type BearerTokensOptions,
  bearerTokens,
  type ReviewToken,
  type TokenReviewStatus,
} from "./server/bearer-tokens.ts";
export type { Authenticate, Caller } from "./server/caller.ts";
export { type ClientCertificatesOptions, clientCertificates } from "./server/client-certificates.ts";
export type { CsrSummary, Decision } from "./server/decision.ts";
export { HttpProblem, type HttpProblemOptions, type ProblemCode } from "./server/http-problem.ts";
export { type ServedFragment, type ServeFragmentOptions, serveFragment } from "./server/serve-fragment.ts";
export { ServedSigner } from "./server/served-signer.ts";
export {
  type SignServer,
  type SignServerOptions,
  type SignServerTls,
  startSignServer,
} from "./server/sign-server.ts";
export { SignService } from "./server/sign-service.ts";
export {
  type GivenLimits,
  type SignServiceLimits,
  type SignServiceOptions,
  signServiceLimits,
} from "./server/sign-service-options.ts";
export {
  type FileContents,
  type WatchedFile,
  WatchedFiles,
  type WatchedFilesOptions,
} from "./server/watched-files.ts";
