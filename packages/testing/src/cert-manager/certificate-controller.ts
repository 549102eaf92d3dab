import { isDeepStrictEqual } from "node:util";
import type { CertificateRequest, Secret } from "@countersign/issuer-core";
import type { Store } from "@countersign/issuer-core/kube";
import { type BackOffBounds, retryTime } from "./back-off.ts";
import type { Certificate } from "./certificate.ts";
import { isIssuing, type SecretState, withIssuing, withReadiness } from "./certificate-status.ts";
import { findCondition, isTrue } from "./condition.ts";
import { Issuance, type IssuanceOptions } from "./issuance.ts";
import { renewalDue, specReason } from "./issuance-reason.ts";
import { certificateRequestType, certificateType, secretType } from "./kube-objects.ts";
import { annotationNames } from "./names.ts";
import { ownerOf, revisionOf } from "./request-object.ts";
import { type IssuanceReason, readKeyPair } from "./stored-key-pair.ts";

/** What {@link CertificateController} works with. */
export interface CertificateControllerOptions extends IssuanceOptions {
  readonly certificates: Store<Certificate>;
  /** With the index `owner`: `namespace/name` of the Certificate that owns a request. */
  readonly requests: Store<CertificateRequest>;
  readonly backOff: BackOffBounds;
}

/** Brings one Certificate nearer to what its spec asks for: decides when to issue and says whether it is Ready. */
export class CertificateController {
  readonly #options: CertificateControllerOptions;
  readonly #issuance: Issuance;

  constructor(options: CertificateControllerOptions) {
    this.#options = options;
    this.#issuance = new Issuance(options);
  }

  /**
   * Looks at the Certificate of that key (`namespace/name`) as it is now and does what can be done now. Resolves to when
   * to look again even if nothing changes, in milliseconds since the epoch; undefined for never.
   */
  async reconcile(key: string): Promise<number | undefined> {
    const { kube, now } = this.#options;
    const [namespace, name = ""] = key.split("/");
    const certificate = await kube.get<Certificate>(certificateType, { namespace, name });
    const requests = await this.#ownRequests(key, certificate?.metadata.uid);
    if (certificate === undefined || certificate.metadata.deletionTimestamp !== undefined) return undefined;
    const secret = await kube.get<Secret>(secretType, { namespace, name: certificate.spec.secretName });
    const conflict = this.#conflict(certificate, secret);
    const state = conflict ?? (await secretState(certificate, secret, requests));
    const at = now();
    let status = withReadiness(certificate, state, at);
    const seen = { ...certificate, status };
    const reason = conflict === undefined ? dueReason(certificate, state, at) : undefined;
    const waitUntil = reason === undefined ? 0 : this.#retryTime(certificate);
    if (reason !== undefined && !isIssuing(seen) && at >= waitUntil) status = withIssuing(seen, reason, at);
    const current = isDeepStrictEqual(status, certificate.status)
      ? certificate
      : await kube.replaceStatus(certificateType, { ...certificate, status });
    if (isIssuing(current)) await this.#issuance.advance({ certificate: current, secret, requests });
    else if (isTrue(status.conditions, "Ready")) await this.#pruneRequests(current, requests);
    return nextLook(certificate, state, at, waitUntil);
  }

  /**
   * The requests of this Certificate. Those of one that is gone are deleted, as the garbage collector of a real cluster
   * would: a later Certificate of that name needs their names.
   */
  async #ownRequests(key: string, uid: string | undefined): Promise<readonly CertificateRequest[]> {
    const own: CertificateRequest[] = [];
    for (const request of this.#options.requests.byIndex("owner", key)) {
      if (ownerOf(request)?.uid === uid) own.push(request);
      else await this.#options.kube.delete(certificateRequestType, request);
    }
    return own;
  }

  /** Two Certificates with one Secret would replace each other's certificate for ever: the second one is left waiting. */
  #conflict({ metadata, spec }: Certificate, secret: Secret | undefined): SecretState | undefined {
    const holder = secret?.metadata.annotations?.[annotationNames.certificateName];
    if (holder === undefined || holder === metadata.name) return undefined;
    const other = this.#options.certificates.get(`${metadata.namespace}/${holder}`);
    if (other?.spec.secretName !== spec.secretName) return undefined;
    const message = `Secret ${spec.secretName} belongs to Certificate ${holder}; name another Secret`;
    return { pair: undefined, problem: { reason: "IncorrectCertificate", message } };
  }

  /** When the next issuance may start: at once, unless the last one failed with the spec as it still is. */
  #retryTime({ metadata, status }: Certificate): number {
    const { lastFailureTime, failedIssuanceAttempts = 1, conditions } = status ?? {};
    if (lastFailureTime === undefined) return 0;
    if (findCondition(conditions, "Issuing")?.observedGeneration !== metadata.generation) return 0;
    return retryTime(Date.parse(lastFailureTime), failedIssuanceAttempts, this.#options.backOff);
  }

  async #pruneRequests({ spec }: Certificate, requests: readonly CertificateRequest[]): Promise<void> {
    const revisions = requests.filter((request) => revisionOf(request) !== undefined);
    revisions.sort((left, right) => (revisionOf(right) ?? 0) - (revisionOf(left) ?? 0));
    for (const request of revisions.slice(spec.revisionHistoryLimit ?? 1))
      await this.#options.kube.delete(certificateRequestType, request);
  }
}

async function secretState(
  certificate: Certificate,
  secret: Secret | undefined,
  requests: readonly CertificateRequest[],
): Promise<SecretState> {
  const pair = readKeyPair(secret);
  if (secret === undefined || !("leaf" in pair)) return { pair: undefined, problem: pair as IssuanceReason };
  const request = requests.find((one) => revisionOf(one) === certificate.status?.revision);
  return { pair, problem: await specReason({ certificate, secret, pair, request }) };
}

function dueReason(certificate: Certificate, state: SecretState, now: number): IssuanceReason | undefined {
  if (state.problem !== undefined || state.pair === undefined) return state.problem;
  const due = renewalDue(certificate, state.pair);
  if (now < due) return undefined;
  return {
    reason: "Renewing",
    message: `Renewing certificate as renewal was scheduled at ${new Date(due).toISOString()}`,
  };
}

/** The first of: end of the back-off, time of renewal, expiry. */
function nextLook(
  certificate: Certificate,
  { pair }: SecretState,
  now: number,
  waitUntil: number,
): number | undefined {
  const times = [waitUntil];
  if (pair !== undefined) times.push(renewalDue(certificate, pair), pair.leaf.validToDate.getTime());
  const ahead = times.filter((time) => time > now);
  return ahead.length === 0 ? undefined : Math.min(...ahead);
}
