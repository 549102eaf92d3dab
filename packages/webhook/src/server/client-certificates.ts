import { TLSSocket } from "node:tls";
import { parseCertificate, type X509 } from "@countersign/issuer-signer";
import type { Authenticate, Caller } from "./caller.ts";
import { HttpProblem } from "./http-problem.ts";

/** Whose client certificates are taken. */
export interface ClientCertificatesOptions {
  /** Subjects as `CN=issuer,O=Example`, in the manner of RFC 4514. */
  readonly subjects?: readonly string[] | undefined;
  /** Names of which the certificate must have one. */
  readonly dnsNames?: readonly string[] | undefined;
  /** URIs of which the certificate must have one, such as SPIFFE ids. */
  readonly uris?: readonly string[] | undefined;
  /** Every certificate of the CAs that the server trusts. Then those CAs must issue for nobody else. */
  readonly anyone?: boolean | undefined;
  /** Milliseconds since the epoch. */
  readonly now?: (() => number) | undefined;
}

/**
 * Callers by their TLS client certificate, which the server asks for and does not demand, so that a caller without one is
 * told so in words. That it comes from a trusted CA is the server's check (`requestCert` with the CAs of callers).
 *
 * @throws TypeError where nobody is named
 */
export function clientCertificates(options: ClientCertificatesOptions): Authenticate {
  const { subjects = [], dnsNames = [], uris = [], anyone = false, now = Date.now } = options;
  if (!anyone && subjects.length + dnsNames.length + uris.length === 0)
    throw new TypeError("Expected `subjects`, `dnsNames` or `uris` to name a client, or `anyone` to be true");
  return async ({ socket }) => {
    if (!(socket instanceof TLSSocket)) return undefined;
    // An empty object where the client showed none.
    const { raw } = socket.getPeerCertificate();
    if (raw === undefined) return undefined;
    if (!socket.authorized) throw notAccepted("it is not valid, or not of a CA that is trusted for clients");
    const certificate = readCertificate(raw);
    // TLS looked at the beginning of a connection, which may be long ago.
    if (certificate.notAfter.getTime() < now()) throw notAccepted("it has expired");
    const { subject, names } = certificate;
    const known =
      (subjects.includes(subject) ? `subject:${subject}` : undefined) ??
      first("dns", dnsNames, names.dns) ??
      first("uri", uris, names.uri) ??
      (anyone ? `subject:${subject}` : undefined);
    if (known === undefined)
      throw new HttpProblem({
        status: 403,
        code: "forbidden",
        message: "The client certificate is of somebody who may not use this service. Have its name allowed.",
      });
    return callerOf(known);
  };
}

function callerOf(name: string): Caller {
  return {
    id: `certificate:${name}`,
    username: name.replace(/^[a-z]+:/, ""),
    groups: [],
    namespace: "",
    method: "certificate",
  };
}

function first(type: string, allowed: readonly string[], names: readonly string[]): string | undefined {
  const name = allowed.find((each) => names.includes(each));
  return name === undefined ? undefined : `${type}:${name}`;
}

function readCertificate(raw: Uint8Array): X509 {
  try {
    return parseCertificate(raw);
  } catch {
    throw notAccepted("it cannot be read");
  }
}

function notAccepted(why: string): HttpProblem {
  return new HttpProblem({
    status: 401,
    code: "unauthenticated",
    message: `The client certificate is not accepted: ${why}.`,
  });
}
