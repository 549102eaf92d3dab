import { readFile } from "node:fs/promises";
import { CredentialGuard, HttpClient, IssuerError } from "@countersign/issuer-signer";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type Acceptor,
  type AcceptorOptions,
  curl,
  foreignClient,
  startAcceptor,
} from "../../../../../test/rigs/adcs-acceptors.ts";
import { type Kdc, startKdc } from "../../../../../test/rigs/adcs-kdc.ts";
import { describeWithAcceptors } from "../../../../../test/rigs/adcs-tools.ts";
import { runTool } from "../../../../../test/rigs/pkcs11-tools.ts";
import { channelBinding } from "../channel-binding.ts";
import { kerberosOid } from "../kerberos/gss-login.ts";
import { Kdcs, type ResolveSrv } from "../kerberos/kdcs.ts";
import { KerberosClient } from "../kerberos/kerberos-client.ts";
import { type KerberosCredentialOptions, kerberosCredential } from "../kerberos/kerberos-credential.ts";
import { negotiateInit } from "../spnego.ts";
import { AuthenticatedHttp } from "./authenticated-http.ts";
import { loginFor } from "./login-for.ts";

const realm = "CORP.TEST";
const host = "pki.corp.test";
const password = "Pässw0rd-1";
const resolve = async () => [{ address: "127.0.0.1", family: 4 }];

interface ClientOptions {
  readonly credential?: KerberosCredentialOptions;
  readonly kdcs?: readonly string[] | undefined;
  readonly resolveSrv?: ResolveSrv;
  readonly ca?: string;
  readonly clockOffsetMs?: number;
  readonly servicePrincipal?: string | undefined;
}

describeWithAcceptors("Kerberos at MIT's acceptor", () => {
  let kdc: Kdc;
  let keytab: string;

  beforeAll(async () => {
    kdc = await startKdc({
      realm,
      principals: [
        { name: "svc", password },
        { name: "aes128", password, keys: "aes128-cts:normal" },
        { name: "sha384", password, keys: "aes256-sha2:normal" },
        { name: "sha256", password, keys: "aes128-sha2:normal" },
        { name: "salted", password, keys: "aes256-cts:special" },
        { name: "nopreauth", password, options: ["-requires_preauth"] },
        { name: "locked", password, options: ["-allow_tix"] },
        { name: "stale", password, options: ["+needchange"] },
        // With pre-authentication it would take no ticket of an account without.
        { name: `HTTP/${host}`, options: ["-requires_preauth"] },
      ],
    });
    keytab = await kdc.keytab(`HTTP/${host}`);
  });
  afterAll(() => kdc?.[Symbol.asyncDispose]());

  const start = (options: Partial<AcceptorOptions> = {}) =>
    startAcceptor({
      epa: "require",
      schemes: ["Negotiate"],
      host,
      kerberos: { keytab, krb5Conf: kdc.krb5Conf },
      ...options,
    });

  function clientOf({ caPem }: Acceptor, options: ClientOptions = {}) {
    const { clockOffsetMs = 0, servicePrincipal, ca = caPem, resolveSrv } = options;
    const http = new HttpClient({ ca, allowAddresses: ["127.0.0.1"], resolve });
    const kdcs = "kdcs" in options ? options.kdcs : [kdc.address];
    const login = loginFor(
      {
        method: "kerberos",
        ...(options.credential ?? { username: "svc", realm, password }),
        kdcs: kdcs === undefined ? undefined : { [realm]: kdcs },
        servicePrincipal,
      },
      { http, now: () => Date.now() + clockOffsetMs, resolveSrv },
    );
    const guard = new CredentialGuard<IssuerError>();
    const authenticated = new AuthenticatedHttp({ http, login, guard, owner: "uid" });
    return Object.assign(authenticated, { guard, [Symbol.dispose]: () => http.close() });
  }

  test("EPA Require: a password's login is accepted with its binding, the body comes once, the server proves itself", async () => {
    await using acceptor = await start();
    using http = clientOf(acceptor);
    const answer = await http.request("POST", `${acceptor.url}/certsrv/certfnsh.asp`, { body: "csr" });
    expect(answer.status).toBe(200);
    expect(JSON.parse(String(answer.body))).toMatchObject({
      user: `svc@${realm}`,
      mechanism: "kerberos",
      bound: true,
      body: "csr",
    });
    expect(await acceptor.ledger()).toMatchObject([{ outcome: "accepted", bodyBytes: 3 }]);
    expect(answer.headers["www-authenticate"]).toMatch(/^Negotiate \S+$/);
  });

  test("each request has a token of its own, with tickets that are fetched once", async () => {
    await using acceptor = await start();
    using http = clientOf(acceptor);
    const before = (await kdc.requests()).length;
    for (let call = 0; call < 5; call += 1)
      expect((await http.request("GET", `${acceptor.url}/`)).status).toBe(200);
    // The first question, pre-authentication, the ticket.
    expect((await kdc.requests()).length - before).toBe(3);
    expect((await acceptor.ledger()).filter(({ outcome }) => outcome === "accepted")).toHaveLength(5);
  });

  test.each(["aes128", "sha384", "sha256", "salted", "nopreauth"])(
    "the account %s logs in by password and by keytab",
    async (username) => {
      await using acceptor = await start();
      const keys = await readFile(await kdc.keytab(username));
      for (const credential of [{ username, realm, password }, { keytab: keys }]) {
        using http = clientOf(acceptor, { credential });
        const answer = await http.request("GET", `${acceptor.url}/`);
        expect(JSON.parse(String(answer.body))).toMatchObject({ user: `${username}@${realm}`, bound: true });
      }
    },
  );

  test.each([
    ["none", 200],
    ["allow", 200],
  ] as const)("EPA %s takes our login as well", async (epa, status) => {
    await using acceptor = await start({ epa });
    using http = clientOf(acceptor);
    expect((await http.request("GET", `${acceptor.url}/`)).status).toBe(status);
  });

  test.each(["require", "allow"] as const)(
    "EPA %s behind a proxy that ends TLS: the wrong binding is refused",
    async (epa) => {
      await using acceptor = await start({ epa, behindProxy: true });
      using http = clientOf(acceptor);
      await expect(http.request("GET", `${acceptor.url}/`)).rejects.toThrow(/extended protection \(EPA\)/);
      expect(await acceptor.ledger()).toMatchObject([{ outcome: "refused" }]);
      expect((await acceptor.ledger())[0]?.why).toMatch(/[Bb]indings/);
    },
  );

  test.each(["require", "allow"] as const)(
    "EPA %s: a login of ours without a binding is refused, since it says that it binds",
    async (epa) => {
      await using acceptor = await start({ epa });
      using http = new HttpClient({ ca: acceptor.caPem, allowAddresses: ["127.0.0.1"], resolve });
      const client = new KerberosClient({
        credential: kerberosCredential({ username: "svc", realm, password }),
        kdcs: new Kdcs({ servers: { [realm]: [kdc.address] }, dial: (...at) => http.dial(...at) }),
        now: Date.now,
      });
      const service = { name: { type: 3, parts: ["HTTP", host] }, realm: undefined };
      for (const [binding, status] of [
        ["none", 401],
        ["right", 200],
      ] as const) {
        using connection = await http.connect(acceptor.url);
        const bytes = binding === "right" ? channelBinding(connection.serverCertificate) : new Uint8Array(16);
        const { token } = await client.login(service, bytes, new AbortController().signal);
        const authorization = `Negotiate ${Buffer.from(negotiateInit(kerberosOid, token)).toString("base64")}`;
        const answer = await connection.request("GET", acceptor.url, { headers: { authorization } });
        expect(answer.status).toBe(status);
      }
    },
  );

  test("the acceptor is honest: requests-gssapi is accepted under Require, curl without binding is not, and is under None", async () => {
    const cache = `FILE:${kdc.krb5Conf}.ccache`;
    const env = { KRB5_CONFIG: kdc.krb5Conf, KRB5CCNAME: cache };
    await runTool("kinit", ["-k", "-t", await kdc.keytab("svc"), "svc"], env);
    const negotiate = (acceptor: Acceptor) =>
      curl(`${acceptor.url}/`, ["--negotiate", "--user", ":", "--cacert", acceptor.certificatePath], env);
    {
      await using acceptor = await start();
      const caPath = acceptor.certificatePath;
      expect(await foreignClient("requests-gssapi", `${acceptor.url}/`, { caPath, env })).toBe(200);
      expect(await negotiate(acceptor)).toBe(401);
    }
    await using acceptor = await start({ epa: "none" });
    expect(await negotiate(acceptor)).toBe(200);
  });

  test("a wrong password is shown to the KDC once, and never to the server", async () => {
    await using acceptor = await start();
    using http = clientOf(acceptor, { credential: { username: "svc", realm, password: "wrong" } });
    const before = (await kdc.requests()).length;
    for (let call = 0; call < 5; call += 1)
      await expect(http.request("GET", `${acceptor.url}/`)).rejects.toThrow(
        /KDC_ERR_PREAUTH_FAILED: the password/,
      );
    const failed = (await kdc.requests()).slice(before).filter((line) => line.includes("PREAUTH_FAILED"));
    expect(failed).toHaveLength(1);
    expect((await kdc.requests()).length - before).toBe(2);
    expect(await acceptor.ledger()).toEqual([]);
    http.guard.forget("uid");
    await expect(http.request("GET", `${acceptor.url}/`)).rejects.toThrow(IssuerError);
    expect((await kdc.requests()).length - before).toBe(4);
  });

  test("a wrong password of an account without pre-authentication is found out as well", async () => {
    await using acceptor = await start();
    using http = clientOf(acceptor, { credential: { username: "nopreauth", realm, password: "wrong" } });
    await expect(http.request("GET", `${acceptor.url}/`)).rejects.toThrow(/KDC_ERR_PREAUTH_FAILED/);
  });

  test.each([
    ["nobody", /KDC_ERR_C_PRINCIPAL_UNKNOWN: .* check the user name/],
    ["locked", /KDC_ERR_CLIENT_REVOKED: the account is locked/],
    ["stale", /KDC_ERR_KEY_EXPIRED: the account's password has expired/],
  ])("the account %s is named, and what to do", async (username, message) => {
    await using acceptor = await start();
    using http = clientOf(acceptor, { credential: { username, realm, password } });
    await expect(http.request("GET", `${acceptor.url}/`)).rejects.toThrow(message);
  });

  test("a service principal name that nobody has is named, with the way to register it", async () => {
    await using acceptor = await start();
    using http = clientOf(acceptor, { servicePrincipal: "HTTP/other.corp.test" });
    await expect(http.request("GET", `${acceptor.url}/`)).rejects.toThrow(
      /gives no ticket for HTTP\/other.corp.test: KDC_ERR_S_PRINCIPAL_UNKNOWN: .*setspn/,
    );
  });

  test.each([3_600_000, -3_600_000])(
    "a clock that is off by %i ms is corrected by the KDC's",
    async (clockOffsetMs) => {
      await using acceptor = await start();
      using http = clientOf(acceptor, { clockOffsetMs });
      expect((await http.request("GET", `${acceptor.url}/`)).status).toBe(200);
    },
  );

  test("KDCs that are away or silent are passed over", async () => {
    await using acceptor = await start();
    using http = clientOf(acceptor, { kdcs: ["127.0.0.1:1", kdc.address] });
    expect((await http.request("GET", `${acceptor.url}/`)).status).toBe(200);
    using lost = clientOf(acceptor, { kdcs: ["127.0.0.1:1"] });
    await expect(lost.request("GET", `${acceptor.url}/`)).rejects.toThrow(
      /no KDC of CORP.TEST answers \(127.0.0.1:1: .*ECONNREFUSED/,
    );
  });

  test("a service whose key has changed gets a new ticket at once", async () => {
    await using own = await startKdc({
      realm,
      principals: [{ name: "svc", password }, { name: `HTTP/${host}` }],
    });
    const keytab = await own.keytab(`HTTP/${host}`);
    await using acceptor = await start({ kerberos: { keytab, krb5Conf: own.krb5Conf } });
    using http = clientOf(acceptor, { kdcs: [own.address] });
    expect((await http.request("GET", `${acceptor.url}/`)).status).toBe(200);
    await own.admin("cpw", "-randkey", `HTTP/${host}`);
    await own.keytab(`HTTP/${host}`);
    const answer = await http.request("POST", `${acceptor.url}/`, { body: "csr" });
    expect(JSON.parse(String(answer.body))).toMatchObject({ body: "csr", bound: true });
    const outcomes = (await acceptor.ledger()).map(({ outcome }) => outcome);
    expect(outcomes).toEqual(["accepted", "refused", "accepted"]);
  });

  test("tickets of another KDC, as after a restore, are replaced with the next try", async () => {
    const principals = [{ name: "svc", password }, { name: `HTTP/${host}` }];
    await using first = await startKdc({ realm, principals });
    await using second = await startKdc({ realm, principals });
    const keytabs = [await first.keytab(`HTTP/${host}`), await second.keytab(`HTTP/${host}`)] as const;
    await using before = await start({ kerberos: { keytab: keytabs[0], krb5Conf: first.krb5Conf } });
    await using after = await start({ kerberos: { keytab: keytabs[1], krb5Conf: second.krb5Conf } });
    using http = clientOf(before, { kdcs: [first.address, second.address], ca: before.caPem + after.caPem });
    expect((await http.request("GET", `${before.url}/`)).status).toBe(200);
    await first.kill();
    // The old tickets: refused by the server, then by the KDC that does not know them.
    await expect(http.request("GET", `${after.url}/`)).rejects.toThrow(IssuerError);
    expect((await http.request("GET", `${after.url}/`)).status).toBe(200);
  });

  test("a user principal name is left to the KDC", async () => {
    await kdc.admin("addprinc", "-pw", password, "upn\\@users.test");
    await using acceptor = await start();
    using http = clientOf(acceptor, { credential: { username: "upn@users.test", realm, password } });
    expect((await http.request("GET", `${acceptor.url}/`)).status).toBe(200);
  });

  test("KDCs are found by DNS, and a service in another realm by referral", async () => {
    const other = "RES.TEST";
    const service = "HTTP/pki.res.test";
    const trust = {
      name: `krbtgt/${other}@${realm}`,
      password: "shared-secret",
      options: ["-requires_preauth"],
    };
    await using home = await startKdc({
      realm,
      domains: { "res.test": other },
      principals: [{ name: "svc", password }, trust],
    });
    await using away = await startKdc({ realm: other, principals: [{ name: service }, trust] });
    const asked: string[] = [];
    const resolveSrv: ResolveSrv = async (name) => {
      asked.push(name);
      const { address } = name.endsWith("res.test") ? away : home;
      return [{ name: "kdc.corp.test.", port: Number(address.split(":")[1]), priority: 0, weight: 0 }];
    };
    await using acceptor = await start({
      host: "pki.res.test",
      kerberos: { keytab: await away.keytab(service), krb5Conf: away.krb5Conf },
    });
    for (const servicePrincipal of [undefined, `${service}@${other}`]) {
      using http = clientOf(acceptor, { resolveSrv, kdcs: undefined, servicePrincipal });
      const answer = await http.request("GET", `${acceptor.url}/`);
      expect(JSON.parse(String(answer.body))).toMatchObject({ user: `svc@${realm}`, bound: true });
    }
    expect([...new Set(asked)]).toEqual(["_kerberos._tcp.corp.test", "_kerberos._tcp.res.test"]);
  });
});
