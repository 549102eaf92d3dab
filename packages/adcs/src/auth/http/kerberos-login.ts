import {
  type HttpConnection,
  type HttpResponse,
  IssuerError,
  RetryableError,
} from "@countersign/issuer-signer";
import { Refusal } from "@countersign/issuer-signer/der";
import { channelBinding } from "../channel-binding.ts";
import { type GssLogin, kerberosOid } from "../kerberos/gss-login.ts";
import type { KerberosClient } from "../kerberos/kerberos-client.ts";
import { type KerberosCredential, principalText } from "../kerberos/kerberos-credential.ts";
import { krbErrorText } from "../kerberos/krb-error.ts";
import { nameTypes } from "../kerberos/principal.ts";
import type { KerberosService } from "../kerberos/tgs-exchange.ts";
import { negotiateInit, readNegotiateReply } from "../spnego.ts";
import { type Login, type LoginRequest, sendLeg, tokenHeader } from "./login.ts";
import { readChallenges, tokenFor } from "./www-authenticate.ts";

/** Options of {@link KerberosLogin}. */
export interface KerberosLoginOptions {
  readonly credential: KerberosCredential;
  readonly client: KerberosClient;
  /** `HTTP/host` or `HTTP/host@REALM`, where it is not `HTTP/` with the URL's host. */
  readonly servicePrincipal?: string | undefined;
}

/** Kerberos over HTTP (RFC 4559): one leg for each request, with a token of its own. */
export class KerberosLogin implements Login {
  readonly name: string;
  readonly bindsConnection = false;
  readonly risksLockout = false;
  readonly refusalHint =
    "the service principal name is another account's than the web server runs as, the clocks differ, the account may not " +
    "read this page, or extended protection (EPA) found another certificate than this connection has, as behind a proxy that ends TLS";
  readonly #options: KerberosLoginOptions;
  /** Whether the ticket at hand has been accepted once. */
  #hasServed = false;

  constructor(options: KerberosLoginOptions) {
    this.#options = options;
    this.name = `Kerberos as ${principalText(options.credential)}`;
  }

  get secret(): string {
    return this.#options.credential.secret;
  }

  /** The KDC's refusal holds wherever the account logs in. */
  accountAt(): string {
    return this.name;
  }

  async send(connection: HttpConnection, request: LoginRequest): Promise<HttpResponse> {
    const hadServed = this.#hasServed;
    const answer = await this.#sendOnce(connection, request);
    // The service may have a new key, as group-managed accounts have each month: one new ticket is worth a try.
    const isWorthATry = answer.status === 401 && hadServed && connection.isOpen;
    return isWorthATry ? this.#sendOnce(connection, request) : answer;
  }

  async #sendOnce(connection: HttpConnection, request: LoginRequest): Promise<HttpResponse> {
    const signal = request.signal ?? new AbortController().signal;
    const binding = channelBinding(connection.serverCertificate);
    const service = this.#serviceAt(request.url);
    const login = await this.#options.client.login(service, binding, signal);
    const authorization = tokenHeader("Negotiate", negotiateInit(kerberosOid, login.token));
    const answer = await sendLeg(connection, request, authorization, "final");
    this.#hasServed = answer.status !== 401;
    if (!this.#hasServed) this.#options.client.forget(service);
    const token = tokenFor("Negotiate", readChallenges(answer.headers["www-authenticate"]));
    if (token !== undefined) this.#check(login, token, answer, request);
    return answer;
  }

  #check(login: GssLogin, token: Uint8Array, { status }: HttpResponse, { url, method }: LoginRequest): void {
    const { host } = url;
    try {
      const reply = readNegotiateReply(token);
      if (reply.token === undefined) return;
      const said = login.readReply(reply.token);
      if (!said.accepted) throw new IssuerError(`${host} refuses ${this.name}: ${krbErrorText(said.code)}`);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const message = `${host} did not prove that it is the service of the ticket: ${error.message}; check the URL and what stands before the server`;
      // What was asked for may have been done.
      const mayBeDone = status !== 401 && method !== "GET" && method !== "HEAD";
      throw new (mayBeDone ? RetryableError : IssuerError)(message, { cause: error });
    }
  }

  #serviceAt(url: URL): KerberosService {
    const [, parts = "", realm] = /^([^@]+)(?:@(.+))?$/.exec(this.#options.servicePrincipal ?? "") ?? [];
    const name = parts === "" ? ["HTTP", url.hostname] : parts.split("/");
    return { name: { type: nameTypes.serviceHost, parts: name }, realm };
  }
}
