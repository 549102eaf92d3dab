import { setTimeout as delay } from "node:timers/promises";
import { RetryableError } from "@countersign/issuer-signer";
import { commonError } from "./errors.ts";
import { isSuccess, type VaultAnswer } from "./vault-answer.ts";
import type { VaultTransport } from "./vault-transport.ts";

/** What {@link activeServer} needs. */
export interface ActiveServerOptions {
  readonly transport: VaultTransport;
  /** The preferred one first. */
  readonly servers: readonly string[];
  /** For how long an active server is waited for, in milliseconds. */
  readonly electionMs: number;
  readonly signal: AbortSignal;
}

/** How long one look at every server is good for. */
const lookAgainMs = 500;

/**
 * A server whose reads show every write: the active one, or a standby of Vault, which forwards reads as well. A standby of
 * OpenBao and a performance standby answer with what they have. Undefined where only such ones serve.
 *
 * @throws RetryableError, or what the HTTP client throws, where no server serves at all
 */
export async function activeServer(options: ActiveServerOptions): Promise<string | undefined> {
  const { transport, servers, electionMs, signal } = options;
  for (let leftMs = electionMs; ; leftMs -= lookAgainMs) {
    let hasStandby = false;
    let trouble: unknown;
    for (const server of servers) {
      try {
        const call = { method: "GET", path: "sys/health", namespaced: false, signal } as const;
        const answer = await transport.call(server, call);
        if (showsEveryWrite(answer)) return server;
        if (isStandby(answer)) hasStandby = true;
        else trouble = commonError(answer, false);
      } catch (error) {
        signal.throwIfAborted();
        trouble = error;
      }
    }
    if (leftMs <= 0) {
      if (hasStandby) return undefined;
      throw trouble ?? new RetryableError("No server of the issuer is active.", { issuedNothing: true });
    }
    await delay(Math.min(lookAgainMs, leftMs), undefined, { signal });
  }
}

function showsEveryWrite(answer: VaultAnswer): boolean {
  const { status, json } = answer;
  if (status === 429) return json !== undefined && "performance_standby" in json;
  // A listener that is closed to the question leaves no way to tell, and most often there is one server behind it.
  return isSuccess(answer) || (status >= 400 && status < 412);
}

function isStandby({ status }: VaultAnswer): boolean {
  return status === 429 || status === 473;
}
