import type { IncomingMessage, ServerResponse } from "node:http";
import type { Attempt, SignResult } from "./attempts.ts";
import type { Caller } from "./caller.ts";
import { HttpProblem, retryAfter } from "./http-problem.ts";

/** One request and what is known of it so far. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly startedAt: number;
  /** The client keeps its body back until it is told to go on (RFC 9110 §10.1.1). */
  awaitsContinue: boolean;
  caller?: Caller | undefined;
  attempt?: Attempt | undefined;
}

/** What it is answered with. */
export interface Reply {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly result?: SignResult | undefined;
}

/** The answer for what came of an attempt. */
export function replyOf({ id }: Attempt, result: SignResult): Reply {
  if (result.status === "issued") {
    const { certificate, ca } = result;
    return { status: 200, body: { certificate, ...(ca === undefined ? {} : { ca }) }, result };
  }
  const { retryAfterMs, message = "The PKI has not issued yet. Ask again." } = result;
  return {
    status: 202,
    body: { status: "pending", message },
    headers: { location: `/sign/${id}`, ...retryAfter(retryAfterMs) },
    result,
  };
}

/** @throws HttpProblem 405 for any other method */
export function allow({ method = "" }: IncomingMessage, methods: readonly string[]): void {
  if (methods.includes(method)) return;
  throw new HttpProblem({
    status: 405,
    code: "method_not_allowed",
    message: `Only ${methods.join(" and ")} can be used here.`,
    headers: { allow: methods.join(", ") },
  });
}

/** Without the query. */
export function pathOf({ url = "" }: IncomingMessage): string {
  return url.split("?", 1)[0] ?? "";
}
