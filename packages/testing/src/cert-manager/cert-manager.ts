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
import { connectionTo, type KubeConnection } from "@countersign/issuer-core";
import { KubeTransport, type Scheduler, systemScheduler } from "@countersign/issuer-core/kube";
import type { ApprovalPolicy } from "./approver.ts";
import { type BackOffBounds, defaultBackOff } from "./back-off.ts";
import { type CertManagerEmitter, certManagerEmitter } from "./events.ts";
import { installCrds } from "./install-crds.ts";
import { certManagerIdentity, type RequesterIdentity } from "./request-object.ts";
import { startControllers } from "./start-controllers.ts";

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

/**
 * Starts a **stand-in for cert-manager**, a development tool: it makes a CertificateRequest of each Certificate, approves
 * it, and puts what an issuer answers into the Secret, with cert-manager's rules for failure, back-off and renewal. Never
 * run it beside the real one.
 *
 * Resolves when it watches. Throws a TypeError for wrong options, and what core's transport throws when the API server
 * does not answer.
 */
export async function startCertManager(options: CertManagerOptions): Promise<CertManager> {
  const { scheduler = systemScheduler, signal } = options;
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
  const running = startControllers({
    transport,
    scheduler,
    events,
    approve: options.approve ?? true,
    requester: options.requester ?? certManagerIdentity,
    minBackoffMs: options.minBackoffMs ?? defaultBackOff.minBackoffMs,
    maxBackoffMs: options.maxBackoffMs ?? defaultBackOff.maxBackoffMs,
  });
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
