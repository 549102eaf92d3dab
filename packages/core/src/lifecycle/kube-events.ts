import type { IssuerDefinition } from "../definition/define-issuer.ts";
import type { EventRecorder } from "../kube/event-recorder.ts";
import type { Lifecycle, RequestWritten } from "./lifecycle.ts";

const apiVersions = Object.freeze({
  CertificateRequest: "cert-manager.io/v1",
  CertificateSigningRequest: "certificates.k8s.io/v1",
});

/** Records the steps of a definition's requests, and the news of its issuers, as Kubernetes events. */
export function recordKubeEvents(
  lifecycle: Lifecycle,
  recorder: Pick<EventRecorder, "record">,
  definition: IssuerDefinition,
): void {
  const record = ({ request, issuer, type, reason, message: note }: RequestWritten) => {
    if (issuer.group !== definition.group) return;
    const action = reason === "RetryableError" || reason === "PermanentError" ? "SyncFailed" : "Synced";
    const { kind, namespace, name, uid } = request;
    recorder.record(
      { apiVersion: apiVersions[kind], kind, metadata: { namespace, name, uid } },
      { type, reason, action, note },
    );
  };
  lifecycle.on("request:issued", record);
  lifecycle.on("request:pending", record);
  lifecycle.on("request:waiting", record);
  lifecycle.on("request:retrying", record);
  lifecycle.on("request:failed", record);
  lifecycle.on("request:denied", record);
  lifecycle.on("request:reused", record);
  lifecycle.on("request:differs", record);
  lifecycle.on("request:possibleDuplicate", record);

  lifecycle.on("issuer:checked", (step) => {
    const { issuer, uid, changed, ready, reason, message: note } = step;
    // Only news: a periodic check that finds the same would be one event per issuer and interval for ever.
    if (!changed || issuer.group !== definition.group) return;
    const { kind, namespace, name } = issuer;
    const failed = reason === "Failed" ? "PermanentError" : "RetryableError";
    recorder.record(
      { apiVersion: `${definition.group}/${definition.version}`, kind, metadata: { namespace, name, uid } },
      ready
        ? { type: "Normal", reason: "Checked", action: "Synced", note }
        : { type: "Warning", reason: failed, action: "SyncFailed", note },
    );
  });
}
