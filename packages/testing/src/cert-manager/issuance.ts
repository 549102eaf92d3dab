import type { CertificateRequest, Secret } from "@countersign/issuer-core";
import { isPermanent, signerErrorCode } from "@countersign/issuer-signer";
import type { Certificate, CertificateStatus } from "./certificate.ts";
import { withFailure, withReadiness, withSuccess } from "./certificate-status.ts";
import { findCondition } from "./condition.ts";
import { certificateCsr } from "./csr.ts";
import type { CertManagerEmitter } from "./events.ts";
import { requestMatches } from "./issuance-reason.ts";
import { issuedCertificateProblem, readChain } from "./issued-certificate.ts";
import { encodePrivateKey } from "./key.ts";
import { certificateRequestType, certificateType, type KubeObjects, secretType } from "./kube-objects.ts";
import { ensureNextKey, type NextKey } from "./next-key.ts";
import { ownerOf, type RequesterIdentity, requestObject, revisionOf } from "./request-object.ts";
import { isSuperseded, requestOutcome } from "./request-outcome.ts";
import { secretObject } from "./secret-object.ts";
import { type IssuanceReason, storedKey } from "./stored-key-pair.ts";

/** What an issuance works with. */
export interface IssuanceOptions {
  readonly kube: KubeObjects;
  readonly events: CertManagerEmitter;
  readonly requester: RequesterIdentity;
  readonly now: () => number;
}

/** The state in which {@link Issuance.advance} finds a Certificate. */
export interface IssuanceState {
  /** Just read from the API server, with `Issuing` True: an outdated one would issue twice. */
  readonly certificate: Certificate;
  /** The Certificate's Secret. */
  readonly secret: Secret | undefined;
  /** The requests that this very Certificate owns; may be outdated. */
  readonly requests: readonly CertificateRequest[];
}

/** Takes a Certificate that is being issued as far as it can go now: key, request, Secret. Every step can be repeated. */
export class Issuance {
  readonly #options: IssuanceOptions;

  constructor(options: IssuanceOptions) {
    this.#options = options;
  }

  async advance({ certificate, secret, requests }: IssuanceState): Promise<void> {
    const { kube } = this.#options;
    let next: NextKey;
    let csrPem: string;
    try {
      next = await ensureNextKey(kube, certificate, storedKey(secret));
      csrPem = await certificateCsr(certificate.spec, next.key);
    } catch (error) {
      return await this.#fail(certificate, specProblem(error));
    }
    const { secretName: nextPrivateKeySecretName } = next;
    const current =
      certificate.status?.nextPrivateKeySecretName === nextPrivateKeySecretName
        ? certificate
        : await this.#writeStatus(certificate, { ...certificate.status, nextPrivateKeySecretName });
    const request = await this.#currentRequest(current, next, requests);
    if (request === undefined) await this.#createRequest(current, next, csrPem);
    else await this.#conclude(current, next, request, secret);
  }

  /** The request of this issuance. Those that cannot be its request make way for it. */
  async #currentRequest(
    { spec, status }: Certificate,
    next: NextKey,
    requests: readonly CertificateRequest[],
  ) {
    const revision = (status?.revision ?? 0) + 1;
    const issuingSince = findCondition(status?.conditions, "Issuing")?.lastTransitionTime ?? "";
    let current: CertificateRequest | undefined;
    for (const request of requests) {
      const of = revisionOf(request);
      if (of !== undefined && of !== revision) continue;
      const fits =
        of === revision &&
        !isSuperseded(request, issuingSince) &&
        (await requestMatches(request, spec, next.key));
      if (fits) current = request;
      else await this.#options.kube.delete(certificateRequestType, request);
    }
    return current;
  }

  async #createRequest(certificate: Certificate, next: NextKey, csrPem: string): Promise<void> {
    const { kube, events, requester } = this.#options;
    const { namespace = "", name: certificateName, uid } = certificate.metadata;
    const revision = (certificate.status?.revision ?? 0) + 1;
    const draft = requestObject({ certificate, revision, csrPem, keySecretName: next.secretName, requester });
    const { name } = draft.metadata;
    if ((await kube.create(certificateRequestType, draft)) !== undefined) {
      events.emit("requested", { namespace, name, certificate: certificateName, revision });
      return;
    }
    const existing = await kube.get<CertificateRequest>(certificateRequestType, { namespace, name });
    if (existing !== undefined && ownerOf(existing)?.uid !== uid)
      throw new Error(
        `CertificateRequest ${namespace}/${name} exists and belongs to no or another Certificate`,
      );
  }

  async #conclude(
    certificate: Certificate,
    next: NextKey,
    request: CertificateRequest,
    secret: Secret | undefined,
  ): Promise<void> {
    const outcome = requestOutcome(request);
    if (outcome.status === "waiting") return;
    if (outcome.status === "failed") return await this.#fail(certificate, outcome);
    const { kube, events, now } = this.#options;
    const { certificatePem: chainPem, caPem } = outcome;
    const problem = issuedCertificateProblem(chainPem, next.key, now());
    if (problem !== undefined)
      return await this.#fail(certificate, { reason: "InvalidCertificate", message: problem });
    const keyPem = encodePrivateKey(next.key, certificate.spec.privateKey?.encoding);
    await kube.apply(secretType, secretObject(certificate, { chainPem, keyPem, caPem }, secret?.type));
    const { namespace = "", name } = certificate.metadata;
    const revision = (certificate.status?.revision ?? 0) + 1;
    const issued = { ...certificate, status: withSuccess(certificate, revision) };
    const pair = { key: next.key, leaf: readChain(chainPem)[0] };
    await this.#finish(certificate, withReadiness(issued, { pair, problem: undefined }, now()));
    events.emit("issued", { namespace, name, revision });
  }

  async #fail(certificate: Certificate, why: IssuanceReason): Promise<void> {
    const { namespace = "", name } = certificate.metadata;
    const { reason, message } = why;
    const status = withFailure(certificate, { reason, message }, this.#options.now());
    await this.#finish(certificate, status);
    const attempts = status.failedIssuanceAttempts ?? 0;
    this.#options.events.emit("failed", { namespace, name, reason, message, attempts });
  }

  /** The status goes first: a key Secret left behind by a crash is harmless, a key that is missed means issuing again. */
  async #finish(certificate: Certificate, status: CertificateStatus): Promise<void> {
    const { kube } = this.#options;
    await this.#writeStatus(certificate, status);
    const name = certificate.status?.nextPrivateKeySecretName;
    if (name === undefined) return;
    const secret = await kube.get<Secret>(secretType, { namespace: certificate.metadata.namespace, name });
    if (secret !== undefined) await kube.delete(secretType, secret);
  }

  #writeStatus(certificate: Certificate, status: CertificateStatus): Promise<Certificate> {
    return this.#options.kube.replaceStatus(certificateType, { ...certificate, status });
  }
}

/** What a Certificate's spec cannot be made into; anything else is no verdict on the spec and is thrown on. */
function specProblem(error: unknown): IssuanceReason {
  const aboutSpec =
    error instanceof RangeError || error instanceof TypeError || isPermanent(signerErrorCode(error));
  if (!aboutSpec || !(error instanceof Error)) throw error;
  return { reason: "InvalidSpec", message: error.message };
}
