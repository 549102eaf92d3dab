import { IssuerError, type LeasedToken } from "@countersign/issuer-signer";

/**
 * Reads `auth` of a login or a renewal. Service tokens may be renewed; batch tokens may not, and there is nothing to revoke
 * of them.
 */
export function readToken(auth: Readonly<Record<string, unknown>> | undefined, host: string): LeasedToken {
  const value = auth?.client_token;
  if (typeof value !== "string" || value === "") {
    const hint =
      auth !== undefined && "mfa_requirement" in auth && auth.mfa_requirement
        ? "it asks for a second factor, which an issuer does not have. Exempt the login."
        : "it answered the login without a token. Check that the server is a Vault.";
    throw new IssuerError(`Vault at ${host}: ${hint}`);
  }
  const seconds = typeof auth?.lease_duration === "number" ? Math.max(0, auth.lease_duration) : 0;
  const isBatch = auth?.token_type === "batch";
  return {
    value,
    leaseMs: seconds * 1000,
    renewable: auth?.renewable === true && !isBatch,
    revocable: !isBatch,
  };
}
