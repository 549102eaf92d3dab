/**
 * A **simulator** of the web enrolment of Microsoft AD CS (certsrv), for tests of a client. It is no AD CS and nothing of it: see
 * the README of the rigs for what it was made from and what it leaves out.
 *
 * @module
 */
import { once } from "node:events";
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { buildCsr, newPrivateKey, newSelfSignedCa, parseCsr } from "@countersign/issuer-core";
import { issueBelow } from "@countersign/issuer-testing";
import { CertsrvCa } from "./certsrv-ca.ts";
import { type CertsrvLanguageCode, certsrvLanguages } from "./certsrv-languages.ts";
import { CertsrvPages, type PageStyle } from "./certsrv-pages.ts";
import { type CertsrvAnswer, serveCertsrv } from "./serve-certsrv.ts";

/** What becomes of one call in the place of its usual answer. */
export type CertsrvFault =
  /** Says this and does nothing. */
  | { readonly kind: "answer"; readonly answer: Partial<CertsrvAnswer> }
  /** The connection is reset before anything is done. */
  | { readonly kind: "reset" }
  /** Everything is done, a certificate issued, and the connection reset instead of an answer. */
  | { readonly kind: "lose" }
  /** Nothing is done, and nothing said. */
  | { readonly kind: "hang" };

/** Options of {@link startCertsrv}. */
export interface CertsrvOptions {
  readonly language?: CertsrvLanguageCode | undefined;
  readonly style?: Partial<PageStyle> | undefined;
  /** Ports of the two listeners; free ones unless given. */
  readonly port?: number | undefined;
  readonly backendPort?: number | undefined;
  /** Passwords by user name, for basic authentication; `svc` with `password` unless given. */
  readonly accounts?: Readonly<Record<string, string>> | undefined;
  /** Of the CA. */
  readonly now?: (() => Date) | undefined;
}

/** One call, as the web server logs it. */
export interface CertsrvCall {
  readonly method: string;
  /** With its query. */
  readonly page: string;
  /** Empty where nobody has logged in. */
  readonly user: string;
  /** 0 where there was no answer. */
  readonly status: number;
}

/** A running simulator. */
export interface Certsrv extends AsyncDisposable {
  /** `https://127.0.0.1:PORT/certsrv`, with basic authentication. */
  readonly url: string;
  /** `http://127.0.0.1:PORT`, for a front that has authenticated and says so in `X-Remote-User`. */
  readonly backendUrl: string;
  /** PEM of the CA of the server's own certificate. */
  readonly tlsCaPem: string;
  /** PEM of the root of what is issued. */
  readonly rootPem: string;
  readonly ca: CertsrvCa;
  /** Every call so far. */
  readonly calls: readonly CertsrvCall[];
  /** The next calls of a page, such as `certfnsh.asp`, end so. */
  fault(page: string, fault: CertsrvFault, times?: number): void;
  /** The passwords; they can be changed. */
  readonly accounts: Map<string, string>;
  stop(): Promise<void>;
}

const base = "/certsrv/";

/** Starts a simulator on 127.0.0.1. */
export async function startCertsrv(options: CertsrvOptions = {}): Promise<Certsrv> {
  const { language = "en", style, now = () => new Date() } = options;
  const ca = await CertsrvCa.create(now);
  const pages = new CertsrvPages(certsrvLanguages[language], { quotedIds: false, links: "markup", ...style });
  const accounts = new Map(Object.entries(options.accounts ?? { svc: "password" }));
  const calls: CertsrvCall[] = [];
  const faults = new Map<string, CertsrvFault[]>();

  async function handle(request: IncomingMessage, response: ServerResponse, user: string | undefined) {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = "", url = "" } = request;
    const page = url.startsWith(base) ? url.slice(base.length) : url;
    const [name = ""] = page.split("?");
    const send = ({ status, contentType, body, headers }: CertsrvAnswer) => {
      calls.push({ method, page, user: user ?? "", status });
      response
        .writeHead(status, { server: "Microsoft-IIS/10.0", "content-type": contentType, ...headers })
        .end(body);
    };
    if (user === undefined)
      return send({
        status: 401,
        contentType: "text/html",
        body: "<html>401</html>",
        headers: { "www-authenticate": 'Basic realm="certsrv"' },
      });
    const fault = faults.get(name)?.shift();
    if (fault?.kind === "hang") return void calls.push({ method, page, user, status: 0 });
    if (fault?.kind === "reset") return void request.socket.destroy();
    if (fault?.kind === "answer")
      return send({ status: 200, contentType: "text/html", body: "", ...fault.answer });
    const isBrowser = /^Mozilla/.test(request.headers["user-agent"] ?? "");
    const answer = await serveCertsrv(
      { ca, pages },
      { method, url, base, body: Buffer.concat(chunks).toString(), user, isBrowser },
    );
    if (fault?.kind !== "lose") return send(answer);
    calls.push({ method, page, user, status: 0 });
    request.socket.destroy();
  }

  /** A fault of the simulator itself is a 500, and said loudly. */
  const serve = (request: IncomingMessage, response: ServerResponse, user: string | undefined): void => {
    handle(request, response, user).catch((error: unknown) => {
      process.stderr.write(`certsrv (simulator): ${error instanceof Error ? error.stack : error}\n`);
      response.destroy();
    });
  };

  const basicUser = ({ headers }: IncomingMessage): string | undefined => {
    const [, credentials = ""] = /^Basic (\S+)$/i.exec(headers.authorization ?? "") ?? [];
    const [user = "", ...rest] = Buffer.from(credentials, "base64").toString().split(":");
    return user !== "" && accounts.get(user) === rest.join(":") ? user : undefined;
  };
  const tls = await tlsIdentity(new Date());
  const front = createServer(tls.identity, (request, response) =>
    serve(request, response, basicUser(request)),
  );
  const backend = createHttpServer((request, response) => {
    serve(request, response, String(request.headers["x-remote-user"] ?? "") || undefined);
  });
  const servers = [front, backend];
  const ports = [await listen(front, options.port), await listen(backend, options.backendPort)];
  const stop = async () => {
    for (const server of servers) {
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    }
  };
  return {
    url: `https://127.0.0.1:${ports[0]}/certsrv`,
    backendUrl: `http://127.0.0.1:${ports[1]}`,
    tlsCaPem: tls.caPem,
    rootPem: ca.root.certificate.pem,
    ca,
    calls,
    accounts,
    fault(page, fault, times = 1) {
      faults.set(page, [...(faults.get(page) ?? []), ...Array.from({ length: times }, () => fault)]);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function listen(server: Server, port = 0): Promise<number> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function tlsIdentity(now: Date) {
  const day = 86_400_000;
  const validity = { notBefore: new Date(now.getTime() - day), notAfter: new Date(now.getTime() + 30 * day) };
  const root = newSelfSignedCa({ commonName: "Certsrv TLS CA", ...validity });
  const key = newPrivateKey({ name: "EC", curve: "P-256" });
  const names = { dnsNames: ["localhost", "pki.corp.test"], ipAddresses: ["127.0.0.1"] };
  const csr = parseCsr(await buildCsr({ key, ...names }));
  const { pem } = await issueBelow(root, {
    csr,
    serialSeed: "tls",
    ...validity,
    usages: ["digital signature", "server auth"],
  });
  const identity = { cert: pem, key: String(key.export({ format: "pem", type: "pkcs8" })) };
  return { identity, caPem: root.certificate.pem };
}
