import { once } from "node:events";
import { connect } from "node:net";
import type { Signer, SignRequest } from "@countersign/issuer-signer";
import { signRequestFor } from "@countersign/issuer-signer/testing";
import { type FakeCa, fakeCa } from "../fake-ca-fixture.ts";
import type { Authenticate } from "./caller.ts";
import type { Decision } from "./decision.ts";
import { ServedSigner } from "./served-signer.ts";
import { type SignServer, type SignServerTls, startSignServer } from "./sign-server.ts";
import { SignService } from "./sign-service.ts";
import type { SignServiceOptions } from "./sign-service-options.ts";

/** What {@link startService} does otherwise than usual. */
export interface ServiceFixtureOptions extends Partial<Omit<SignServiceOptions, "signer">> {
  /** A signer of a CA of its own unless given. */
  readonly signer?: Partial<Signer<unknown>>;
  readonly tls?: SignServerTls;
  readonly headersTimeoutMs?: number;
}

/** For tests: a running service, and what it told. */
export interface ServiceFixture extends AsyncDisposable {
  readonly url: string;
  readonly server: SignServer;
  readonly ca: FakeCa;
  readonly decisions: Decision[];
  readonly troubles: unknown[];
  /** How the signer was called: every request with its attempt id. */
  readonly signed: { readonly request: SignRequest; readonly attemptId: string }[];
  readonly served: ServedSigner;
  post(body: unknown, headers?: Record<string, string>): Promise<Reply>;
  get(path: string, headers?: Record<string, string>): Promise<Reply>;
}

/** An answer with its JSON. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly json: {
    readonly certificate?: string;
    readonly ca?: string;
    readonly status?: string;
    readonly error?: { readonly code: string; readonly message: string; readonly issuedNothing?: boolean };
  };
}

/** Callers are who the header `x-caller` says, else `somebody`. */
const trusting: Authenticate = async ({ headers }) => {
  const username = String(headers["x-caller"] ?? "somebody");
  return { id: username, username, groups: [], namespace: "", method: "certificate" };
};

/** For tests: starts a service on loopback. */
export async function startService(options: ServiceFixtureOptions = {}): Promise<ServiceFixture> {
  const { signer: own = {}, tls, headersTimeoutMs, ...more } = options;
  const ca = await fakeCa();
  const decisions: Decision[] = [];
  const troubles: unknown[] = [];
  const signed: ServiceFixture["signed"] = [];
  const sign = own.sign?.bind(own) ?? ca.signer.sign.bind(ca.signer);
  const served = new ServedSigner({
    ...own,
    check: own.check?.bind(own) ?? (async () => {}),
    async sign(request, context) {
      signed.push({ request, attemptId: context.attemptId });
      return sign(request, context as never);
    },
  });
  const service = new SignService({
    authenticate: trusting,
    onDecision: (decision) => decisions.push(decision),
    onTrouble: (_, error) => troubles.push(error),
    ...more,
    signer: served,
  });
  const server = await startSignServer({ service, port: 0, host: "127.0.0.1", tls, headersTimeoutMs });
  const url = `${tls === undefined ? "http" : "https"}://127.0.0.1:${server.port}`;
  const reply = async (response: Response): Promise<Reply> => {
    const text = await response.text();
    return { status: response.status, headers: response.headers, json: text === "" ? {} : JSON.parse(text) };
  };
  return {
    ...{ url, server, ca, decisions, troubles, signed, served },
    post: async (body, headers = {}) =>
      reply(
        await fetch(`${url}/sign`, {
          method: "POST",
          headers: { "content-type": "application/json", ...headers },
          body: typeof body === "string" ? body : JSON.stringify(body),
        }),
      ),
    get: async (path, headers = {}) => reply(await fetch(url + path, { headers })),
    async [Symbol.asyncDispose]() {
      await server.stop(0);
      await served.close();
    },
  };
}

/** For tests: a CSR as base64 of its DER. */
export async function newCsr(): Promise<string> {
  return Buffer.from((await signRequestFor()).parsedCsr.der).toString("base64");
}

/** For tests: writes bytes to a port, and resolves to what comes back until the other end closes. */
export async function rawExchange(port: number, text: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let answer = "";
  socket.setEncoding("utf8").on("data", (chunk) => {
    answer += chunk;
  });
  socket.on("error", () => {});
  socket.write(text);
  await once(socket, "close");
  return answer;
}
