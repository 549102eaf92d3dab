import type { RequestStatus } from "./request-status.ts";

/** Conditions that belong to approvers and to cert-manager's webhook. */
const foreignTypes: ReadonlySet<string> = new Set(["Approved", "Denied", "InvalidRequest"]);

/**
 * The last check before a status is written. `failureTime` without `Ready` crashes cert-manager before 1.21.2 for the
 * whole cluster, Failed without `failureTime` is never tried again, and an apply that repeats `Approved` is refused by its
 * webhook. The types and the builders make these impossible; this makes sure.
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
  const ended = ready.reason === "Failed" || ready.reason === "Denied";
  if (ended !== (failureTime !== undefined)) refuse("failureTime comes exactly with Failed and Denied");
  if (ended && ready.status !== "False") refuse(`Ready=${ready.status} contradicts ${ready.reason}`);
  const isIssued = ready.reason === "Issued";
  if (isIssued !== (ready.status === "True")) refuse(`Ready=${ready.status} contradicts ${ready.reason}`);
  if (isIssued !== (certificate !== undefined)) refuse("certificate comes exactly with Issued");
  if (ca !== undefined && !isIssued) refuse("ca comes with Issued only");
}
