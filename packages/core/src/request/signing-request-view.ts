import type { IssuerDefinition } from "../definition/define-issuer.ts";
import type { CertificateRequest, CertificateSigningRequest, Condition } from "../kube/types.ts";
import { findCondition, nextCondition, sameCondition, timestamp } from "./condition.ts";
import { matchSignerName } from "./match-signer-name.ts";
import { attemptConditionType, type RequestStatus, readAttempt } from "./request-status.ts";

/** cert-manager's annotations for what a CertificateSigningRequest cannot say in its spec. */
export const durationAnnotation = "experimental.cert-manager.io/request-duration";
const isCaAnnotation = "experimental.cert-manager.io/request-is-ca";

function complete(condition: Partial<Condition> & Pick<Condition, "type" | "status">): Condition {
  return { reason: "", message: "", lastTransitionTime: timestamp(0), ...condition };
}

/**
 * A CertificateSigningRequest seen as a CertificateRequest, so that both go the same way. Kubernetes has no Ready
 * condition there: a certificate stands for Issued, `Failed` and `Denied` for themselves, and `waiting` is what was last
 * said of a request that still waits.
 *
 * @returns undefined when the signer is none of this definition's
 */
export function signingRequestView(
  definition: IssuerDefinition,
  object: CertificateSigningRequest,
  waiting: Condition | undefined,
): CertificateRequest | undefined {
  const { metadata, spec, status } = object;
  const issuer = matchSignerName(definition, spec.signerName);
  if (issuer === undefined) return undefined;
  const { [durationAnnotation]: duration, [isCaAnnotation]: isCa } = metadata.annotations ?? {};
  const expiration = spec.expirationSeconds === undefined ? undefined : `${spec.expirationSeconds}s`;
  const asked = duration ?? expiration;
  const conditions = (status?.conditions ?? []).map(complete);
  const ready = readyOf(status?.certificate, conditions) ?? waiting;
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata,
    spec: {
      issuerRef: { group: definition.group, kind: issuer.kind.kind, name: issuer.name },
      request: spec.request,
      isCA: isCa === "true",
      ...(asked === undefined ? {} : { duration: asked }),
      ...(spec.usages === undefined ? {} : { usages: spec.usages }),
      ...(spec.username === undefined ? {} : { username: spec.username }),
      ...(spec.uid === undefined ? {} : { uid: spec.uid }),
      ...(spec.groups === undefined ? {} : { groups: spec.groups }),
      ...(spec.extra === undefined ? {} : { extra: spec.extra }),
    },
    status: {
      conditions: [
        // Approval is a fact of its own there: whoever may approve has done so, whatever the condition's status.
        ...conditions.map((each) => (each.type === "Approved" ? { ...each, status: "True" as const } : each)),
        ...(ready === undefined ? [] : [ready]),
      ].filter(({ type }) => type !== "Denied" && type !== "Failed"),
    },
  };
}

function readyOf(certificate: string | undefined, conditions: readonly Condition[]): Condition | undefined {
  if (certificate !== undefined && certificate !== "") {
    return complete({ type: "Ready", status: "True", reason: "Issued" });
  }
  for (const reason of ["Failed", "Denied"] as const) {
    if (findCondition(conditions, reason) !== undefined) {
      return complete({ type: "Ready", status: "False", reason });
    }
  }
  return undefined;
}

/** The `status` of a CertificateSigningRequest that says the same; undefined when there is nothing to write. */
export function signingRequestStatus(
  group: string,
  request: CertificateRequest,
  status: RequestStatus,
  now: number,
): object | undefined {
  const ready = findCondition(status.conditions, "Ready");
  const own = status.conditions.filter(({ type }) => type !== "Ready");
  if (status.certificate !== undefined) {
    return { certificate: status.certificate, conditions: [...own, ...closedRecord(group, request, now)] };
  }
  if (ready?.reason === "Failed") {
    const message = ready.message.replace(
      /^Failed permanently to sign CertificateSigningRequest/,
      "CertificateSigningRequest has failed permanently",
    );
    const at = timestamp(now);
    const failed = {
      type: "Failed",
      status: "True",
      reason: "Failed",
      message,
      lastUpdateTime: at,
      lastTransitionTime: at,
    };
    return { conditions: [failed, ...own, ...closedRecord(group, request, now)] };
  }
  // Most waits have nothing to say here, and a write that says it would be a burden.
  const existing = request.status?.conditions;
  const record = readAttempt(group, request);
  const there = record === undefined ? 0 : record.conditions.length + 1;
  const news = own.length !== there || own.some((condition) => !sameCondition(existing, condition));
  return news ? { conditions: own } : undefined;
}

/**
 * The attempt record of a request that ends, emptied. The API server keeps the conditions of this kind out of field
 * ownership (they are among the reset fields of its status strategy), so an apply may change one but never removes any.
 */
function closedRecord(group: string, request: CertificateRequest, now: number): readonly Condition[] {
  const type = attemptConditionType(group);
  const existing = request.status?.conditions;
  if (findCondition(existing, type) === undefined) return [];
  const closed = { type, status: "False", reason: "Finished", message: "The request is finished." } as const;
  return [nextCondition(existing, closed, now)];
}
