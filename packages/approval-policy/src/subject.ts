import { type Csr, InvalidCsrError, parseCsr, parseGoDuration } from "@countersign/issuer-signer";
import { type CsrNames, readCsrNames } from "./csr-names.ts";

/** Who asked, as the API server stamped it on the request. */
export interface PolicyRequester {
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** What policies are evaluated against, of a CertificateRequest or a Kubernetes CertificateSigningRequest. */
export interface Subject {
  readonly kind: "CertificateRequest" | "CertificateSigningRequest";
  readonly name: string;
  /** Empty for a Kubernetes CSR that is not for an issuer of a namespace. */
  readonly namespace: string;
  readonly requester: PolicyRequester;
  /** With cert-manager's defaults for an empty kind and group. */
  readonly issuerRef: { readonly name: string; readonly kind: string; readonly group: string };
  readonly isCA: boolean;
  readonly usages: readonly string[];
  /** Undefined where the request leaves it to the issuer. */
  readonly durationSeconds: number | undefined;
  /** The CSR, or the one line in which the strict parser refused it. */
  readonly csr: SubjectCsr | { readonly refused: string };
}

/** A CSR with everything in it that policies decide on, read from the bytes that are signed. */
export interface SubjectCsr extends CsrNames {
  readonly parsed: Csr;
  readonly refused?: never;
}

/** The part of a cert-manager.io/v1 CertificateRequest that is read. */
export interface CertificateRequestLike {
  readonly metadata?:
    | { readonly name?: string | undefined; readonly namespace?: string | undefined }
    | undefined;
  readonly spec: {
    readonly issuerRef: {
      readonly name: string;
      readonly kind?: string | undefined;
      readonly group?: string | undefined;
    };
    /** Base64 of a PEM block. */
    readonly request: string;
    readonly duration?: string | undefined;
    readonly isCA?: boolean | undefined;
    readonly usages?: readonly string[] | undefined;
  } & RequesterFields;
}

/** The part of a certificates.k8s.io/v1 CertificateSigningRequest that is read. */
export interface KubernetesCsrLike {
  readonly metadata?: { readonly name?: string | undefined } | undefined;
  readonly spec: {
    /** Base64 of a PEM block. */
    readonly request: string;
    readonly signerName: string;
    readonly expirationSeconds?: number | undefined;
    readonly usages?: readonly string[] | undefined;
  } & RequesterFields;
}

/** Who asked, as the spec of both kinds has it. */
export interface RequesterFields {
  readonly username?: string | undefined;
  readonly uid?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** The issuer that a Kubernetes CSR is for, and the namespace of a namespaced one. */
export interface KubernetesIssuer {
  readonly issuerRef: { readonly name: string; readonly kind: string; readonly group: string };
  readonly namespace?: string | undefined;
}

/** Throws a RangeError for a duration that the API server would not have stored. */
export function subjectOfCertificateRequest({ metadata, spec }: CertificateRequestLike): Subject {
  const durationSeconds = spec.duration === undefined ? undefined : parseGoDuration(spec.duration);
  if (spec.duration !== undefined && durationSeconds === undefined)
    throw new RangeError("spec.duration of the CertificateRequest is no Go duration; write it as 2160h");
  return {
    kind: "CertificateRequest",
    name: metadata?.name ?? "",
    namespace: metadata?.namespace ?? "",
    requester: requesterOf(spec),
    issuerRef: {
      name: spec.issuerRef.name,
      kind: spec.issuerRef.kind || "Issuer",
      group: spec.issuerRef.group || "cert-manager.io",
    },
    isCA: spec.isCA ?? false,
    usages: spec.usages ?? [],
    durationSeconds,
    csr: readCsr(spec.request),
  };
}

/**
 * Signer names say resources where policies say kinds, so the issuer is given by who knows its kinds; {@link issuerOfSigner}
 * knows those of cert-manager.
 */
export function subjectOfKubernetesCsr(
  { metadata, spec }: KubernetesCsrLike,
  issuer: KubernetesIssuer,
): Subject {
  return {
    kind: "CertificateSigningRequest",
    name: metadata?.name ?? "",
    namespace: issuer.namespace ?? "",
    requester: requesterOf(spec),
    issuerRef: issuer.issuerRef,
    isCA: false,
    usages: spec.usages ?? [],
    durationSeconds: spec.expirationSeconds,
    csr: readCsr(spec.request),
  };
}

/**
 * The issuer that a signer name `<resource>.<group>/<namespace>.<name>` or `<resource>.<group>/<name>` means, where
 * `kinds` gives the kind of each resource and whether it has a namespace. Undefined for any other signer.
 */
export function issuerOfSigner(
  signerName: string,
  kinds: Readonly<Record<string, { readonly kind: string; readonly namespaced: boolean }>> = certManagerKinds,
): KubernetesIssuer | undefined {
  const [, resource = "", group = "", path = ""] = /^([^./]+)\.([^/]+)\/(.+)$/.exec(signerName) ?? [];
  const known = Object.hasOwn(kinds, resource) ? kinds[resource] : undefined;
  if (known === undefined) return undefined;
  if (!known.namespaced) return { issuerRef: { name: path, kind: known.kind, group } };
  const dot = path.indexOf(".");
  if (dot <= 0 || dot === path.length - 1) return undefined;
  return {
    issuerRef: { name: path.slice(dot + 1), kind: known.kind, group },
    namespace: path.slice(0, dot),
  };
}

const certManagerKinds = Object.freeze({
  issuers: { kind: "Issuer", namespaced: true },
  clusterissuers: { kind: "ClusterIssuer", namespaced: false },
});

function requesterOf({ username = "", uid = "", groups = [], extra = {} }: RequesterFields): PolicyRequester {
  return { username, uid, groups, extra };
}

function readCsr(base64: string): Subject["csr"] {
  try {
    const parsed = parseCsr(Buffer.from(base64, "base64"));
    return { parsed, ...readCsrNames(parsed) };
  } catch (error) {
    if (!(error instanceof InvalidCsrError)) throw error;
    return { refused: error.message };
  }
}
