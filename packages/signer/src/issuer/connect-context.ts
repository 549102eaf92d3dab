import type { HttpClient } from "../http/index.ts";
import type { Credentials } from "./credentials.ts";
import type { ConfigMapRefs, ConfigMapValues, SecretRefs, SecretValues } from "./key-refs.ts";
import type { ServiceAccountTokens } from "./service-account-tokens.ts";
import type { SignerReports } from "./signer-reports.ts";

/** Which issuer object a signer serves. */
export interface IssuerIdentity {
  /** API group of the kind. */
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  /** Empty for a cluster-scoped issuer. */
  readonly namespace: string;
  readonly uid: string;
}

/** What `connect` gets for one issuer object and one version of its spec, Secrets and ConfigMaps. */
export interface ConnectContext<
  Spec,
  Secrets extends SecretRefs = Readonly<Record<never, never>>,
  ConfigMaps extends ConfigMapRefs = Readonly<Record<never, never>>,
  Saved extends string = never,
> {
  /** The parsed spec of the issuer object. */
  readonly spec: Spec;
  /** The referenced Secret values, by the names that `secrets` gave them: UTF-8 text, or bytes where it is {@link asBytes}. */
  readonly secrets: SecretValues<Secrets>;
  /** The referenced values of ConfigMaps, by the names that `configMaps` gave them. */
  readonly configMaps: ConfigMapValues<ConfigMaps>;
  /** The bounded HTTP client of this issuer object; closed by the SDK. */
  readonly http: HttpClient;
  /** The issuer object that is served. */
  readonly issuer: IssuerIdentity;
  /** Tokens of Kubernetes service accounts; for definitions with `requestsTokens`. */
  readonly serviceAccountTokens: ServiceAccountTokens;
  /** Keeps what the PKI renews; for definitions with `savesCredentials`. */
  readonly credentials: Credentials<Saved>;
  /** Tells operators what only the signer knows. */
  readonly reports: SignerReports;
}
