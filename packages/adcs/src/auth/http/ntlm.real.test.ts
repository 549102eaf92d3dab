import { CredentialGuard, HttpClient, IssuerError } from "@countersign/issuer-signer";
import { expect, test } from "vitest";
import {
  type Acceptor,
  type AcceptorOptions,
  curl,
  foreignClient,
  startAcceptor,
} from "../../../../../test/rigs/adcs-acceptors.ts";
import { describeWithAcceptors } from "../../../../../test/rigs/adcs-tools.ts";
import { channelBinding } from "../channel-binding.ts";
import { NtlmHandshake } from "../ntlm/ntlm-handshake.ts";
import { AuthenticatedHttp } from "./authenticated-http.ts";
import { loginFor } from "./login-for.ts";

const user = { domain: "CORP", username: "svc-issuer", password: "Pässw0rd-1" };
const account = "CORP\\svc-issuer";

/** Each acceptor of NTLM: its code, and the scheme in which it gets the messages. */
const acceptors = [
  { name: "gss-ntlmssp", ntlm: "gss-ntlmssp", schemes: ["NTLM", "Basic"] },
  { name: "gss-ntlmssp within Negotiate", ntlm: "gss-ntlmssp", schemes: ["Negotiate"] },
  { name: "pyspnego", ntlm: "pyspnego", schemes: ["Negotiate", "NTLM"] },
] as const satisfies readonly (Pick<AcceptorOptions, "ntlm" | "schemes"> & { readonly name: string })[];

function start(options: Partial<AcceptorOptions> & Pick<AcceptorOptions, "ntlm" | "schemes">) {
  return startAcceptor({ epa: "require", users: [user], host: "pki.corp.test", ...options });
}

function client({ caPem }: Acceptor, password = user.password) {
  const http = new HttpClient({
    ca: caPem,
    allowAddresses: ["127.0.0.1"],
    resolve: async () => [{ address: "127.0.0.1", family: 4 }],
  });
  const login = loginFor({ method: "ntlm", username: account, password }, { http, now: Date.now });
  const guard = new CredentialGuard<IssuerError>();
  const authenticated = new AuthenticatedHttp({ http, login, guard, owner: "uid" });
  return Object.assign(authenticated, { guard, [Symbol.dispose]: () => http.close() });
}

describeWithAcceptors("NTLM at foreign acceptors", () => {
  for (const { name, ...options } of acceptors) {
    test(`${name}, EPA Require: the right binding, MIC and target name are accepted, the body comes once`, async () => {
      await using acceptor = await start(options);
      using http = client(acceptor);
      const body = "Mode=newreq&CertRequest=x";
      const answer = await http.request("POST", `${acceptor.url}/certsrv/certfnsh.asp`, { body });
      expect(answer.status).toBe(200);
      expect(JSON.parse(String(answer.body))).toMatchObject({ user: account, bound: true, body });
      const ledger = await acceptor.ledger();
      expect(ledger.at(-1)).toMatchObject({ version: 2, mic: true, targetName: "HTTP/pki.corp.test" });
      expect(ledger.filter(({ bodyBytes }) => bodyBytes > 0)).toHaveLength(1);
      expect(new Set(ledger.map(({ connection }) => connection)).size).toBe(1);
    });

    test(`${name}: a connection is authenticated once, and the next request of it needs nothing`, async () => {
      await using acceptor = await start(options);
      using http = client(acceptor);
      for (let call = 0; call < 3; call += 1)
        expect((await http.request("GET", `${acceptor.url}/certsrv/`)).status).toBe(200);
      expect((await acceptor.ledger()).filter(({ outcome }) => outcome === "accepted")).toHaveLength(1);
    });

    test(`${name}, EPA Require behind a proxy that ends TLS: the wrong binding is refused, after one attempt`, async () => {
      await using acceptor = await start({ ...options, behindProxy: true });
      using http = client(acceptor);
      await expect(http.request("GET", `${acceptor.url}/`)).rejects.toThrow(/extended protection \(EPA\)/);
      await expect(http.request("GET", `${acceptor.url}/`)).rejects.toThrow(IssuerError);
      expect((await acceptor.ledger()).filter(({ version }) => version === 2)).toMatchObject([
        { outcome: "refused" },
      ]);
    });

    test(`${name}, EPA Require: no binding, and one of zeroes, are refused`, async () => {
      await using acceptor = await start(options);
      using http = new HttpClient({
        ca: acceptor.caPem,
        allowAddresses: ["127.0.0.1"],
        resolve: async () => [{ address: "127.0.0.1", family: 4 }],
      });
      const scheme = options.schemes[0];
      for (const [binding, status] of [
        [undefined, 401],
        [new Uint8Array(16), 401],
        ["right", 200],
      ] as const) {
        using connection = await http.connect(acceptor.url);
        const handshake = new NtlmHandshake({
          credential: user,
          targetName: "HTTP/pki.corp.test",
          channelBinding: binding === "right" ? channelBinding(connection.serverCertificate) : binding,
          now: Date.now,
        });
        const send = (token: Uint8Array) =>
          connection.request("GET", acceptor.url, {
            headers: { authorization: `${scheme} ${Buffer.from(token).toString("base64")}` },
          });
        const { headers } = await send(handshake.negotiate);
        const [, challenge = ""] = /(?:NTLM|Negotiate) (\S+)/.exec(String(headers["www-authenticate"])) ?? [];
        const answer = await send(handshake.authenticate(Buffer.from(challenge, "base64")));
        expect(answer.status).toBe(status);
      }
    });

    test(`${name}: a wrong password is shown once, and again only when the issuer has changed`, async () => {
      await using acceptor = await start(options);
      using http = client(acceptor, "wrong");
      const refused = async () =>
        (await acceptor.ledger()).filter(({ version, outcome }) => version === 2 && outcome === "refused");
      for (let call = 0; call < 5; call += 1)
        await expect(http.request("POST", `${acceptor.url}/`, { body: "x" })).rejects.toThrow(IssuerError);
      expect(await refused()).toHaveLength(1);
      http.guard.forget("uid");
      await expect(http.request("GET", `${acceptor.url}/`)).rejects.toThrow(/password is wrong/);
      expect(await refused()).toHaveLength(2);
    });
  }

  test("EPA None and Allow take our login as well", async () => {
    for (const options of [
      { ...acceptors[0], epa: "none" },
      { ...acceptors[0], epa: "allow" },
      { ...acceptors[2], epa: "none" },
    ] as const) {
      await using acceptor = await start(options);
      using http = client(acceptor);
      expect((await http.request("GET", `${acceptor.url}/`)).status).toBe(200);
    }
  });

  test("EPA Allow refuses a wrong binding", async () => {
    await using acceptor = await start({ ...acceptors[0], epa: "allow", behindProxy: true });
    using http = client(acceptor);
    await expect(http.request("GET", `${acceptor.url}/`)).rejects.toThrow(IssuerError);
  });

  test.each([
    ["ECDSA with SHA-384", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-sha384"]],
    ["RSA with SHA-512", ["-newkey", "rsa:2048", "-sha512"]],
  ])("binds to a certificate signed by %s", async (_, certificate) => {
    for (const options of acceptors) {
      await using acceptor = await start({ ...options, certificate });
      using http = client(acceptor);
      expect((await http.request("GET", `${acceptor.url}/`)).status).toBe(200);
    }
  });

  test("a server that offers no NTLM is named, and sees no password", async () => {
    await using acceptor = await start({ schemes: ["Basic"], ntlm: undefined });
    using http = client(acceptor);
    await expect(http.request("GET", `${acceptor.url}/`)).rejects.toThrow(
      /does not let NTLM in: it offers Basic/,
    );
    expect((await acceptor.ledger()).filter(({ version }) => version !== undefined)).toEqual([]);
  });

  test("the acceptors are honest: requests-ntlm is accepted under Require, curl without binding is not", async () => {
    for (const options of acceptors) {
      await using acceptor = await start(options);
      const { certificatePath: caPath } = acceptor;
      const as = (password: string) =>
        foreignClient("requests-ntlm", `${acceptor.url}/`, { caPath, user: account, password });
      if (options.schemes.some((scheme) => scheme === "NTLM")) expect(await as(user.password)).toBe(200);
      expect(await as("wrong")).toBe(401);
      const ntlm = ["--ntlm", "--user", `${account}:${user.password}`, "--cacert", caPath];
      expect(await curl(`${acceptor.url}/`, ntlm)).toBe(401);
    }
    // curl's first message is too short for gss-ntlmssp, and its passwords are ASCII.
    const users = [{ ...user, password: "Passw0rd-1" }];
    await using open = await start({ ...acceptors[2], epa: "none", users });
    const ntlm = ["--ntlm", "--user", `${account}:Passw0rd-1`, "--cacert", open.certificatePath];
    expect(await curl(`${open.url}/`, ntlm)).toBe(200);
  });
});
