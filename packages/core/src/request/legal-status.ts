import type { Condition } from "../kube/types.ts";
import type { ReadyReason, RequestStatus } from "./request-status.ts";

/** Conditions that belong to approvers and to cert-manager's webhook. */
const foreignTypes: ReadonlySet<string> = new Set(["Approved", "Denied", "InvalidRequest"]);

/** With any other, cert-manager waits for ever. */
const readyReasons: ReadonlySet<string> = new Set([
  "Pending",
  "Failed",
  "Issued",
  "Denied",
] satisfies ReadyReason[]);
const statuses: ReadonlySet<unknown> = new Set(["True", "False", "Unknown"] satisfies Condition["status"][]);

/**
 * The last check before a status is written. `failureTime` without `Ready` crashes cert-manager before 1.21.2 for the
 * whole cluster, Failed without `failureTime` is never tried again, an apply that repeats `Approved` is refused by its
 * webhook, and one with a condition that is none is refused by the API server each time. The types and the builders make
 * these impossible; this makes sure, also of what a signer without types answers.
 *
 * @throws TypeError that says which rule is broken: a defect of the SDK or of a signer's own conditions
 */
export function assertLegalStatus(status: RequestStatus): void {
  const { conditions, certificate, ca, failureTime } = status;
  const types = conditions.map(({ type }) => type);
  const ready = conditions.find(({ type }) => type === "Ready");
  const refuse = (rule: string): never => {
    throw new TypeError(`Expected the status to keep cert-manager's contract, but ${rule}`);
  };
  if (ready === undefined) throw refuse("it has no Ready condition");
  if (new Set(types).size !== types.length) refuse("a condition type comes twice");
  const foreign = types.find((type) => foreignTypes.has(type));
  if (foreign !== undefined) refuse(`it sets ${foreign}, which is not the issuer's`);
  const broken = conditions.find(
    ({ type, status, reason, message }) =>
      typeof type !== "string" ||
      type === "" ||
      !statuses.has(status) ||
      typeof reason !== "string" ||
      typeof message !== "string",
  );
  if (broken !== undefined) refuse(`its condition ${String(broken.type)} is malformed`);
  if (!readyReasons.has(ready.reason)) refuse(`cert-manager knows no reason ${ready.reason}`);
  const ended = ready.reason === "Failed" || ready.reason === "Denied";
  if (ended !== (failureTime !== undefined)) refuse("failureTime comes exactly with Failed and Denied");
  if (ended && ready.status !== "False") refuse(`Ready=${ready.status} contradicts ${ready.reason}`);
  const isIssued = ready.reason === "Issued";
  if (ready.status === "Unknown") refuse("it does not say whether the request is Ready");
  if (isIssued !== (ready.status === "True")) refuse(`Ready=${ready.status} contradicts ${ready.reason}`);
  if (isIssued !== (certificate !== undefined)) refuse("certificate comes exactly with Issued");
  if (certificate === "" || ca === "") refuse("an empty certificate is none");
  if (ca !== undefined && !isIssued) refuse("ca comes with Issued only");
}
