/** Metadata of a Kubernetes object as plain JSON: times are RFC 3339 strings, as on the wire. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Any Kubernetes object. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** metav1.Condition, and cert-manager's CertificateRequestCondition, which has no `observedGeneration`. */
export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
}

/** cert-manager.io/v1 CertificateRequest: the fields that an issuer reads. */
export interface CertificateRequest extends KubeObject {
  readonly spec: {
    readonly issuerRef: { readonly name: string; readonly kind?: string; readonly group?: string };
    /** base64 of a PEM PKCS#10 request. */
    readonly request: string;
    /** Go duration, such as `2160h0m0s`. */
    readonly duration?: string;
    readonly isCA?: boolean;
    readonly usages?: readonly string[];
    readonly username?: string;
    readonly uid?: string;
    readonly groups?: readonly string[];
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
  readonly status?: {
    readonly conditions?: readonly Condition[];
    /** base64 of the PEM chain. */
    readonly certificate?: string;
    /** base64 of the PEM CA. */
    readonly ca?: string;
    readonly failureTime?: string;
  };
}

/** certificates.k8s.io/v1 CertificateSigningRequest: the fields that a signer reads. */
export interface CertificateSigningRequest extends KubeObject {
  readonly spec: {
    /** `<plural>.<group>/<name>`, or `<plural>.<group>/<namespace>.<name>` for a namespaced issuer. */
    readonly signerName: string;
    /** base64 of a PEM PKCS#10 request. */
    readonly request: string;
    readonly expirationSeconds?: number;
    readonly usages?: readonly string[];
    readonly username?: string;
    readonly uid?: string;
    readonly groups?: readonly string[];
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
  readonly status?: {
    readonly conditions?: readonly (Partial<Condition> & Pick<Condition, "type" | "status">)[];
    /** base64 of the PEM chain; cannot be changed once it is set. */
    readonly certificate?: string;
  };
}

/** An issuer object of a kind that a definition declares. */
export interface IssuerObject<Spec = unknown> extends KubeObject {
  readonly spec: Spec;
  readonly status?: { readonly conditions?: readonly Condition[] };
}

/** core/v1 Secret. */
export interface Secret extends KubeObject {
  readonly type?: string;
  /** Values are base64. */
  readonly data?: Readonly<Record<string, string>>;
}

/** core/v1 ConfigMap. */
export interface ConfigMap extends KubeObject {
  /** Values are text. */
  readonly data?: Readonly<Record<string, string>>;
  /** Values that are not, in base64. */
  readonly binaryData?: Readonly<Record<string, string>>;
}

/** Where a resource lives in the API: `/apis/{group}/{version}[/namespaces/{ns}]/{plural}`. */
export interface ResourceType {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}
