import {
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  randomBytes,
  randomUUID,
  sign,
  verify,
} from "node:crypto";
import { isObject, stringAt } from "../json.ts";
import type { Registry } from "../registry/registry.ts";
import { serviceAccountUser, type UserInfo } from "./user.ts";

/** The issuer of service account tokens, and the audience that this API server itself answers to. */
export const ISSUER = "https://kubernetes.default.svc";

/** A token as TokenRequest returns it. */
export interface IssuedToken {
  readonly token: string;
  readonly expires: Date;
}

/** An object that a token dies with, besides its account. */
export interface BoundObject {
  readonly kind: string;
  /** The plural of a resource of the core group. */
  readonly resource: string;
  readonly name: string;
  readonly uid: string;
}

/** What a service account token is issued for. */
export interface TokenSubject {
  readonly namespace: string;
  readonly name: string;
  /** The ServiceAccount's uid: the token dies with that object. Without it the token is good for any of that name. */
  readonly uid?: string | undefined;
  readonly audiences: readonly string[];
  /** Seconds. */
  readonly lifetime: number;
  readonly bound?: BoundObject | undefined;
}

/** A user that a token proves, and the audiences it was meant for. */
export interface VerifiedToken {
  readonly user: UserInfo;
  readonly audiences: readonly string[];
}

/** Signs service account tokens (ES256 JWTs) and recognises them and the admin's token. */
export class Tokens {
  readonly adminToken = randomBytes(24).toString("base64url");
  readonly #registry: Registry;
  readonly #clock: () => Date;
  readonly #keyId = randomBytes(16).toString("base64url");
  #keys: { readonly privateKey: KeyObject; readonly publicKey: KeyObject } | undefined;
  /** Signatures already checked: verifying one costs more than a whole request. */
  readonly #verified = new Map<string, Claims>();

  constructor(registry: Registry, clock: () => Date) {
    this.#registry = registry;
    this.#clock = clock;
  }

  /** A token for a service account. */
  issue({ namespace, name, uid, audiences, lifetime, bound }: TokenSubject): IssuedToken {
    const now = Math.floor(this.#clock().getTime() / 1000);
    const expires = now + lifetime;
    const token = this.#sign({
      aud: audiences,
      exp: expires,
      iat: now,
      iss: ISSUER,
      jti: randomUUID(),
      "kubernetes.io": {
        namespace,
        ...(bound && { [bound.kind.toLowerCase()]: { name: bound.name, uid: bound.uid } }),
        serviceaccount: { name, ...(uid !== undefined && { uid }) },
      },
      nbf: now,
      sub: `system:serviceaccount:${namespace}:${name}`,
    });
    return { token, expires: new Date(expires * 1000) };
  }

  /** Who a bearer token belongs to; undefined for a foreign, forged or expired one. */
  verify(token: string): VerifiedToken | undefined {
    if (token === this.adminToken) {
      return {
        user: { username: "admin", uid: "admin", groups: ["system:masters", "system:authenticated"] },
        audiences: [ISSUER],
      };
    }
    const claims = this.#verified.get(token) ?? this.#check(token);
    if (!claims) return undefined;
    const now = this.#clock().getTime() / 1000;
    if (claims.exp <= now) return undefined;
    const { namespace, name, uid, audiences } = claims;
    const account = this.#registry.find("", "serviceaccounts")?.store.get(namespace, name);
    if (uid !== undefined && account?.object.metadata.uid !== uid) return undefined;
    if (claims.secret && this.#uidOf("secrets", namespace, claims.secret.name) !== claims.secret.uid)
      return undefined;
    return {
      user: serviceAccountUser(namespace, name, uid ?? account?.object.metadata.uid, claims.id),
      audiences,
    };
  }

  /** The public keys as a JSON Web Key Set, for OpenID discovery. */
  keySet(): { readonly keys: readonly JsonWebKey[] } {
    return {
      keys: [
        { ...this.#pair().publicKey.export({ format: "jwk" }), use: "sig", kid: this.#keyId, alg: "ES256" },
      ],
    };
  }

  #uidOf(resource: string, namespace: string, name: string): string | undefined {
    return this.#registry.find("", resource)?.store.get(namespace, name)?.object.metadata.uid;
  }

  #pair() {
    this.#keys ??= generateKeyPairSync("ec", { namedCurve: "P-256" });
    return this.#keys;
  }

  #sign(claims: object): string {
    const text = `${encode({ alg: "ES256", kid: this.#keyId })}.${encode(claims)}`;
    const key = { key: this.#pair().privateKey, dsaEncoding: "ieee-p1363" } as const;
    return `${text}.${sign("sha256", Buffer.from(text), key).toString("base64url")}`;
  }

  #check(token: string): Claims | undefined {
    const [header, payload, signature, ...more] = token.split(".");
    if (header === undefined || payload === undefined || signature === undefined || more.length > 0)
      return undefined;
    const key = { key: this.#pair().publicKey, dsaEncoding: "ieee-p1363" } as const;
    const signed = Buffer.from(`${header}.${payload}`);
    if (!verify("sha256", signed, key, Buffer.from(signature, "base64url"))) return undefined;
    const claims = readClaims(payload);
    if (claims) this.#verified.set(token, claims);
    return claims;
  }
}

interface Claims {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string | undefined;
  readonly exp: number;
  readonly id: string;
  readonly audiences: readonly string[];
  /** The Secret that the token is bound to. */
  readonly secret: { readonly name: string; readonly uid: string } | undefined;
}

function readClaims(payload: string): Claims | undefined {
  const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString());
  const namespace = stringAt(claims, "kubernetes.io", "namespace");
  const name = stringAt(claims, "kubernetes.io", "serviceaccount", "name");
  if (namespace === undefined || name === undefined || !isObject(claims) || typeof claims.exp !== "number")
    return undefined;
  const audiences = Array.isArray(claims.aud) ? claims.aud.map(String) : [];
  return {
    namespace,
    name,
    uid: stringAt(claims, "kubernetes.io", "serviceaccount", "uid"),
    exp: claims.exp,
    id: stringAt(claims, "jti") ?? "",
    audiences,
    secret: readSecret(claims),
  };
}

function readSecret(claims: unknown): Claims["secret"] {
  const [name, uid] = ["name", "uid"].map((part) => stringAt(claims, "kubernetes.io", "secret", part));
  return name !== undefined && uid !== undefined ? { name, uid } : undefined;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
