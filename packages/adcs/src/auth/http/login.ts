import type { HttpConnection, HttpResponse } from "@countersign/issuer-signer";

/** One request that is to be made by somebody. */
export interface LoginRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
  readonly signal: AbortSignal | undefined;
}

/** How this identity logs in. */
export interface Login {
  /** What it is called in a message: `NTLM as CORP\svc`. */
  readonly name: string;
  /** Whether a connection stays authenticated, so that later requests on it are sent as they are. */
  readonly bindsConnection: boolean;
  /**
   * Whether a 401 to a complete login can count against the account. Kerberos has shown its password to the KDC, which
   * speaks for itself.
   */
  readonly risksLockout: boolean;
  /** The password, for the guard of refused credentials; not enumerable, so that a log of this object has it not. */
  readonly secret: string;
  /** The account whose password a refusal at this URL is about, for the guard. */
  accountAt(url: URL): string;
  /** Why a complete login may have been refused, and what to look at. */
  readonly refusalHint: string;
  /**
   * Makes the request with the login. The body goes with the last leg only. Resolves to the answer of that leg, whatever
   * it says; throws where the server's part of the login is not there or is wrong.
   */
  send(connection: HttpConnection, request: LoginRequest): Promise<HttpResponse>;
}

/** The request on the connection, with an `Authorization`; `body` as given, or empty where the request has one. */
export function sendLeg(
  connection: HttpConnection,
  { method, url, headers, body, signal }: LoginRequest,
  authorization: string,
  leg: "empty" | "final",
): Promise<HttpResponse> {
  return connection.request(method, url.href, {
    headers: { ...headers, authorization },
    body: body === undefined || leg === "final" ? body : "",
    signal,
  });
}

/** A token as `Authorization` has it. */
export function tokenHeader(scheme: string, token: Uint8Array): string {
  return `${scheme} ${Buffer.from(token).toString("base64")}`;
}
