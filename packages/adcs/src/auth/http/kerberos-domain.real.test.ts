import { readFile } from "node:fs/promises";
import { CredentialGuard, HttpClient, type IssuerError } from "@countersign/issuer-signer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Acceptor, startAcceptor } from "../../../../../test/rigs/adcs-acceptors.ts";
import { type AdDomain, startAdDomain } from "../../../../../test/rigs/adcs-domain.ts";
import { describeWithAdDomain } from "../../../../../test/rigs/adcs-tools.ts";
import type { KerberosCredentialOptions } from "../kerberos/kerberos-credential.ts";
import { AuthenticatedHttp } from "./authenticated-http.ts";
import { loginFor } from "./login-for.ts";

const realm = "AD.TEST";
const host = "pki.ad.test";
const password = "Pässw0rd-1";

// Tickets of a domain controller carry a PAC; its salts, names and errors are those of Windows as Samba has them.
describeWithAdDomain("Kerberos in an Active Directory domain of Samba", () => {
  let domain: AdDomain;
  let acceptor: Acceptor;

  beforeAll(async () => {
    domain = await startAdDomain(realm);
    await domain.addUser("web", "Passw0rd-2", `HTTP/${host}`);
    await domain.addUser("Svc-Issuer", password);
    await domain.addUser("unlucky", password);
    await domain.addUser("disabled", password);
    await domain.set("Svc-Issuer", "userPrincipalName", "issuer@users.test");
    // Normal account, disabled (MS-ADTS 2.2.16).
    await domain.set("disabled", "userAccountControl", "514");
    acceptor = await startAcceptor({
      epa: "require",
      schemes: ["Negotiate"],
      host,
      kerberos: { keytab: await domain.keytab(`HTTP/${host}`), krb5Conf: domain.krb5Conf },
    });
  });
  afterAll(async () => {
    await acceptor?.[Symbol.asyncDispose]();
    await domain?.[Symbol.asyncDispose]();
  });

  function clientOf(
    credential: KerberosCredentialOptions,
    { clockOffsetMs = 0, servicePrincipal }: { clockOffsetMs?: number; servicePrincipal?: string } = {},
  ) {
    const http = new HttpClient({
      ca: acceptor.caPem,
      allowAddresses: ["127.0.0.1"],
      resolve: async () => [{ address: "127.0.0.1", family: 4 }],
    });
    const login = loginFor(
      { method: "kerberos", ...credential, kdcs: { [realm]: [domain.kdc] }, servicePrincipal },
      { http, now: () => Date.now() + clockOffsetMs },
    );
    const guard = new CredentialGuard<IssuerError>();
    const authenticated = new AuthenticatedHttp({ http, login, guard, owner: "uid" });
    return Object.assign(authenticated, { [Symbol.dispose]: () => http.close() });
  }

  test.each<[string, () => Promise<KerberosCredentialOptions>]>([
    ["a password", async () => ({ username: "Svc-Issuer", realm, password })],
    // The salt is of the name as it was given to the account, and the KDC says so.
    [
      "a name and a realm in other case",
      async () => ({ username: "svc-issuer", realm: "ad.test", password }),
    ],
    ["a user principal name", async () => ({ username: "issuer@users.test", realm, password })],
    ["a keytab", async () => ({ keytab: await readFile(await domain.keytab("Svc-Issuer")) })],
  ])("logs in by %s", async (_, credential) => {
    using http = clientOf(await credential());
    const answer = await http.request("POST", `${acceptor.url}/certsrv/certfnsh.asp`, { body: "csr" });
    expect(JSON.parse(String(answer.body))).toMatchObject({
      mechanism: "kerberos",
      bound: true,
      body: "csr",
    });
  });

  test("corrects its clock by the domain controller's", async () => {
    using http = clientOf({ username: "Svc-Issuer", realm, password }, { clockOffsetMs: 3_600_000 });
    expect((await http.request("GET", `${acceptor.url}/`)).status).toBe(200);
  });

  test("a wrong password counts once against the account, which three would lock", async () => {
    using http = clientOf({ username: "unlucky", realm, password: "wrong" });
    for (let call = 0; call < 6; call += 1)
      await expect(http.request("GET", `${acceptor.url}/`)).rejects.toThrow(/KDC_ERR_PREAUTH_FAILED/);
    expect(await domain.get("unlucky", "badPwdCount")).toBe("1");
    using right = clientOf({ username: "unlucky", realm, password });
    expect((await right.request("GET", `${acceptor.url}/`)).status).toBe(200);
  });

  test.each([
    ["disabled", undefined, /KDC_ERR_CLIENT_REVOKED/],
    ["nobody", undefined, /KDC_ERR_C_PRINCIPAL_UNKNOWN/],
    ["Svc-Issuer", "HTTP/none.ad.test", /KDC_ERR_S_PRINCIPAL_UNKNOWN: .*setspn/],
  ])("names what is wrong with %s (service %s)", async (username, servicePrincipal, message) => {
    using http = clientOf(
      { username, realm, password },
      servicePrincipal === undefined ? {} : { servicePrincipal },
    );
    await expect(http.request("GET", `${acceptor.url}/`)).rejects.toThrow(message);
  });
});
