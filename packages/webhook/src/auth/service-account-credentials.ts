import {
  type Clock,
  orAborted,
  type ServiceAccountToken,
  type ServiceAccountTokens,
} from "@countersign/issuer-signer";
import type { Credentials } from "./credentials.ts";

/** What {@link serviceAccountCredentials} needs. */
export interface ServiceAccountCredentialsOptions {
  readonly tokens: ServiceAccountTokens;
  readonly name: string;
  readonly audiences: readonly string[];
  /** Bounds a request for a token that nobody waits for any more. */
  readonly closing: AbortSignal;
  readonly clock: Pick<Clock, "now">;
}

/** Before a token's end by which another is asked for: the service may take a while, and its clock may be ahead. */
const marginMs = 60_000;

/** Tokens that Kubernetes issues for a service account: one at a time, kept until shortly before its end. */
export function serviceAccountCredentials(options: ServiceAccountCredentialsOptions): Credentials {
  const { tokens, name, audiences, closing: signal, clock } = options;
  let kept: ServiceAccountToken | undefined;
  let asking: Promise<ServiceAccountToken> | undefined;
  const ask = () => {
    asking ??= tokens
      .request({ name, audiences, signal })
      .then((token) => {
        kept = token;
        return token;
      })
      .finally(() => {
        asking = undefined;
      });
    return asking;
  };
  return {
    canRefresh: true,
    async headers(caller, refresh) {
      const isGood = kept !== undefined && kept.expiresAt - clock.now() > marginMs;
      const { token } = kept !== undefined && isGood && !refresh ? kept : await orAborted(ask(), caller);
      return { authorization: `Bearer ${token}` };
    },
  };
}
