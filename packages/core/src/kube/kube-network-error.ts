/**
 * What kept an answer away. `reset`: the connection broke before its first byte; `truncated`: after it; `idle`: a stream
 * fell silent; `too-large`: it exceeds the limit of one answer or line; `closed`: this process has closed the transport.
 */
export type KubeNetworkFailure =
  | "refused"
  | "dns"
  | "unreachable"
  | "certificate"
  | "client-certificate"
  | "tls"
  | "reset"
  | "truncated"
  | "timeout"
  | "idle"
  | "credentials"
  | "closed"
  | "too-large"
  | "protocol";

/** No usable answer came from the API server; the message is one line that says what to check. */
export class KubeNetworkError extends Error {
  override readonly name = "KubeNetworkError";
  readonly code = "KUBE_NETWORK";
  readonly failure: KubeNetworkFailure;

  constructor(failure: KubeNetworkFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
  }
}

/** Whether no usable answer came, as opposed to an answer that is an error. */
export function isKubeNetworkError(error: unknown): error is KubeNetworkError {
  return error instanceof Error && "code" in error && error.code === "KUBE_NETWORK";
}

const resetCodes = new Set(["ECONNRESET", "EPIPE", "ECONNABORTED", "ERR_STREAM_PREMATURE_CLOSE"]);
const unreachableCodes = new Set(["EHOSTUNREACH", "ENETUNREACH", "EHOSTDOWN", "ENETDOWN", "EADDRNOTAVAIL"]);
const untrustedCodes = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_SIGNATURE_FAILURE",
]);

/**
 * Turns an error of a socket, of TLS or of the HTTP parser into one clear line.
 *
 * @param server - shown in the message.
 * @param answered - whether the head of an answer had come already.
 */
export function kubeNetworkError(error: unknown, server: string, answered: boolean): KubeNetworkError {
  if (isKubeNetworkError(error)) return error;
  const [failure, text] = describe(codeOf(firstOf(error)), server);
  return new KubeNetworkError(failure === "reset" && answered ? "truncated" : failure, text, {
    cause: error,
  });
}

function describe(code: string, server: string): [KubeNetworkFailure, string] {
  const api = `The Kubernetes API at ${server}`;
  if (code === "ECONNREFUSED") {
    return [
      "refused",
      `${api} refused the connection. Check that it is running and that the address is right.`,
    ];
  }
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return [
      "dns",
      `${api} cannot be reached: its host name does not resolve (${code}). Check the address and DNS.`,
    ];
  }
  if (unreachableCodes.has(code)) {
    return [
      "unreachable",
      `${api} cannot be reached (${code}). Check the network, VPN and network policies.`,
    ];
  }
  if (code === "ETIMEDOUT") {
    return [
      "timeout",
      `${api} did not accept the connection in time. Check the network, VPN and network policies.`,
    ];
  }
  if (untrustedCodes.has(code)) {
    return ["certificate", `${api} has a certificate of an unknown CA (${code}). Check the CA bundle.`];
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return [
      "certificate",
      `${api} has a certificate for another name. Check the address or set the TLS server name.`,
    ];
  }
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID") {
    return [
      "certificate",
      `${api} has a certificate that is not valid now (${code}). Check it and the clock.`,
    ];
  }
  if (code.startsWith("ERR_SSL_TLSV1") || code.startsWith("ERR_SSL_SSLV3_ALERT")) {
    return [
      "client-certificate",
      `${api} ended the TLS handshake (${code}). Check the client certificate and its key.`,
    ];
  }
  if (code.startsWith("ERR_SSL") || code === "EPROTO") {
    return [
      "tls",
      `${api} does not speak TLS as expected (${code}). Check that the address and its scheme are right.`,
    ];
  }
  if (resetCodes.has(code)) return ["reset", `${api} closed the connection before its answer was complete.`];
  if (code.startsWith("HPE_")) {
    return [
      "protocol",
      `${api} does not speak HTTP as expected (${code}). Check that the address is the API server's.`,
    ];
  }
  return [
    "reset",
    `The connection to the Kubernetes API at ${server} failed${code === "" ? "" : ` (${code})`}.`,
  ];
}

/** With several addresses for one name, Node reports an AggregateError; its first error stands for all. */
function firstOf(error: unknown): unknown {
  if (!(error instanceof AggregateError)) return error;
  const [first] = error.errors;
  return first ?? error;
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
