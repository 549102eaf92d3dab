import { Trouble } from "./http-failure.ts";

/** Longest text of a cause, in characters. */
const causeLength = 300;

function codeOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return /^[A-Z][A-Z0-9_/]{1,60}$/.test(code) ? code : "";
}

/** The message where Node or OpenSSL wrote it, or what stands for it. */
function wordsOf(error: unknown): string {
  const code = codeOf(error);
  const isForeign = /^E[A-Z0-9]+$|^$/.test(code) && !(error instanceof Error && "syscall" in error);
  return isForeign || !(error instanceof Error) ? code || "an error without a code" : error.message;
}

/**
 * What may be kept of a Node error for logs: its code and its message. The error itself may not be kept: a parse error
 * carries the packet, a TLS error the certificate, others options with credentials.
 */
function redacted(error: unknown): Error {
  const each = error instanceof AggregateError ? (error.errors as unknown[]).slice(0, 4) : [error];
  const words = each.map(wordsOf).join("; ").slice(0, causeLength);
  const cause = new Error(words.replace(/\p{Cc}/gu, " "));
  const code = codeOf(error);
  return code === "" ? cause : Object.assign(cause, { code });
}

function inBrackets(error: unknown): string {
  const code = codeOf(error);
  return code === "" ? "" : ` (${code})`;
}

/** The host name has no address. */
export function dnsTrouble(error: unknown): Trouble {
  return new Trouble("dns", `the host name could not be resolved${inBrackets(error)}.`, {
    cause: redacted(error),
  });
}

/** No TCP connection. */
export function connectTrouble(error: unknown): Trouble {
  return new Trouble("connect", `the connection failed${inBrackets(error)}.`, { cause: redacted(error) });
}

/** In the order of precedence: what a TLS error code says, and whether only a change of configuration helps. */
const tlsMeanings: readonly (readonly [RegExp, string])[] = [
  [/^ERR_TLS_CERT_ALTNAME_INVALID$|^HOSTNAME_MISMATCH$/, "the server's certificate is for another name"],
  [/^CERT_HAS_EXPIRED$/, "the server's certificate, or one above it, has expired"],
  [/^CERT_NOT_YET_VALID$/, "the server's certificate, or one above it, is not valid yet; check the clocks"],
  [
    /ALERT_(CERTIFICATE|BAD_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|UNSUPPORTED_CERTIFICATE|DECRYPT)|CERTIFICATE_REQUIRED/,
    "the server refuses the client certificate, or wants one",
  ],
  [/UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION|VERSION_TOO_LOW/, "the server offers no TLS 1.2 or newer"],
  [
    /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|RECORD_LAYER_FAILURE|UNEXPECTED_MESSAGE/,
    "the server does not speak TLS on this port. Check the URL",
  ],
  [
    /HANDSHAKE_FAILURE|NO_SHARED_CIPHER|NO_CIPHERS/,
    "the server refuses the TLS handshake. It may want a client certificate or other algorithms",
  ],
];

/** The TLS handshake failed, or the server ended the session with an alert. */
export function tlsTrouble(error: unknown): Trouble {
  const code = codeOf(error);
  const cause = redacted(error);
  const meaning = tlsMeanings.find(([pattern]) => pattern.test(code))?.[1];
  if (meaning !== undefined) return new Trouble("tls", `${meaning} (${code}).`, { cause, needsChange: true });
  // System errors begin with E; what remains are the names of OpenSSL's X509_V_ERR codes.
  if (code !== "" && !/^E[A-Z0-9]+$|^ERR_/.test(code)) {
    const problem = `the server's certificate is not trusted (${code}). Check the CA bundle.`;
    return new Trouble("tls", problem, { cause, needsChange: true });
  }
  return new Trouble("tls", `the TLS handshake failed${inBrackets(error)}.`, { cause });
}

/** The exchange broke on an established connection. */
export function exchangeTrouble(error: unknown, headSeen: boolean): Trouble {
  const code = codeOf(error);
  const cause = redacted(error);
  if (/^ERR_SSL_|^ERR_TLS_/.test(code)) return tlsTrouble(error);
  if (code === "HPE_HEADER_OVERFLOW") {
    const problem = "the answer's header is too large. Check that the URL is the PKI's API.";
    return new Trouble("too-large", problem, { cause, needsChange: true });
  }
  if (code === "HPE_INVALID_CONSTANT") {
    const problem = "the answer is not HTTP. Check the URL's scheme and port.";
    return new Trouble("protocol", problem, { cause, needsChange: true });
  }
  if (code.startsWith("HPE_")) {
    return new Trouble("protocol", `the answer is not valid HTTP (${code}).`, { cause });
  }
  const when = headSeen ? "in the middle of the answer" : "before an answer";
  return new Trouble("reset", `the connection broke ${when}${inBrackets(error)}.`, { cause });
}
