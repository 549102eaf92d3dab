import type { HttpConnection, HttpResponse } from "@countersign/issuer-signer";
import { type Login, type LoginRequest, sendLeg } from "./login.ts";

/** Basic (RFC 7617), in UTF-8: for servers without Windows authentication, or where a double hop rules it out. */
export class BasicLogin implements Login {
  readonly name: string;
  readonly bindsConnection = false;
  readonly risksLockout = true;
  readonly refusalHint =
    "the user name or password is wrong, the account is locked, or the server does not offer basic authentication here";
  readonly #authorization: string;
  readonly #password: string;

  /** @param username as the server wants it: `CORP\user` or `user@corp.example.com`; without a colon */
  constructor({ username, password }: { readonly username: string; readonly password: string }) {
    this.name = `basic authentication as ${username}`;
    this.#password = password;
    this.#authorization = `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`;
  }

  get secret(): string {
    return this.#password;
  }

  accountAt({ host }: URL): string {
    return JSON.stringify([this.name.toLowerCase(), host]);
  }

  send(connection: HttpConnection, request: LoginRequest): Promise<HttpResponse> {
    return sendLeg(connection, request, this.#authorization, "final");
  }
}
