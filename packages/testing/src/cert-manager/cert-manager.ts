/**
 * A stand-in for cert-manager: a development and test tool, not cert-manager. It plays the part that an issuer sees
 * (Certificate, CertificateRequest, approval, Secret, renewal, back-off) as cert-manager 1.21 does, which one suite of
 * cases checks on both.
 *
 * Not there: admission webhooks (the stand-in stamps `username` itself, a spec can be changed, anybody may approve whom
 * RBAC lets write the status), issuers, ACME, ingress and gateway shims, keystores and other output formats, otherNames,
 * name constraints, temporary certificates, Kubernetes events, metrics.
 *
 * @module
 */
import {
  type CertificateRequest,
  connectionTo,
  type KubeConnection,
  type Secret,
} from "@countersign/issuer-core";
import {
  KubeTransport,
  objectKey,
  type Scheduler,
  startInformer,
  systemScheduler,
  WorkQueue,
} from "@countersign/issuer-core/kube";
import { AnomalyReporter } from "./anomaly-reporter.ts";
import { type ApprovalPolicy, decideApproval } from "./approver.ts";
import { type BackOffBounds, defaultBackOff } from "./back-off.ts";
import type { Certificate } from "./certificate.ts";
import { CertificateController } from "./certificate-controller.ts";
import { type CertManagerEmitter, certManagerEmitter } from "./events.ts";
import { installCrds } from "./install-crds.ts";
import { certificateRequestType, certificateType, KubeObjects, secretType } from "./kube-objects.ts";
import { managedSecretLabel } from "./names.ts";
import { certManagerIdentity, ownerOf, type RequesterIdentity } from "./request-object.ts";

/** Options of {@link startCertManager}. Either `connection`, or `url` with its `token`. */
export interface CertManagerOptions extends Partial<BackOffBounds> {
  readonly connection?: KubeConnection | undefined;
  /** Address of the API server, such as the `url` of the embedded Kubernetes API. */
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  /** Approves every request unless given; cert-manager's own approver does so for its default signers. */
  readonly approve?: ApprovalPolicy | undefined;
  /** Installs the stand-in's own CRDs; true unless given. */
  readonly installCrds?: boolean | undefined;
  /** Who is stamped on requests as their creator; cert-manager's ServiceAccount unless given. */
  readonly requester?: RequesterIdentity | undefined;
  /** Clock and timers. */
  readonly scheduler?: Scheduler | undefined;
  /** Stops the stand-in. */
  readonly signal?: AbortSignal | undefined;
}

/** A running stand-in. */
export interface CertManager extends AsyncDisposable {
  readonly events: CertManagerEmitter;
  /** Resolves when nothing of it runs any more. Can be called again. */
  stop(): Promise<void>;
}

/** Certificates and requests in process at once, and the wait after a call that failed: short, for people who watch. */
const queueOptions = Object.freeze({ concurrency: 8, backoff: { initialMs: 100, maxMs: 5_000 } });

/**
 * Starts a **stand-in for cert-manager**, a development tool: it makes a CertificateRequest of each Certificate, approves
 * it, and puts what an issuer answers into the Secret, with cert-manager's rules for failure, back-off and renewal. Never
 * run it beside the real one.
 *
 * Resolves when it watches. Throws a TypeError for wrong options, and what core's transport throws when the API server
 * does not answer.
 */
export async function startCertManager(options: CertManagerOptions): Promise<CertManager> {
  const { scheduler = systemScheduler, approve = true, signal } = options;
  signal?.throwIfAborted();
  const transport = new KubeTransport({
    connection: connectionOf(options),
    userAgent: "countersign-cert-manager-stand-in",
    scheduler,
  });
  try {
    if (options.installCrds !== false) await installCrds(transport, scheduler, signal);
  } catch (error) {
    transport.close();
    throw error;
  }
  const events = certManagerEmitter();
  const running = run({ ...options, approve, scheduler }, transport, events);
  const halted = Promise.withResolvers<void>();
  let stopped: Promise<void> | undefined;
  const stop = () => {
    halted.resolve();
    stopped ??= running.stop().finally(() => {
      signal?.removeEventListener("abort", stop);
      transport.close();
    });
    return stopped;
  };
  signal?.addEventListener("abort", stop);
  await Promise.race([running.synced, halted.promise]);
  signal?.throwIfAborted();
  return { events, stop, [Symbol.asyncDispose]: stop };
}

function connectionOf({ connection, url, token }: CertManagerOptions): KubeConnection {
  if (connection !== undefined) return connection;
  if (url === undefined) throw new TypeError("Expected `connection` or `url`, got neither");
  return connectionTo({ server: url, token });
}

type RunOptions = CertManagerOptions & { readonly approve: ApprovalPolicy; readonly scheduler: Scheduler };

function run(options: RunOptions, transport: KubeTransport, events: CertManagerEmitter) {
  const { approve, scheduler, requester = certManagerIdentity } = options;
  const { minBackoffMs = defaultBackOff.minBackoffMs, maxBackoffMs = defaultBackOff.maxBackoffMs } = options;
  const trouble = (during: string) => (error: unknown) => events.emit("trouble", { during, error });
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
    now: scheduler.now,
    backOff: { minBackoffMs, maxBackoffMs },
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
