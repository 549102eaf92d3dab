import type { IncomingMessage } from "node:http";

/** Who asks, as their certificate or token says. */
export interface Caller {
  /** Whose idempotency keys and limits these are: the same after a rotated certificate or token. */
  readonly id: string;
  /** For people, and the signer's `requester`. */
  readonly username: string;
  readonly uid?: string | undefined;
  readonly groups: readonly string[];
  /** Of a service account; empty for anybody else. */
  readonly namespace: string;
  readonly method: "certificate" | "token";
}

/**
 * One way to log in. Resolves to undefined where the request does not use it at all.
 *
 * @throws HttpProblem 401 for what is not accepted, 403 for somebody who may not use the service, 503 where nobody can tell
 */
export type Authenticate = (request: IncomingMessage, signal: AbortSignal) => Promise<Caller | undefined>;
