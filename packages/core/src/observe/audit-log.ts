import type { Lifecycle, RequestStep, RequestWritten } from "../lifecycle/lifecycle.ts";
import { type AuditEvent, type AuditFacts, auditCsr, auditLine } from "./audit-record.ts";
import type { LineSink } from "./line-sink.ts";
import { LineWriter } from "./line-writer.ts";
import { listeners } from "./listeners.ts";

/** Options of {@link auditLog}. */
export interface AuditLogOptions {
  readonly sink: LineSink;
  /** Name of this process, such as the pod's. */
  readonly instance: string;
  /** Milliseconds since the epoch. */
  readonly clock?: (() => number) | undefined;
}

/** A running audit log. */
export interface AuditLog {
  /** Opens the file anew, between two lines: for rotation. */
  reopen(): Promise<void>;
  /** Listens no longer, writes what waits and closes the file. */
  stop(): Promise<void>;
}

/** Attempts that are remembered between their call and their end; the oldest are forgotten. */
const maxAttempts = 10_000;

/**
 * Writes one line of JSON for each decision: who asked for what, who approved, which attempt it was, which certificate it
 * became. Never a CSR, a certificate or a secret.
 */
export function auditLog(lifecycle: Lifecycle, options: AuditLogOptions): AuditLog {
  const { sink, instance, clock = Date.now } = options;
  const writer = new LineWriter({
    sink,
    onFailure: (error) => lifecycle.announce("trouble", { where: "audit log", error }),
    onLost: (lines) => lifecycle.announce("audit:lost", { lines }),
  });
  /** What the steps of an attempt have told so far, by the request's uid. */
  const attempts = new Map<string, AuditFacts>();
  const { on, close } = listeners(lifecycle);
  const write = (event: AuditEvent, step: RequestStep, facts: AuditFacts) =>
    writer.write(auditLine(clock(), instance, event, step, facts));
  function remember(uid: string, facts: AuditFacts): AuditFacts {
    const known = { ...attempts.get(uid), ...facts };
    attempts.delete(uid);
    attempts.set(uid, known);
    const [oldest] = attempts.keys();
    if (attempts.size > maxAttempts && oldest !== undefined) attempts.delete(oldest);
    return known;
  }
  const told = (event: AuditEvent) => (step: RequestWritten) => {
    const { uid } = step.request;
    const { reason, message } = step;
    write(event, step, { ...attempts.get(uid), reason, message });
    if (event === "issued" || event === "failed" || event === "denied") attempts.delete(uid);
  };

  on("request:signing", ({ request, attemptId, signRequest }) =>
    remember(request.uid, { attempt: attemptId, csr: auditCsr(signRequest.parsedCsr) }),
  );
  on("request:signed", (step) => {
    const notAfter = new Date(step.notAfterMs).toISOString();
    const facts = remember(step.request.uid, { attempt: step.attemptId, serial: step.serial, notAfter });
    const message = step.mismatches.length === 0 ? undefined : step.mismatches.join("; ");
    write("signed", step, { ...facts, message });
  });
  on("request:reused", (step) => {
    const { request, attemptId, signRequest, serial, reason, message } = step;
    const notAfter = new Date(step.notAfterMs).toISOString();
    const facts = { attempt: attemptId, csr: auditCsr(signRequest.parsedCsr), serial, notAfter };
    write("reused", step, { ...remember(request.uid, facts), reason, message });
  });
  on("request:answered", (step) => {
    if (step.code !== "BAD_CERTIFICATE") return;
    write("refused", step, { ...attempts.get(step.request.uid), reason: step.code, message: step.message });
  });
  on("request:abandoned", (step) => {
    const { uid } = step.request;
    write("abandoned", step, { ...attempts.get(uid), message: step.message });
    attempts.delete(uid);
  });
  on("request:issued", told("issued"));
  on("request:failed", told("failed"));
  on("request:denied", told("denied"));
  on("request:pending", told("pending"));
  on("request:possibleDuplicate", told("possibleDuplicate"));

  return {
    reopen: () => writer.reopen(),
    async stop() {
      close();
      await writer.flush();
      await sink.close();
    },
  };
}
