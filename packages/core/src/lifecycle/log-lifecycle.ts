import { errorText } from "../request/conclude.ts";
import { oneLine } from "../request/condition.ts";
import type { IssuerRef, Lifecycle, RequestStep } from "./lifecycle.ts";

/** The four methods of a logger that the SDK calls; pino has them. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

function nameOf({ kind, namespace, name }: IssuerRef): string {
  return `${kind}/${namespace === "" ? "" : `${namespace}/`}${name}`;
}

function ids({ request, issuer, reconcile }: RequestStep) {
  return {
    reconcile,
    request: request.namespace === "" ? request.name : `${request.namespace}/${request.name}`,
    uid: request.uid,
    issuer: nameOf(issuer),
  };
}

/** Writes one log line for each step. Levels: what needs a person is a warning, and what is broken here an error. */
export function logLifecycle(lifecycle: Lifecycle, log: Logger): void {
  lifecycle.on("request:signing", (step) =>
    log.debug({ ...ids(step), attemptId: step.attemptId }, "signing"),
  );
  lifecycle.on("request:signed", (step) => {
    const { attemptId, serial, signMs, mismatches } = step;
    const fields = {
      ...ids(step),
      attemptId,
      serial,
      signMs,
      ...(mismatches.length === 0 ? {} : { mismatches }),
    };
    if (mismatches.length === 0) log.info(fields, "signed");
    else log.warn(fields, "signed, but the certificate differs from the request");
  });
  lifecycle.on("request:reused", (step) => {
    const { attemptId, serial } = step;
    log.info({ ...ids(step), attemptId, serial }, step.message);
  });
  lifecycle.on("request:issued", (step) => log.info(ids(step), step.message));
  lifecycle.on("request:pending", (step) => log.info(ids(step), step.message));
  lifecycle.on("request:waiting", (step) => log.info(ids(step), step.message));
  lifecycle.on("request:denied", (step) => log.info(ids(step), step.message));
  lifecycle.on("request:retrying", (step) => log.warn(ids(step), step.message));
  lifecycle.on("request:failed", (step) => log.warn(ids(step), step.message));
  lifecycle.on("request:possibleDuplicate", (step) => log.warn(ids(step), step.message));
  lifecycle.on("request:abandoned", (step) => log.warn(ids(step), step.message));
  lifecycle.on("request:answered", (step) => {
    if (step.code !== "BAD_CERTIFICATE") return;
    log.warn({ ...ids(step), attemptId: step.attemptId }, step.message ?? "the PKI's answer is refused");
  });
  lifecycle.on("issuer:checked", ({ issuer, uid, reconcile, changed, ready, message }) => {
    const fields = { reconcile, issuer: nameOf(issuer), uid };
    if (!changed) log.debug(fields, message);
    else if (ready) log.info(fields, message);
    else log.warn(fields, message);
  });
  lifecycle.on("issuer:saved", ({ issuer, credentials }) => {
    log.info({ issuer: nameOf(issuer), credentials }, "saved credentials that the PKI has renewed");
  });
  lifecycle.on("leader:acquired", (step) => log.info(step, "leading"));
  lifecycle.on("leader:lost", (step) => log.warn(step, "no longer leading"));
  lifecycle.on("trouble", ({ where, error }) => {
    log.error({ where: oneLine(where), error: errorText(error) }, "trouble");
  });
}
