import type { Condition, KubeObject } from "@countersign/issuer-core";

/** How the private key of a Certificate is made and stored. */
export interface PrivateKeySpec {
  /** RSA where none is named. */
  readonly algorithm?: "RSA" | "ECDSA" | "Ed25519";
  /** Bits of an RSA key (2048, 3072, 4096; default 2048) or of the curve (256, 384, 521; default 256). */
  readonly size?: number;
  /** PKCS1 where none is named; an EC key is then written as SEC1, and Ed25519 always as PKCS8. */
  readonly encoding?: "PKCS1" | "PKCS8";
  /** Whether every issuance has a new key; `Always` where none is named, as cert-manager since 1.18. */
  readonly rotationPolicy?: "Always" | "Never";
}

/** The X.509 subject of a Certificate beside its common name; each list becomes one attribute per entry. */
export interface SubjectSpec {
  readonly organizations?: readonly string[];
  readonly organizationalUnits?: readonly string[];
  readonly countries?: readonly string[];
  readonly provinces?: readonly string[];
  readonly localities?: readonly string[];
  readonly streetAddresses?: readonly string[];
  readonly postalCodes?: readonly string[];
  readonly serialNumber?: string;
}

/** Which issuer signs. An empty kind means `Issuer`, an empty group `cert-manager.io`. */
export interface IssuerRef {
  readonly name: string;
  readonly kind?: string;
  readonly group?: string;
}

/** The fields of cert-manager.io/v1 Certificate's spec that the stand-in acts on. */
export interface CertificateSpec {
  readonly secretName: string;
  readonly issuerRef: IssuerRef;
  readonly commonName?: string;
  /** RFC 4514 text, most specific attribute first; instead of `commonName` and `subject`. */
  readonly literalSubject?: string;
  readonly subject?: SubjectSpec;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly uris?: readonly string[];
  readonly emailAddresses?: readonly string[];
  /** Go duration. */
  readonly duration?: string;
  /** Go duration before expiry at which to renew; a third of the lifetime where none is given. */
  readonly renewBefore?: string;
  /** Percentage of the lifetime that is left when it is renewed; not together with `renewBefore`. */
  readonly renewBeforePercentage?: number;
  /** cert-manager's words, such as `server auth`. */
  readonly usages?: readonly string[];
  /** Whether the CSR carries the usages as extensions; true where it is not given. */
  readonly encodeUsagesInRequest?: boolean;
  readonly isCA?: boolean;
  readonly privateKey?: PrivateKeySpec;
  /** How many CertificateRequests are kept; 1 where it is not given. */
  readonly revisionHistoryLimit?: number;
  readonly secretTemplate?: {
    readonly annotations?: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
  };
}

/** The status of a Certificate. Times are RFC 3339. */
export interface CertificateStatus {
  readonly conditions?: readonly Condition[];
  readonly revision?: number;
  readonly nextPrivateKeySecretName?: string;
  readonly notBefore?: string;
  readonly notAfter?: string;
  readonly renewalTime?: string;
  readonly lastFailureTime?: string;
  readonly failedIssuanceAttempts?: number;
}

/** cert-manager.io/v1 Certificate. */
export interface Certificate extends KubeObject {
  readonly spec: CertificateSpec;
  readonly status?: CertificateStatus;
}
