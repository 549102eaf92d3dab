import type { CredentialReport } from "@countersign/issuer-signer";
import { optionalError } from "./errors.ts";
import { isSuccess, objectField } from "./vault-answer.ts";
import type { VaultSession } from "./vault-session.ts";

/**
 * Tells operators when a token from a Secret ends, since nobody renews it. A token without the `default` policy may not
 * ask, which is no fault.
 */
export async function reportTokenExpiry(
  session: VaultSession,
  report: (report: CredentialReport) => void,
  signal: AbortSignal,
): Promise<void> {
  const answer = await session.call({
    method: "GET",
    path: "auth/token/lookup-self",
    mayBeDenied: true,
    signal,
    judge: optionalError,
  });
  const expiry = isSuccess(answer) ? objectField(answer, "data")?.expire_time : undefined;
  const expiresAt = typeof expiry === "string" ? Date.parse(expiry) : Number.NaN;
  if (!Number.isNaN(expiresAt)) report({ credential: "token", expiresAt });
}
