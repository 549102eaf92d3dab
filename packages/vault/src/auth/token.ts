import { IssuerError } from "@countersign/issuer-signer";

/**
 * The token of a Secret, without the line break that editors leave. It is used as it is: never renewed, never revoked.
 *
 * @throws IssuerError where nothing is left
 */
export function staticToken(secret: string): string {
  const token = secret.trim();
  if (token === "") throw new IssuerError("The Secret with Vault's token is empty. Store the token in it.");
  return token;
}
