import { type KeyObject, sign } from "node:crypto";

/** For tests: a JWT signed by an EC (ES256) or RSA (RS256) key. */
export function signJwt(claims: object, key: KeyObject, header: object = {}): string {
  const alg = key.asymmetricKeyType === "ec" ? "ES256" : "RS256";
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ alg, typ: "JWT", ...header })}.${part(claims)}`;
  const signature = sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" });
  return `${signed}.${signature.toString("base64url")}`;
}
