import { IssuerError } from "@countersign/issuer-signer";
import { encryptionType, encryptionTypes, type KerberosKey } from "./encryption-type.ts";
import type { EtypeInfo } from "./kdc-reply.ts";
import { type KeytabEntry, readKeytab } from "./keytab.ts";
import { nameText, type PrincipalName, userName } from "./principal.ts";

/** Who logs in by Kerberos, and with what: a password, or a keytab. */
export type KerberosCredentialOptions =
  | { readonly username: string; readonly realm: string; readonly password: string }
  | {
      readonly keytab: Uint8Array;
      /** Left out where the keytab has keys of one principal only. */
      readonly username?: string | undefined;
      readonly realm?: string | undefined;
    };

/** A client principal that can make the key which the KDC wants. */
export interface KerberosCredential {
  readonly name: PrincipalName;
  readonly realm: string;
  /**
   * Numbers of the encryption types to ask for: first those that there are keys for, then the others, one of which the
   * session's key may have.
   */
  readonly etypes: readonly number[];
  /** For the guard of refused credentials. */
  readonly secret: string;
  /**
   * The key for the first of the KDC's types that can be served. `kvno` is the version that the KDC says it used.
   * Undefined where none can be.
   */
  keyFor(infos: readonly EtypeInfo[], kvno: number | undefined): Promise<KerberosKey | undefined>;
}

const allTypes: readonly number[] = encryptionTypes.map(({ number }) => number);

/** Checks what a Secret and a spec give. Throws an `IssuerError` for a keytab that has not the principal. */
export function kerberosCredential(options: KerberosCredentialOptions): KerberosCredential {
  return "password" in options ? fromPassword(options) : fromKeytab(options);
}

function fromPassword({
  username,
  realm,
  password,
}: Extract<KerberosCredentialOptions, { password: string }>): KerberosCredential {
  const name = userName(username);
  return {
    name,
    realm: realm.toUpperCase(),
    etypes: allTypes,
    secret: password,
    async keyFor(infos) {
      for (const { etype: number, salt, parameters } of infos) {
        const etype = encryptionType(number);
        if (etype === undefined) continue;
        // RFC 4120 §4: the default is the realm and the parts of the name, without anything between.
        const salted = Buffer.from(salt ?? [realm.toUpperCase(), ...name.parts].join(""), "utf8");
        const value = await etype.stringToKey(password, salted, parameters).catch((cause: unknown) => {
          throw new IssuerError(
            cause instanceof RangeError ? cause.message : "the password cannot be made a key",
            {
              cause,
            },
          );
        });
        return { etype, value };
      }
      return undefined;
    },
  };
}

function fromKeytab({
  keytab,
  username,
  realm,
}: Extract<KerberosCredentialOptions, { keytab: Uint8Array }>): KerberosCredential {
  const wanted = readKeytab(keytab).filter(
    (entry) =>
      (username === undefined || entry.principal === username) &&
      (realm === undefined || entry.realm.toUpperCase() === realm.toUpperCase()),
  );
  const [first] = wanted;
  if (first === undefined)
    throw new IssuerError("the keytab has no AES key of this user and realm; look at it with klist -kte");
  if (wanted.some((entry) => entry.principal !== first.principal || entry.realm !== first.realm))
    throw new IssuerError(
      "the keytab has keys of several principals; name the user and the realm in the issuer's spec",
    );
  const newest = [...wanted].sort((a, b) => b.kvno - a.kvno);
  const pick = (number: number, kvno: number | undefined): KeytabEntry | undefined => {
    const fitting = newest.filter(({ key }) => key.etype.number === number);
    return fitting.find((entry) => entry.kvno === kvno) ?? fitting[0];
  };
  return {
    name: { ...userName(""), parts: first.principal.split("/") },
    realm: first.realm,
    etypes: [...new Set([...newest.map(({ key }) => key.etype.number), ...allTypes])],
    secret: Buffer.from(keytab).toString("base64"),
    async keyFor(infos, kvno) {
      for (const { etype } of infos) {
        const entry = pick(etype, kvno);
        if (entry !== undefined) return entry.key;
      }
      return undefined;
    },
  };
}

/** A principal for people: `svc@CORP.EXAMPLE.COM`. */
export function principalText({ name, realm }: Pick<KerberosCredential, "name" | "realm">): string {
  return `${nameText(name)}@${realm}`;
}
