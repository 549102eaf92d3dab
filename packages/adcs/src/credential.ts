import { IssuerError, type SecretValues } from "@countersign/issuer-signer";
import type { AdcsCredential } from "./auth/http/login-for.ts";
import type { AdcsSecretRefs } from "./secret-refs.ts";
import type { AdcsSpec } from "./spec.ts";

type Secrets = SecretValues<AdcsSecretRefs>;

/** Who logs in, as the spec and its Secrets say. Throws an IssuerError for what is missing. */
export function credentialOf(auth: AdcsSpec["auth"], secrets: Secrets): AdcsCredential {
  if (auth.kerberos !== undefined) return kerberosCredential(auth.kerberos, secrets);
  const method = auth.ntlm === undefined ? "basic" : "ntlm";
  const username = auth[method]?.username ?? trimmed(secrets.username) ?? "";
  return { method, username: present("user name", username), password: passwordOf(secrets) };
}

function kerberosCredential(
  { realm, username: named, kdcs: servers, servicePrincipal }: NonNullable<AdcsSpec["auth"]["kerberos"]>,
  secrets: Secrets,
): AdcsCredential {
  const username = named ?? trimmed(secrets.username);
  if (realm === undefined && (servers !== undefined || secrets.keytab === undefined))
    throw new IssuerError(
      "Kerberos with a password, or with kdcs, needs the account's realm. Set auth.kerberos.realm.",
    );
  const kdcs = realm === undefined || servers === undefined ? undefined : { [realm.toUpperCase()]: servers };
  const common = { method: "kerberos", kdcs, servicePrincipal } as const;
  if (secrets.keytab !== undefined) return { ...common, keytab: secrets.keytab, username, realm };
  if (username === undefined)
    throw new IssuerError(
      "Kerberos with a password needs the account's name. Set auth.kerberos.username or usernameSecretRef.",
    );
  return {
    ...common,
    username: present("user name", username),
    realm: realm ?? "",
    password: passwordOf(secrets),
  };
}

function passwordOf({ password }: Secrets): string {
  return present("password", trimmed(password) ?? "");
}

function present(what: string, value: string): string {
  if (value === "") throw new IssuerError(`The issuer's ${what} is empty. Put it into the Secret.`);
  return value;
}

/** Files end in a line break, and Secrets are made from files. */
function trimmed(value: string | undefined): string | undefined {
  return value?.replace(/\r?\n$/, "");
}
