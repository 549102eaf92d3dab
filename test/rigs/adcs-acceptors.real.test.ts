import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { CredentialGuard, HttpClient, type IssuerError } from "@countersign/issuer-core";
import { expect, test } from "vitest";
import { AuthenticatedHttp, loginFor } from "../../packages/adcs/src/index.ts";
import { curl, startAcceptor } from "./adcs-acceptors.ts";
import { describeWithAcceptors } from "./adcs-tools.ts";

const user = { domain: "CORP", username: "svc", password: "Passw0rd" };

describeWithAcceptors("the front of the acceptors", () => {
  test("hands what has passed to a backend, with the user's name and nothing of the login", async () => {
    const seen: object[] = [];
    const backend = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk) => {
        body += chunk;
      });
      request.on("end", () => {
        const { method, url, headers } = request;
        const { "x-remote-user": name, authorization, "content-type": type } = headers;
        seen.push({ method, url, name, authorization, type, body });
        const status = url === "/moved" ? 302 : url === "/gone" ? 404 : 200;
        response.writeHead(status, { "content-type": "application/pkix-cert", location: "/" });
        response.end(Buffer.from([0, 255, 10]));
      });
    });
    backend.listen(0, "127.0.0.1");
    await once(backend, "listening");
    const { port } = backend.address() as AddressInfo;
    await using acceptor = await startAcceptor({
      epa: "require",
      schemes: ["NTLM", "Basic"],
      ntlm: "pyspnego",
      users: [user],
      backend: `http://127.0.0.1:${port}`,
    });
    using http = new HttpClient({ ca: acceptor.caPem });
    const login = loginFor(
      { method: "ntlm", username: "CORP\\svc", password: user.password },
      { http, now: Date.now },
    );
    const guard = new CredentialGuard<IssuerError>();
    const certsrv = new AuthenticatedHttp({ http, login, guard, owner: "uid" });
    const url = `https://127.0.0.1:${acceptor.port}`;

    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const answer = await certsrv.request("POST", `${url}/certfnsh.asp?x=1`, { body: "Mode=newreq", headers });
    expect([answer.status, answer.headers["content-type"], [...answer.body]]).toEqual([
      200,
      "application/pkix-cert",
      [0, 255, 10],
    ]);
    expect(seen).toEqual([
      {
        method: "POST",
        url: "/certfnsh.asp?x=1",
        name: "CORP\\svc",
        authorization: undefined,
        type: headers["content-type"],
        body: "Mode=newreq",
      },
    ]);
    expect((await certsrv.request("GET", `${url}/gone`)).status).toBe(404);
    await expect(certsrv.request("GET", `${url}/moved`)).rejects.toThrow(/redirects are refused/);

    const basic = (password: string) =>
      curl(`${acceptor.url}/gone`, ["--user", `svc:${password}`, "--cacert", acceptor.certificatePath]);
    expect([await basic(user.password), await basic("wrong")]).toEqual([404, 401]);
    backend.closeAllConnections();
    backend.close();
  });
});
