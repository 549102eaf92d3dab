import type { CertificateRequest, Secret } from "@countersign/issuer-core";
import {
  isKubeApiError,
  type KubeTransport,
  objectKey,
  type Scheduler,
  startInformer,
  WorkQueue,
} from "@countersign/issuer-core/kube";
import { AnomalyReporter } from "./anomaly-reporter.ts";
import { type ApprovalPolicy, decideApproval } from "./approver.ts";
import type { BackOffBounds } from "./back-off.ts";
import type { Certificate } from "./certificate.ts";
import { CertificateController } from "./certificate-controller.ts";
import type { CertManagerEmitter } from "./events.ts";
import { certificateRequestType, certificateType, KubeObjects, secretType } from "./kube-objects.ts";
import { managedSecretLabel } from "./names.ts";
import { ownerOf, type RequesterIdentity } from "./request-object.ts";

/** Certificates and requests in process at once, and the wait after a call that failed: short, for people who watch. */
const queueOptions = Object.freeze({ concurrency: 8, backoff: { initialMs: 100, maxMs: 2_000 } });

/** What the controllers work with. */
export interface ControllersOptions extends BackOffBounds {
  readonly transport: KubeTransport;
  readonly scheduler: Scheduler;
  readonly events: CertManagerEmitter;
  readonly approve: ApprovalPolicy;
  readonly requester: RequesterIdentity;
}

/** The controllers at work. */
export interface RunningControllers {
  /** Resolves when everything that exists has been seen. */
  readonly synced: Promise<unknown>;
  /** Resolves when nothing runs any more. */
  stop(): Promise<void>;
}

/** Starts to watch, and puts whatever changes into the queue of whoever it concerns. */
export function startControllers(options: ControllersOptions): RunningControllers {
  const { transport, scheduler, events, approve, requester } = options;
  // A conflict is how a write learns that it knew too little: the next try looks again.
  const trouble = (during: string) => (error: unknown) => {
    if (!isKubeApiError(error, 409)) events.emit("trouble", { during, error });
  };
  const informer = {
    transport,
    scheduler,
    onTrouble: (it: { during: string; error: unknown }) => events.emit("trouble", it),
  };
  const certificates = startInformer<Certificate>({
    ...informer,
    type: certificateType,
    indexes: { secret: ({ metadata, spec }) => [`${metadata.namespace}/${spec.secretName}`] },
  });
  const requests = startInformer<CertificateRequest>({
    ...informer,
    type: certificateRequestType,
    indexes: { owner: (request) => ownerKeys(request) },
  });
  const secrets = startInformer<Secret>({
    ...informer,
    type: secretType,
    matches: ({ metadata }) => metadata.labels?.[managedSecretLabel] !== undefined,
    transform: ({ data: _, ...secret }) => secret,
  });
  const controller = new CertificateController({
    kube: new KubeObjects(transport, "cert-manager-certificates"),
    certificates: certificates.store,
    requests: requests.store,
    requester,
    events,
    now: () => scheduler.now(),
    backOff: options,
  });
  const issuing = new WorkQueue({
    ...queueOptions,
    scheduler,
    onError: trouble("certificate"),
    process: async (key) => {
      const lookAgain = await controller.reconcile(key);
      if (lookAgain !== undefined) issuing.addAfter(key, lookAgain - scheduler.now());
    },
  });
  const approving = new WorkQueue({
    ...queueOptions,
    scheduler,
    onError: trouble("approval"),
    process: async (key, signal) => {
      const request = requests.store.get(key);
      if (request !== undefined)
        await decideApproval({ transport, approve, events, scheduler }, request, signal);
    },
  });
  const anomalies = new AnomalyReporter(events);
  certificates.store.onChange(({ object }) => issuing.add(objectKey(object)));
  requests.store.onChange((change) => {
    for (const owner of ownerKeys(change.object)) issuing.add(owner);
    if (change.type !== "deleted") approving.add(objectKey(change.object));
    anomalies.observe(change);
  });
  secrets.store.onChange(({ object }) => {
    for (const certificate of certificates.store.byIndex("secret", objectKey(object)))
      issuing.add(objectKey(certificate));
  });
  const informers = [certificates, requests, secrets];
  return {
    synced: Promise.all(informers.map(({ synced }) => synced)),
    async stop() {
      await Promise.all(informers.map((one) => one.stop()));
      await Promise.all([issuing, approving].map((queue) => queue.stop({ drainMs: 2_000 })));
    },
  };
}

function ownerKeys(request: CertificateRequest): readonly string[] {
  const owner = ownerOf(request);
  return owner === undefined ? [] : [`${request.metadata.namespace}/${owner.name}`];
}
