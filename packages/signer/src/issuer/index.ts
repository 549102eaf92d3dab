export type { ConnectContext, IssuerIdentity } from "./connect-context.ts";
export type { Credentials, SaveCredentialsOptions, SavedCredentials } from "./credentials.ts";
export type { IssuerLimits } from "./issuer-limits.ts";
export {
  asBytes,
  type ConfigMapKeyRef,
  type ConfigMapRefs,
  type ConfigMapValues,
  type SecretBytesRef,
  type SecretKeyRef,
  type SecretRefs,
  type SecretValues,
} from "./key-refs.ts";
export type {
  ServiceAccountToken,
  ServiceAccountTokenRequest,
  ServiceAccountTokens,
} from "./service-account-tokens.ts";
export type { CredentialReport, SignerReports } from "./signer-reports.ts";
