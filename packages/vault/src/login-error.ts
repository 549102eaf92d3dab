import { IssuerError, RetryableError, type SignerError } from "@countersign/issuer-signer";
import type { AuthMethod } from "./auth/auth-method.ts";
import { commonError, said } from "./errors.ts";
import { says, type VaultAnswer } from "./vault-answer.ts";

/**
 * What a login that was not granted means for the issuer. It is never the fault of a request, so never permanent: also a
 * 403, which Vault answers when the Kubernetes API server is away.
 */
export function loginError(answer: VaultAnswer, method: AuthMethod): SignerError {
  const refused = `${said(answer)}: the ${method.label} was refused.`;
  if (answer.status >= 500 && says(answer, /could not load backend configuration/i))
    return new IssuerError(`${refused} ${method.hint(answer)}`);
  const common = commonError(answer, false);
  if (common !== undefined) return common;
  if (answer.status === 400 || answer.status === 403)
    return new IssuerError(`${refused} ${method.hint(answer)}`);
  return new RetryableError(`${refused} Check that the server is a Vault.`, { issuedNothing: true });
}
