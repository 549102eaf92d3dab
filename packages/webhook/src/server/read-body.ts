import type { IncomingMessage } from "node:http";
import type { Clock } from "@countersign/issuer-signer";
import { HttpProblem } from "./http-problem.ts";

/** Bounds of {@link readBody}. */
export interface ReadBodyOptions {
  readonly maxBytes: number;
  /** From the head of the request to the last byte of its body, in milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Pick<Clock, "after">;
}

/** @throws HttpProblem 413 where the request itself says that its body is larger */
export function assertLength({ headers }: IncomingMessage, maxBytes: number): void {
  if (Number(headers["content-length"] ?? 0) > maxBytes) throw tooLarge(maxBytes);
}

/**
 * Reads a bounded body.
 *
 * @throws HttpProblem 413 as soon as it is known to be larger, 408 where it does not come in time, 400 where it breaks off
 */
export async function readBody(request: IncomingMessage, options: ReadBodyOptions): Promise<Buffer> {
  const { maxBytes, timeoutMs, clock } = options;
  assertLength(request, maxBytes);
  if (request.destroyed) throw brokenOff();
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const cancel = clock.after(timeoutMs, () => end(() => reject(tooSlow(timeoutMs))));
    const end = (settle: () => void) => {
      cancel();
      request.off("data", onData).off("end", onEnd).off("close", onClose);
      request.pause();
      settle();
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) return end(() => reject(tooLarge(maxBytes)));
      chunks.push(chunk);
    };
    const onEnd = () => end(() => resolve(Buffer.concat(chunks, size)));
    const onClose = () => end(() => reject(brokenOff()));
    request.on("data", onData).on("end", onEnd).on("close", onClose);
  });
}

/** Bounds of {@link discardBody}. */
const discard = Object.freeze({ maxBytes: 4 * 1024 * 1024, timeoutMs: 2_000 });

/**
 * Throws away what is left of a body, within bounds. A server that closes while the client still sends resets the
 * connection, and with it goes the answer that says what was wrong (RFC 9112 §9.6). Resolves to whether all of it came.
 */
export async function discardBody(request: IncomingMessage, clock: Pick<Clock, "after">): Promise<boolean> {
  if (request.complete || request.destroyed) return request.complete;
  if (Number(request.headers["content-length"] ?? 0) > discard.maxBytes) return false;
  return new Promise((resolve) => {
    let size = 0;
    const end = (isWhole: boolean) => {
      cancel();
      request.off("data", onData).off("end", onEnd).off("close", onClose);
      request.pause();
      resolve(isWhole);
    };
    const cancel = clock.after(discard.timeoutMs, () => end(false));
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > discard.maxBytes) end(false);
    };
    const onEnd = () => end(true);
    const onClose = () => end(false);
    request.on("data", onData).on("end", onEnd).on("close", onClose);
    request.resume();
  });
}

function tooLarge(maxBytes: number): HttpProblem {
  const message = `The body is larger than ${maxBytes} bytes. Send the CSR alone.`;
  return new HttpProblem({ status: 413, code: "body_too_large", message });
}

function tooSlow(timeoutMs: number): HttpProblem {
  const message = `The body did not come within ${timeoutMs / 1000} s.`;
  return new HttpProblem({ status: 408, code: "body_timeout", message });
}

function brokenOff(): HttpProblem {
  return new HttpProblem({ status: 400, code: "malformed_request", message: "The body broke off." });
}
