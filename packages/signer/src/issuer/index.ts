export type { ConnectContext, IssuerIdentity } from "./connect-context.ts";
export type { Credentials, SaveCredentialsOptions, SavedCredentials } from "./credentials.ts";
export type { IssuerLimits } from "./issuer-limits.ts";
export type {
  ConfigMapKeyRef,
  ConfigMapRefs,
  ConfigMapValues,
  SecretKeyRef,
  SecretRefs,
  SecretValues,
} from "./key-refs.ts";
export type {
  ServiceAccountToken,
  ServiceAccountTokenRequest,
  ServiceAccountTokens,
} from "./service-account-tokens.ts";
export type { CredentialReport, SignerReports } from "./signer-reports.ts";
