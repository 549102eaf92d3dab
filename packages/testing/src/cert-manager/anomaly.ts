import type { CertificateRequest } from "@countersign/issuer-core";
import { findCondition, isTrue } from "./condition.ts";

/** A status that an issuer must never write, and what the real cert-manager does with it. */
export interface Anomaly {
  readonly code:
    | "failure-time-without-ready"
    | "failed-without-failure-time"
    | "ready-with-unknown-reason"
    | "issued-without-certificate"
    | "signed-without-approval"
    | "signed-although-denied";
  readonly namespace: string;
  readonly name: string;
  readonly message: string;
}

const knownReasons: ReadonlySet<string> = new Set(["Pending", "Failed", "Issued", "Denied"]);

/** The contract violations that the status of a request shows, none for a correct one. */
export function requestAnomalies(request: CertificateRequest): Anomaly[] {
  const { namespace = "", name } = request.metadata;
  const { conditions, certificate, failureTime } = request.status ?? {};
  const ready = findCondition(conditions, "Ready");
  const found: Anomaly[] = [];
  const report = (code: Anomaly["code"], message: string) => found.push({ code, namespace, name, message });
  if (failureTime !== undefined && ready === undefined)
    report("failure-time-without-ready", "cert-manager up to 1.21.1 crashes on it, later ones wait for ever");
  if (ready?.reason === "Failed" && failureTime === undefined)
    report(
      "failed-without-failure-time",
      "cert-manager never replaces such a request when the key is reused",
    );
  if (ready !== undefined && !knownReasons.has(ready.reason))
    report(
      "ready-with-unknown-reason",
      `cert-manager waits for ever on reason ${JSON.stringify(ready.reason)}`,
    );
  if (ready?.reason === "Issued" && !certificate)
    report("issued-without-certificate", "cert-manager fails the issuance: there is no certificate to parse");
  if (certificate && isTrue(conditions, "Denied"))
    report("signed-although-denied", "cert-manager fails the issuance, but the certificate exists");
  else if (certificate && !isTrue(conditions, "Approved"))
    report(
      "signed-without-approval",
      "cert-manager takes it: waiting for approval is the duty of the issuer alone",
    );
  return found;
}
