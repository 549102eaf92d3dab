import { type HttpClient, IssuerError } from "@countersign/issuer-signer";
import { Kdcs, type KdcsOptions } from "../kerberos/kdcs.ts";
import { KerberosClient } from "../kerberos/kerberos-client.ts";
import { type KerberosCredentialOptions, kerberosCredential } from "../kerberos/kerberos-credential.ts";
import { BasicLogin } from "./basic-login.ts";
import { KerberosLogin } from "./kerberos-login.ts";
import type { Login } from "./login.ts";
import { NtlmLogin } from "./ntlm-login.ts";

/** Who logs in, and how. */
export type AdcsCredential =
  | {
      readonly method: "ntlm" | "basic";
      /** `CORP\user`, `user@corp.example.com`, or for a local account `user`. */
      readonly username: string;
      readonly password: string;
    }
  | ({
      readonly method: "kerberos";
      /** `host` or `host:port` by realm, in the order of preference; other realms are looked up in DNS. */
      readonly kdcs?: Readonly<Record<string, readonly string[]>> | undefined;
      /** `HTTP/host` or `HTTP/host@REALM`, where it is not `HTTP/` with the URL's host. */
      readonly servicePrincipal?: string | undefined;
    } & KerberosCredentialOptions);

/** What a login needs. */
export interface LoginOptions {
  /** KDCs are reached under its address policy and deadline to connect. */
  readonly http: HttpClient;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** node:dns unless given. */
  readonly resolveSrv?: KdcsOptions["resolveSrv"];
}

/** The login of a credential. Throws an `IssuerError` for a keytab or a name that cannot be used. */
export function loginFor(credential: AdcsCredential, { http, now, resolveSrv }: LoginOptions): Login {
  switch (credential.method) {
    case "basic":
      // RFC 7617 §2: the first colon ends the name.
      if (credential.username.includes(":"))
        throw new IssuerError(
          "a user name for basic authentication has no colon; correct the issuer's Secret",
        );
      return new BasicLogin(credential);
    case "ntlm": {
      const [, domain = "", username = credential.username] =
        /^([^\\]*)\\(.*)$/s.exec(credential.username) ?? [];
      return new NtlmLogin({ username, domain, password: credential.password }, { now });
    }
    case "kerberos": {
      const { kdcs: servers, servicePrincipal } = credential;
      const kerberos = kerberosCredential(credential);
      const kdcs = new Kdcs({
        servers,
        resolveSrv,
        dial: (host, port, options) => http.dial(host, port, options),
      });
      const client = new KerberosClient({ credential: kerberos, kdcs, now });
      return new KerberosLogin({ credential: kerberos, client, servicePrincipal });
    }
  }
}
