import { IssuerError, type IssuerIdentity, type ServiceAccountTokens } from "@countersign/issuer-signer";

/** A JWT to log in with, and what to say when Vault does not accept it. */
export interface LoginJwt {
  get(signal: AbortSignal): Promise<string>;
  /** Which audiences the JWT has. */
  readonly audienceHint: string;
  /** Whose it is. */
  readonly subjectHint: string;
  /** What to do when it has expired. */
  readonly renewalHint: string;
}

/**
 * A JWT that lies in a Secret.
 *
 * @throws IssuerError where the Secret is empty
 */
export function storedJwt(secret: string): LoginJwt {
  const jwt = secret.trim();
  if (jwt === "") throw new IssuerError("The Secret with the JWT is empty. Store the token in it.");
  return {
    get: async () => jwt,
    audienceHint: "Store a JWT that has one of the role's audiences.",
    subjectHint: "The token comes from a Secret.",
    renewalHint: "Store a new one, or use serviceAccountRef, which needs none.",
  };
}

/** What {@link serviceAccountJwt} needs. */
export interface ServiceAccountJwtOptions {
  readonly tokens: ServiceAccountTokens;
  readonly name: string;
  readonly audiences: readonly string[];
}

/** A JWT that Kubernetes issues for one login: it lives for ten minutes, the least that Kubernetes grants. */
export function serviceAccountJwt({ tokens, name, audiences }: ServiceAccountJwtOptions): LoginJwt {
  return {
    get: async (signal) => (await tokens.request({ name, audiences, signal })).token,
    audienceHint: `The token's are ${audiences.join(", ")}.`,
    subjectHint: `The token is of the service account ${name}.`,
    renewalHint: "It was issued for this login, so compare the clocks of Kubernetes and Vault.",
  };
}

/**
 * The audiences of a service account's token: those of the spec, then what names the issuer as the built-in issuer does,
 * then the servers. Two kinds of issuer with the same name have the same one.
 */
export function loginAudiences(
  extra: readonly string[],
  { namespace, name }: Pick<IssuerIdentity, "namespace" | "name">,
  servers: readonly string[],
): readonly string[] {
  const own = namespace === "" ? `vault://${name}` : `vault://${namespace}/${name}`;
  return [...new Set([...extra, own, ...servers])];
}
