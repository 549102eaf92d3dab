import { IssuerError, RetryableError, type SignerError } from "@countersign/issuer-signer";
import { commonError, isTokenRefused, said } from "./errors.ts";
import type { SignPath } from "./sign-path.ts";
import { says, type VaultAnswer } from "./vault-answer.ts";

/** What an answer to a sign call means that is no refusal of the request itself. */
export function signError(answer: VaultAnswer, { path, role, mount }: SignPath): SignerError {
  const common = commonError(answer, true);
  if (common !== undefined) return common;
  const { status } = answer;
  if (status === 403) {
    return new IssuerError(
      isTokenRefused(answer)
        ? `${said(answer)}: the token is not accepted, although it is new. Check that the servers belong to one cluster.`
        : `${said(answer)}: no policy of the issuer's token allows "update" on ${path}. Add it to one.`,
    );
  }
  if (says(answer, /unknown role/i))
    return new IssuerError(`${said(answer)}: there is no role ${role ?? ""} at ${mount}. Correct the path.`);
  if (says(answer, /Either ttl or not_after/i))
    return new IssuerError(
      `${said(answer)}: the role sets not_after, which excludes the lifetime that requests ask for. Use max_ttl instead.`,
    );
  if (says(answer, /beyond the expiration of the CA/i))
    return new RetryableError(
      `${said(answer)}: the certificate would outlive the CA. Renew the CA, lower the role's max_ttl, or ask for a shorter duration.`,
      { issuedNothing: true },
    );
  if (status < 400)
    return new RetryableError(`${said(answer)} and not a certificate. Check that the URL is Vault's own.`);
  return new RetryableError(
    `${said(answer)} to a sign request, in words that are not known here. Its audit log has them.`,
    { issuedNothing: true },
  );
}
