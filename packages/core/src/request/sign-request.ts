import { type Csr, PermanentError, parseCsr, type SignRequest } from "@countersign/issuer-signer";
import type { CertificateRequest } from "../kube/types.ts";
import { parseGoDuration } from "./go-duration.ts";

/** cert-manager's lifetime for requests that name none: 90 days, in seconds. */
export const defaultDurationSeconds = 90 * 24 * 3600;

/** cert-manager's usages for requests that name none. */
export const defaultUsages: readonly string[] = Object.freeze(["digital signature", "key encipherment"]);

/** A request that the signer may see, with its CSR parsed and its proof of possession verified. */
export interface ReadyToSign {
  readonly request: SignRequest;
  readonly csr: Csr;
}

function durationSeconds(duration: string | undefined): number {
  if (duration === undefined) return defaultDurationSeconds;
  const seconds = parseGoDuration(duration);
  if (seconds === undefined || seconds <= 0) {
    throw new PermanentError("spec.duration is not a positive Go duration such as 2160h. Create a new request.");
  }
  return seconds;
}

/**
 * Reads what a CertificateRequest asks for.
 *
 * @throws InvalidCsrError when the CSR is unacceptable; PermanentError when the spec is.
 */
export function toSignRequest(object: CertificateRequest): ReadyToSign {
  const { metadata, spec } = object;
  const csr = parseCsr(Buffer.from(spec.request, "base64"));
  const isCA = spec.isCA === true;
  const usages = spec.usages === undefined || spec.usages.length === 0 ? defaultUsages : spec.usages;
  return {
    csr,
    request: {
      uid: metadata.uid,
      kind: "CertificateRequest",
      namespace: metadata.namespace ?? "",
      name: metadata.name,
      csr: csr.pem,
      durationSeconds: durationSeconds(spec.duration),
      isCA,
      usages: isCA && !usages.includes("cert sign") ? [...usages, "cert sign"] : usages,
      annotations: metadata.annotations ?? {},
      labels: metadata.labels ?? {},
      requester: {
        username: spec.username ?? "",
        uid: spec.uid,
        groups: spec.groups ?? [],
        extra: spec.extra,
      },
      createdAt: Date.parse(metadata.creationTimestamp) / 1000,
    },
  };
}
