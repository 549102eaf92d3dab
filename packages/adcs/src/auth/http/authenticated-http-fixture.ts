import { once } from "node:events";
import type { RequestListener } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import {
  buildCertificate,
  buildCsr,
  CredentialGuard,
  deterministicSerial,
  HttpClient,
  type HttpClientOptions,
  type IssuerError,
  newPrivateKey,
  newSelfSignedCa,
  parseCsr,
  softwareCaSigner,
} from "@countersign/issuer-signer";
import { AuthenticatedHttp } from "./authenticated-http.ts";
import type { Login } from "./login.ts";

const day = 86_400_000;
const root = newSelfSignedCa({
  commonName: "root",
  notBefore: new Date(Date.now() - day),
  notAfter: new Date(Date.now() + 2 * day),
});

async function identity() {
  const key = newPrivateKey({ name: "EC", curve: "P-256" });
  const csr = parseCsr(await buildCsr({ key, commonName: "web", ipAddresses: ["127.0.0.1"] }));
  const { pem } = await buildCertificate({
    csr,
    caCertificate: root.certificate,
    signer: softwareCaSigner(root.key),
    serial: deterministicSerial("web"),
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + day),
    isCA: false,
    usages: ["digital signature", "server auth"],
  });
  return { cert: pem, key: String(key.export({ format: "pem", type: "pkcs8" })) };
}

/** For tests: a server with this listener, and a client of it that logs in so. */
export async function serveAuthenticated(
  listener: RequestListener,
  login: Login,
  options: HttpClientOptions = {},
) {
  const server = createServer(await identity(), listener);
  let accepted = 0;
  server.on("secureConnection", () => {
    accepted += 1;
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new HttpClient({ ca: root.certificate.pem, ...options });
  const guard = new CredentialGuard<IssuerError>();
  return {
    url,
    guard,
    http: new AuthenticatedHttp({ http: client, login, guard, owner: "uid" }),
    /** TLS connections so far. */
    get accepted() {
      return accepted;
    },
    async [Symbol.asyncDispose]() {
      client.close();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
