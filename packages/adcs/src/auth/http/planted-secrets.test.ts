import type { RequestListener } from "node:http";
import { inspect } from "node:util";
import { HttpClient } from "@countersign/issuer-signer";
import { describe, expect, test } from "vitest";
import { FakeKdc, type FakeKdcOptions, fakeKdcs } from "../kerberos/fake-kdc-fixture.ts";
import { KerberosClient } from "../kerberos/kerberos-client.ts";
import { kerberosCredential } from "../kerberos/kerberos-credential.ts";
import { serveAuthenticated } from "./authenticated-http-fixture.ts";
import { KerberosLogin } from "./kerberos-login.ts";
import type { Login } from "./login.ts";
import { loginFor } from "./login-for.ts";

const secret = "Planted-S3cret!";
const forms = [
  secret,
  ...(["base64", "hex"] as const).flatMap((encoding) => [
    Buffer.from(secret).toString(encoding),
    Buffer.from(secret, "utf16le").toString(encoding),
    Buffer.from(`svc:${secret}`).toString(encoding),
  ]),
];

function kerberos(options: FakeKdcOptions): Login {
  const credential = kerberosCredential({ username: "svc", realm: "CORP.TEST", password: secret });
  const kdcs = fakeKdcs({ "CORP.TEST": new FakeKdc({ password: secret, ...options }) });
  return new KerberosLogin({ credential, client: new KerberosClient({ credential, kdcs, now: Date.now }) });
}

using http = new HttpClient();
const options = { http, now: Date.now };
const logins: Readonly<Record<string, () => Login>> = {
  ntlm: () => loginFor({ method: "ntlm", username: "CORP\\svc", password: secret }, options),
  basic: () => loginFor({ method: "basic", username: "svc", password: secret }, options),
  kerberos: () => kerberos({}),
  "kerberos, refused": () => kerberos({ password: "another" }),
  "kerberos, revoked": () => kerberos({ error: () => ({ code: 18 }) }),
  "kerberos, no service": () => kerberos({ error: (message) => (message === 2 ? { code: 7 } : undefined) }),
  "kerberos, garbage": () => kerberos({ tamper: () => Buffer.from("30030101ff", "hex") }),
};

/** Servers that give back what they were sent, where a careless client would show it. */
const servers: Readonly<Record<string, RequestListener>> = {
  refuses: (request, response) =>
    response
      .writeHead(401, { "www-authenticate": `NTLM ${request.headers.authorization?.split(" ")[1] ?? ""}` })
      .end(request.headers.authorization),
  redirects: (request, response) =>
    response.writeHead(302, { location: `https://x/?${request.headers.authorization}` }).end(),
  breaks: (request) => request.socket.destroy(),
  "answers no HTTP": (request) => request.socket.end(`${request.headers.authorization}\r\n\r\n`),
  "asks for no login": (request, response) => response.end(request.headers.authorization),
};

describe.each(Object.entries(logins))("%s", (_, make) => {
  test("shows no secret when it is inspected", () => {
    expect(forms.filter((form) => inspect(make(), { depth: 20, showHidden: true }).includes(form))).toEqual(
      [],
    );
  });

  test.each(Object.entries(servers))("shows no secret where the server %s", async (_name, listener) => {
    await using served = await serveAuthenticated(listener, make());
    for (const method of ["GET", "POST"]) {
      const body = method === "POST" ? "csr" : undefined;
      const ended: unknown = await served.http
        .request(method, served.url, { body })
        .catch((error: unknown) => error);
      if (!(ended instanceof Error)) continue;
      const shown = `${ended.stack}${inspect(ended, { depth: 20, showHidden: true })}${JSON.stringify(ended)}`;
      expect(forms.filter((form) => shown.includes(form))).toEqual([]);
      expect(ended.message).toMatch(/^.{1,1024}$/);
    }
  });
});
