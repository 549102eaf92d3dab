import { type HttpConnection, type HttpResponse, IssuerError } from "@countersign/issuer-signer";
import { channelBinding } from "../channel-binding.ts";
import { NtlmHandshake } from "../ntlm/ntlm-handshake.ts";
import type { NtlmCredential } from "../ntlm/ntlm-key.ts";
import { type Login, type LoginRequest, sendLeg, tokenHeader } from "./login.ts";
import { offeredSchemes, readChallenges, tokenFor } from "./www-authenticate.ts";

/** What {@link NtlmLogin} needs beside the credential. */
export interface NtlmLoginOptions {
  readonly now: () => number;
  readonly random?: ((length: number) => Uint8Array) | undefined;
}

/** NTLMv2 over HTTP, which authenticates the connection. */
export class NtlmLogin implements Login {
  readonly name: string;
  readonly bindsConnection = true;
  readonly risksLockout = true;
  readonly refusalHint =
    "the user name or password is wrong, the account is locked, NTLM is switched off in the domain, the account may not " +
    "read this page, or extended protection (EPA) found another certificate than this connection has, as behind a proxy that ends TLS";
  readonly #credential: NtlmCredential;
  readonly #options: NtlmLoginOptions;
  #scheme: "NTLM" | "Negotiate" = "NTLM";

  constructor(credential: NtlmCredential, options: NtlmLoginOptions) {
    const { username, domain } = credential;
    this.name = `NTLM as ${domain === "" ? username : `${domain}\\${username}`}`;
    this.#credential = credential;
    this.#options = options;
  }

  get secret(): string {
    return this.#credential.password;
  }

  accountAt({ host }: URL): string {
    return JSON.stringify([this.name.toLowerCase(), host]);
  }

  async send(connection: HttpConnection, request: LoginRequest): Promise<HttpResponse> {
    const { url } = request;
    const handshake = new NtlmHandshake({
      credential: this.#credential,
      targetName: `HTTP/${url.hostname}`,
      channelBinding: channelBinding(connection.serverCertificate),
      ...this.#options,
    });
    const challenge = await this.#challenge(connection, request, handshake.negotiate);
    const authenticate = handshake.authenticate(challenge);
    return sendLeg(connection, request, tokenHeader(this.#scheme, authenticate), "final");
  }

  /** The server's challenge. Where it does not know the scheme NTLM, Windows takes the same messages within Negotiate. */
  async #challenge(
    connection: HttpConnection,
    request: LoginRequest,
    negotiate: Uint8Array,
  ): Promise<Uint8Array> {
    const { host } = request.url;
    for (;;) {
      const answer = await sendLeg(connection, request, tokenHeader(this.#scheme, negotiate), "empty");
      if (answer.status !== 401)
        throw new IssuerError(
          `${host} answered ${answer.status} where a login was expected; check the URL, and that Windows authentication is on for it and anonymous authentication off`,
        );
      const challenges = readChallenges(answer.headers["www-authenticate"]);
      const token = tokenFor(this.#scheme, challenges);
      if (token !== undefined) return token;
      if (this.#scheme === "Negotiate" || !challenges.some(({ scheme }) => scheme === "negotiate"))
        throw new IssuerError(
          `${host} does not let NTLM in: it offers ${offeredSchemes(challenges)}; use one of these, or add the provider NTLM in IIS`,
        );
      this.#scheme = "Negotiate";
    }
  }
}
