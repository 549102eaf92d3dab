import type { RequestListener } from "node:http";
import { HttpClient, IssuerError, RetryableError } from "@countersign/issuer-signer";
import { der } from "@countersign/issuer-signer/der";
import { expect, test } from "vitest";
import { FakeKdc, type FakeKdcOptions, fakeKdcs, readFakeLogin } from "../kerberos/fake-kdc-fixture.ts";
import { KerberosClient } from "../kerberos/kerberos-client.ts";
import { kerberosCredential } from "../kerberos/kerberos-credential.ts";
import { application, derInteger, derKerberosTime, fieldSequence } from "../kerberos/kerberos-der.ts";
import { serveAuthenticated } from "./authenticated-http-fixture.ts";
import { KerberosLogin } from "./kerberos-login.ts";
import { loginFor } from "./login-for.ts";

function loginWith(options: FakeKdcOptions = {}, servicePrincipal?: string) {
  const kdc = new FakeKdc(options);
  const credential = kerberosCredential({ username: "svc", realm: "corp.test", password: "secret" });
  const client = new KerberosClient({ credential, kdcs: fakeKdcs({ "CORP.TEST": kdc }), now: Date.now });
  return { kdc, login: new KerberosLogin({ credential, client, servicePrincipal }) };
}

/** NegTokenResp: accept-completed with a token. */
function wrapped(token: Uint8Array): string {
  const state = der(0xa0, Uint8Array.of(0x0a, 1, 0));
  const sequence = der(0x30, state, der(0xa2, der(0x04, token)));
  return `Negotiate ${Buffer.from(der(0xa1, sequence)).toString("base64")}`;
}

type Answer = (login: ReturnType<typeof readFakeLogin>) => {
  readonly status: number;
  readonly token?: Uint8Array;
};

/** A service that reads each login, and answers so. */
function service(answer: Answer): { readonly listener: RequestListener; readonly bodies: string[] } {
  const bodies: string[] = [];
  const listener: RequestListener = (request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      bodies.push(body);
      const token = Buffer.from((request.headers.authorization ?? "").replace("Negotiate ", ""), "base64");
      const { status, token: reply } = answer(readFakeLogin(token));
      const challenge = reply === undefined ? (status === 401 ? "Negotiate" : undefined) : wrapped(reply);
      response
        .writeHead(status, challenge === undefined ? {} : { "www-authenticate": challenge })
        .end("page");
    });
  };
  return { listener, bodies };
}

test("sends the body with its one leg, and takes the service's proof", async () => {
  const { kdc, login } = loginWith();
  const { listener, bodies } = service((given) => ({ status: 200, token: given.reply() }));
  await using served = await serveAuthenticated(listener, login);
  expect((await served.http.request("POST", served.url, { body: "csr" })).status).toBe(200);
  expect(bodies).toEqual(["csr"]);
  expect(kdc.messages.at(-1)).toBe("TGS HTTP/127.0.0.1");
});

test("asks for the service principal that the issuer names", async () => {
  const { kdc, login } = loginWith({}, "HTTP/pki.corp.test@corp.test");
  await using served = await serveAuthenticated(service(() => ({ status: 200 })).listener, login);
  await served.http.request("GET", served.url);
  expect(kdc.messages.at(-1)).toBe("TGS HTTP/pki.corp.test");
});

test("a wrong proof is the issuer's fault; after a POST the PKI may have issued", async () => {
  const { login } = loginWith();
  const { listener } = service((given) => ({ status: 200, token: given.reply({ time: given.time + 1 }) }));
  await using served = await serveAuthenticated(listener, login);
  await expect(served.http.request("GET", served.url)).rejects.toThrow(IssuerError);
  const posted = served.http.request("POST", served.url, { body: "csr" });
  await expect(posted).rejects.toThrow(RetryableError);
  await expect(posted).rejects.toThrow(/did not prove that it is the service of the ticket/);
});

test("says what the service says of the ticket", async () => {
  const { login } = loginWith();
  const error = application(
    30,
    fieldSequence({
      0: derInteger(5),
      1: derInteger(30),
      4: derKerberosTime(0),
      5: derInteger(0),
      6: derInteger(41),
    }),
  );
  await using served = await serveAuthenticated(
    service(() => ({ status: 401, token: error })).listener,
    login,
  );
  await expect(served.http.request("GET", served.url)).rejects.toThrow(
    /KRB_AP_ERR_MODIFIED: .*duplicate service principal/,
  );
});

test("a refusal without a reason lists all that it can mean, and may be tried again: no account is locked by it", async () => {
  const { kdc, login } = loginWith();
  const { listener, bodies } = service(() => ({ status: 401 }));
  await using served = await serveAuthenticated(listener, login);
  for (let call = 1; call <= 2; call += 1) {
    await expect(served.http.request("GET", served.url)).rejects.toThrow(
      /Kerberos as svc@CORP.TEST \(401\): .*extended protection/,
    );
    expect(bodies).toHaveLength(call);
  }
  // Each with a ticket that is new: the service may have another key.
  expect(kdc.messages.filter((message) => message.startsWith("TGS"))).toHaveLength(2);
});

test("a ticket that has served and is refused is replaced once, in the same request", async () => {
  let refuse = 0;
  const { kdc, login } = loginWith();
  const { listener, bodies } = service(() => {
    refuse -= 1;
    return { status: refuse >= 0 ? 401 : 200 };
  });
  await using served = await serveAuthenticated(listener, login);
  await served.http.request("GET", served.url);
  refuse = 1;
  expect((await served.http.request("GET", served.url)).status).toBe(200);
  expect(kdc.messages.filter((message) => message.startsWith("TGS"))).toHaveLength(2);
  refuse = 2;
  await expect(served.http.request("GET", served.url)).rejects.toThrow(IssuerError);
  expect(bodies).toHaveLength(5);
});

test("what the KDC refuses is not shown to it again, at whatever URL", async () => {
  const { kdc, login } = loginWith({ password: "another" });
  const { listener, bodies } = service(() => ({ status: 200 }));
  await using served = await serveAuthenticated(listener, login);
  for (const path of ["/a", "/b", "/c"])
    await expect(served.http.request("GET", served.url + path)).rejects.toThrow(/KDC_ERR_PREAUTH_FAILED/);
  expect([kdc.messages.length, bodies]).toEqual([2, []]);
  served.guard.forget("uid");
  await expect(served.http.request("GET", served.url)).rejects.toThrow(IssuerError);
  expect(kdc.messages).toHaveLength(4);
});

test("makes logins of credentials, and refuses what cannot be one", () => {
  using http = new HttpClient();
  const options = { http, now: Date.now };
  const nameOf = (credential: Parameters<typeof loginFor>[0]) => loginFor(credential, options).name;
  expect(nameOf({ method: "ntlm", username: "CORP\\svc", password: "x" })).toBe("NTLM as CORP\\svc");
  expect(nameOf({ method: "ntlm", username: "svc@corp.test", password: "x" })).toBe("NTLM as svc@corp.test");
  expect(nameOf({ method: "kerberos", username: "svc", realm: "corp.test", password: "x" })).toBe(
    "Kerberos as svc@CORP.TEST",
  );
  expect(() => nameOf({ method: "basic", username: "a:b", password: "x" })).toThrow(IssuerError);
  expect(() => nameOf({ method: "kerberos", keytab: Buffer.from("x") })).toThrow(/keytab cannot be used/);
});
