import type { ServiceAccountTokens } from "@countersign/issuer-signer";

/** A service account whose token is shown to Venafi. */
export interface ServiceAccountRef {
  readonly name: string;
  readonly audiences?: readonly string[] | undefined;
}

/** A new token of a service account for one login: it lives for ten minutes, the least that Kubernetes grants. */
export function serviceAccountJwt(
  { name, audiences }: ServiceAccountRef,
  tokens: ServiceAccountTokens,
  /** Used where the spec names none. */
  audience: string,
): (signal: AbortSignal) => Promise<string> {
  const wanted = audiences ?? [audience];
  return async (signal) => (await tokens.request({ name, audiences: wanted, signal })).token;
}

/** When a JWT ends, in milliseconds since the epoch (RFC 7519 §4.1.4); undefined where it does not say, or is none. */
export function jwtExpiry(jwt: string): number | undefined {
  try {
    const claims = JSON.parse(Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString("utf8"));
    return typeof claims?.exp === "number" && Number.isFinite(claims.exp) ? claims.exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}
