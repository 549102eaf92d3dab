import { generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";

/** Claims of a bearer token. Times in seconds since 1970. */
export interface TokenClaims {
  readonly iss?: string | undefined;
  readonly sub?: string | undefined;
  readonly aud?: string | undefined;
  readonly iat?: number | undefined;
  readonly nbf?: number | undefined;
  readonly exp?: number | undefined;
}

/** What a bearer token turned out to be; `bad` stands for all that EJBCA does not tell apart. */
export type TokenVerdict = { readonly subject: string } | "expired" | "bad";

const keyId = "lab-key-1";
const algorithm = "ES256";

/** The provider's key and EJBCA's view of it: mints tokens and judges them. */
export class TokenVerifier {
  readonly audience: string;
  readonly #key: KeyObject;
  readonly #publicKey: KeyObject;

  constructor(audience: string) {
    const pair = newKeyPair();
    this.audience = audience;
    this.#key = pair.privateKey;
    this.#publicKey = pair.publicKey;
  }

  /** A signed token with exactly these claims. `kid` null: without one. `foreignKey`: signed by somebody else. */
  mint(
    claims: TokenClaims,
    options: { readonly kid?: string | null; readonly foreignKey?: boolean } = {},
  ): string {
    const { kid = keyId, foreignKey = false } = options;
    const header = { alg: algorithm, typ: "JWT", ...(kid === null ? {} : { kid }) };
    const message = [header, claims].map((part) => base64Url(JSON.stringify(part))).join(".");
    const key = foreignKey ? newKeyPair().privateKey : this.#key;
    const signature = sign("sha256", Buffer.from(message), { key, dsaEncoding: "ieee-p1363" });
    return `${message}.${signature.toString("base64url")}`;
  }

  /** Without `exp` a token never ends, as with the real server. */
  judge(token: string, now: Date): TokenVerdict {
    const [header, payload, signature] = token.split(".");
    if (header === undefined || payload === undefined || signature === undefined) return "bad";
    try {
      const { kid } = JSON.parse(Buffer.from(header, "base64url").toString()) as { kid?: unknown };
      const { aud, sub, nbf, exp } = JSON.parse(Buffer.from(payload, "base64url").toString()) as TokenClaims;
      const key = { key: this.#publicKey, dsaEncoding: "ieee-p1363" } as const;
      const signed = Buffer.from(`${header}.${payload}`);
      const seconds = now.getTime() / 1000;
      if (kid !== keyId || !verify("sha256", signed, key, Buffer.from(signature, "base64url"))) return "bad";
      if (exp !== undefined && exp < seconds) return "expired";
      if (aud !== this.audience || sub === undefined || (nbf ?? 0) > seconds) return "bad";
      return { subject: sub };
    } catch {
      return "bad";
    }
  }
}

function newKeyPair() {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

function base64Url(text: string): string {
  return Buffer.from(text).toString("base64url");
}
