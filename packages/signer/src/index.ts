/**
 * The Signer interface for cert-manager external issuers, with its outcomes, errors, X.509 toolkit and HTTP client.
 *
 * @module
 */
export { CredentialGuard } from "./credential-guard.ts";
export { orAborted } from "./credentials/or-aborted.ts";
export {
  type LeasedToken,
  TokenCache,
  type TokenCacheOptions,
  type TokenSource,
} from "./credentials/token-cache.ts";
export {
  BadCertificateError,
  InvalidCsrError,
  IssuerError,
  isPermanent,
  issuedNothing,
  PermanentError,
  RequestRejected,
  RetryableError,
  type RetryableErrorOptions,
  retryAfterMs,
  SignerError,
  type SignerErrorCode,
  type SignerErrorOptions,
  signerErrorCode,
} from "./errors.ts";
export * from "./http/index.ts";
export * from "./issuer/index.ts";
export {
  type CannotTell,
  cannotTell,
  defaultPendingRetryMs,
  type Issued,
  issued,
  type Pending,
  pending,
  type SignerCondition,
  type SignOutcome,
} from "./outcome.ts";
export { quoted } from "./quoted.ts";
export type { CheckContext, Requester, SignContext, Signer, SignRequest } from "./signer.ts";
export { parseGoDuration } from "./spec/go-duration.ts";
export * from "./x509/index.ts";
