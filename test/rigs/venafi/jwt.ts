import { createPublicKey, type JsonWebKey, verify } from "node:crypto";
import { z } from "zod";

/** Which JWTs are accepted. */
export interface JwtTrust {
  /** The issuer's keys; each with its `kid` where there are several. */
  readonly jwks: readonly JsonWebKey[];
  readonly issuer: string;
  readonly subject?: string | undefined;
  readonly audience?: string | undefined;
}

const header = z.looseObject({ alg: z.enum(["RS256", "ES256"]), kid: z.string().optional() });
const claims = z.looseObject({
  iss: z.string(),
  sub: z.string().optional(),
  aud: z.union([z.string(), z.array(z.string())]).optional(),
  exp: z.number(),
  nbf: z.number().optional(),
});

/** Why a JWT (RFC 7519, signed as of RFC 7515) is not accepted; undefined where it is. */
export function verifyJwt(token: string, trust: JwtTrust, now: Date): string | undefined {
  const [head = "", payload = "", signature = "", ...rest] = token.split(".");
  const parsed = header.safeParse(decode(head));
  const read = claims.safeParse(decode(payload));
  if (rest.length > 0 || !parsed.success || !read.success) return "it is malformed";
  const { alg, kid } = parsed.data;
  const keys = trust.jwks.filter((jwk) => kid === undefined || jwk.kid === undefined || jwk.kid === kid);
  const signed = Buffer.from(`${head}.${payload}`);
  const isSigned = keys.some((jwk) => {
    if (jwk.kty !== (alg === "RS256" ? "RSA" : "EC")) return false;
    const key = createPublicKey({ key: jwk, format: "jwk" });
    return verify("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, Buffer.from(signature, "base64url"));
  });
  if (!isSigned) return "its signature is none of the registered keys'";
  const { iss, sub, aud, exp, nbf = 0 } = read.data;
  const seconds = now.getTime() / 1000;
  if (iss !== trust.issuer) return `its issuer is ${iss}`;
  if (trust.subject !== undefined && sub !== trust.subject) return `its subject is ${sub}`;
  if (trust.audience !== undefined && ![aud].flat().includes(trust.audience)) return `its audience is ${aud}`;
  if (exp <= seconds) return "it has expired";
  return nbf > seconds + 60 ? "it is not valid yet" : undefined;
}

function decode(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}
