import { IssuerError } from "@countersign/issuer-signer";

/** A token of Vault, as a login or a renewal answers it. */
export interface VaultToken {
  readonly value: string;
  /** Milliseconds for which it is valid from now; 0 for a token without an end. */
  readonly leaseMs: number;
  /** Service tokens may be renewed; batch tokens may not, and there is nothing to revoke of them. */
  readonly renewable: boolean;
  readonly revocable: boolean;
}

/** Reads `auth` of a login or a renewal. */
export function readToken(auth: Readonly<Record<string, unknown>> | undefined, host: string): VaultToken {
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
